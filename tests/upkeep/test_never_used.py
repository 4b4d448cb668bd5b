"""What the program never does, read from its own text: no code from words, no shell, no weak hash, no way outwards.

Each list of exceptions names where the one use stands and why it is harmless. A new use fails here first.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import jinja2

from portal.rendering import Assets, make_templates

ROOT = Path(__file__).parents[2]
PROGRAM = ("feedback", "portal", "migrations")
OUR_SCRIPTS = [ROOT / "static" / "js" / name for name in ("kanali.js", "sum.js")]

RUNS_TEXT = {"eval", "exec", "compile", "__import__"}
UNPACKS_OBJECTS = {"pickle", "marshal", "shelve", "dill", "yaml", "jsonpickle"}
READS_XML = {"xml", "lxml", "defusedxml", "html5lib"}
GOES_OUT = {
    "httpx",
    "httpcore",
    "requests",
    "urllib3",
    "aiohttp",
    "ftplib",
    "telnetlib",
    "websockets",
    "imaplib",
    "poplib",
}
GUESSABLE = {"random", "uuid"}
ENCRYPTS = {"cryptography", "nacl", "Crypto", "Cryptodome", "OpenSSL", "jwt", "jose"}

XML_STANDS_IN = {"feedback/city/appearance.py"}
"""The city's mark, of which every declaration is refused before it is read."""
STARTS_A_PROCESS = {"portal/commands/serve.py", "portal/helper.py"}
"""Our own worker, and the child that opens files; by lists of words that nobody can change."""
OPENS_STRANGERS_FILES = {"portal/inert.py"}
"""What runs in that child, and nowhere else."""
ASKS_ITSELF = {"portal/commands/serve.py"}
"""Whether the portal answers already, at its own address."""
ASKS_THE_PROVIDER = {"portal/oidc.py"}
"""The city's own provider of identities, at the address of the settings and those that it names itself."""
TELLS_OTHERS = {"portal/outbound/webhook.py"}
"""Webhooks, to addresses that an operator gave, each of which must be public."""
SENDS_MAIL = {"portal/outbound/mail.py"}
SQL_FROM_A_NAME = {"portal/database.py", "portal/rights.py"}
"""One of two constants by the sort of database; grants to the role of the settings, its name quoted."""
PRAGMAS_STAND_IN = {"portal/engines.py"}
"""SQLite takes no values in a pragma; ours are constants."""
TAKEN_AS_MARKUP = {
    "portal/pages.py",  # the city's mark (plain shapes only), and the frame, which a template has drawn
    "portal/rendering.py",  # our own messages, into which values are put escaped; the symbols
    "portal/staff/inbox.py",  # drawn by a template
    "portal/staff/mini.py",  # numbers and our own words
    "portal/staff/rows.py",  # drawn by a template
}
UNSAFE_IN_A_SCRIPT = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|setTimeout\(\s*[\"'`]"
    r"|localStorage|sessionStorage|indexedDB|document\.cookie|postMessage|XMLHttpRequest|\bfetch\(|WebSocket"
)


@cache
def sources() -> dict[str, ast.Module]:
    """Every module of the program, by its path."""
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for package in PROGRAM
        for path in sorted((ROOT / package).rglob("*.py"))
    }


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Each call with its name as it is written: `sa.text`, `Markup`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield ast.unparse(node.func), node


def imported(tree: ast.Module) -> set[str]:
    """The modules that are imported, whole: `xml.etree`, `http.client`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return found


def importers(names: set[str]) -> set[str]:
    """Where one of these is imported, by the first part of its name."""
    return {
        file for file, tree in sources().items() if {name.split(".")[0] for name in imported(tree)} & names
    }


def test_there_is_a_program_to_read() -> None:
    assert len(sources()) > 120
    assert {"portal/app.py", "feedback/items/codes.py"} <= sources().keys()


def test_no_words_become_a_program() -> None:
    found = {(file, name) for file, tree in sources().items() for name, _ in calls(tree) if name in RUNS_TEXT}
    assert found == set()
    assert importers(UNPACKS_OBJECTS) == set()


def test_no_shell_is_started() -> None:
    assert importers({"subprocess", "pty", "commands"}) == STARTS_A_PROCESS
    for file, tree in sources().items():
        for name, call in calls(tree):
            assert not re.fullmatch(r"os\.(system|popen|exec\w+|spawn\w+|posix_spawn\w*)", name), file
            if name.startswith("subprocess."):
                assert isinstance(call.args[0], ast.List), file
                assert "shell" not in {keyword.arg for keyword in call.keywords}, file


def test_a_statement_of_sql_is_never_put_together_from_words() -> None:
    """Values go beside the statement; the text of one is a constant, save where the exception says what it is."""
    for file, tree in sources().items():
        for name, call in calls(tree):
            is_text = name.endswith((".exec_driver_sql", "sa.text", "executescript", "literal_column"))
            if not is_text or not call.args or isinstance(call.args[0], ast.Constant):
                continue
            assert file in SQL_FROM_A_NAME or file.startswith("migrations/"), f"{file}:{call.lineno}"
    formatted = {
        file
        for file, tree in sources().items()
        for name, call in calls(tree)
        if (
            name in ("sa.text", "text")
            or name.split(".")[-1] in ("execute", "executemany", "scalar", "scalars")
        )
        and call.args
        and isinstance(call.args[0], ast.JoinedStr | ast.BinOp)
    }
    assert {file for file in formatted if not file.startswith("migrations/")} == PRAGMAS_STAND_IN


def test_what_strangers_send_is_opened_in_the_child_only() -> None:
    assert importers({"PIL", "pikepdf", "pi_heif"}) == OPENS_STRANGERS_FILES
    child = sources()["portal/inert.py"]
    assert {name for name in imported(child) if name.startswith(("portal", "feedback"))} == set()
    started = ast.unparse(sources()["portal/helper.py"])
    assert "[sys.executable, '-I', _CHILD]" in started
    assert "env={}" in started


def test_xml_is_read_in_one_place() -> None:
    assert importers(READS_XML) == XML_STANDS_IN


def test_hashes_and_signatures_are_sha_256() -> None:
    """Passwords are argon2id (`test_passwords.py`); nothing is encrypted by the program itself."""
    used = {
        node.attr
        for tree in sources().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "hashlib"
    }
    assert used == {"sha256"}
    for file, tree in sources().items():
        for name, call in calls(tree):
            if name == "hmac.new":
                assert ast.unparse(call.args[2]) == "hashlib.sha256", file
    assert importers(ENCRYPTS) == set()


def test_what_must_not_be_guessed_is_not_from_a_dice() -> None:
    """`random` tells the invented stories of a demonstration only; everything else asks the system."""
    assert all(file.startswith("portal/demonstrating/") for file in importers(GUESSABLE))
    drawn = {
        file: sorted(name for name, _ in calls(tree) if name.startswith("secrets."))
        for file, tree in sources().items()
        if "secrets" in imported(tree)
    }
    assert drawn["feedback/items/codes.py"] == ["secrets.token_hex", "secrets.token_urlsafe"]
    assert drawn["feedback/people/sessions.py"] == ["secrets.token_urlsafe"] * 2
    assert drawn["portal/secret.py"] == ["secrets.token_hex"]


def test_the_program_asks_no_other_host() -> None:
    """Mail goes to the server of the settings; no address that a visitor typed is ever asked for anything."""
    assert importers(GOES_OUT) == TELLS_OTHERS | ASKS_THE_PROVIDER
    asks = {
        file
        for file, tree in sources().items()
        if {"urllib.request", "http.client", "socket.create_connection"} & imported(tree)
    }
    assert asks == ASKS_ITSELF
    assert {file for file, tree in sources().items() if "smtplib" in imported(tree)} == SENDS_MAIL


def test_a_template_is_a_file_and_escapes() -> None:
    environment = make_templates(Assets())
    assert isinstance(environment.loader, jinja2.FileSystemLoader)
    assert callable(environment.autoescape)
    assert environment.autoescape("public/track.html")
    assert environment.autoescape("mail/answer.html")
    assert not environment.autoescape("mail/answer.txt"), "plain text, and only mails are"
    plain = {path.parent.name for path in (ROOT / "templates").rglob("*.txt")}
    assert plain == {"mail"}
    for file, tree in sources().items():
        for name, _ in calls(tree):
            assert name.split(".")[-1] not in ("from_string", "Template"), file
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe\b|\bautoescape\b|<script(?![^>]*\bsrc=)", text), path.name


def test_markup_is_made_where_it_is_known_to_be_ours() -> None:
    made = {
        file
        for file, tree in sources().items()
        for name, call in calls(tree)
        if name.split(".")[-1] in ("Markup", "SafeString") and call.args
    }
    assert made == TAKEN_AS_MARKUP


def test_our_script_writes_text_only_and_keeps_nothing() -> None:
    assert len(OUR_SCRIPTS) > 1
    for path in OUR_SCRIPTS:
        script = path.read_text(encoding="utf-8")
        assert ".textContent" in script
        assert UNSAFE_IN_A_SCRIPT.findall(script) == []
        assert "paste" not in script, "a password may come out of a manager"
    base = (ROOT / "templates" / "staff" / "base.html").read_text(encoding="utf-8")
    for setting in (
        '"allowEval": false',
        '"allowScriptTags": false',
        '"selfRequestsOnly": true',
        '"historyCacheSize": 0',
    ):
        assert setting in base


def test_the_script_of_passkeys_asks_the_portal_only_and_keeps_nothing() -> None:
    script = (ROOT / "static" / "js" / "passkeys.js").read_text(encoding="utf-8")
    assert ".textContent" in script
    assert UNSAFE_IN_A_SCRIPT.findall(script) == ["fetch("], "what a passkey is to answer"
    for template in (ROOT / "templates").rglob("*.html"):
        for address in re.findall(r'_passkey\(|_act\("\w+", "([^"]+)"', template.read_text(encoding="utf-8")):
            assert not address or address.startswith("/staff/")


def test_the_server_speaks_plain_requests_without_its_insides() -> None:
    """No WebSocket, no page about the routes, no mode for developers, no leave for other sites."""
    app = sources()["portal/app.py"]
    (made,) = [call for name, call in calls(app) if name == "Litestar"]
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in made.keywords}
    assert given["openapi_config"] == "None"
    assert not given.keys() & {"debug", "pdb_on_exception", "cors_config", "static_files_config", "plugins"}
    for file, tree in sources().items():
        assert not {name for name in imported(tree) if "websocket" in name.lower()}, file
    served = ast.unparse(sources()["portal/commands/serve.py"])
    assert "websockets=False" in served
    assert "log_access=False" in served
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "portal").rglob("*.py"))
    assert "access-control-" not in text.lower()
