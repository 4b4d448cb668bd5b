"""An operator's mistakes, in real processes: one line with the cure, exit code 1, no traceback, nothing half made.

And the real server before what no client library would send: it answers, and goes on answering.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
import pytest

from portal import languages
from tests.running import ROOT, Portal, environment, kanali, running
from tests.town import RIVERTON

ADMIN = ("--admin-email", "ada@example.org", "--admin-name", "Ada")
FORM = b"application/x-www-form-urlencoded"
Done = subprocess.CompletedProcess[str]


def refused(done: Done, *words: str) -> None:
    """One line on the terminal that holds these words, and nothing else."""
    assert done.returncode == 1, done
    assert done.stdout == "", done
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("kanali: "), done.stderr
    for word in words:
        assert word in done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installation on SQLite."""
    folder = tmp_path_factory.mktemp("installed")
    made = kanali("init", "--city", str(RIVERTON), *ADMIN, url=url_of(folder), folder=folder)
    assert made.returncode == 0, made.stderr
    return folder


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder}/kanali.db"


def test_an_unknown_setting(installed: Path) -> None:
    done = kanali("serve", url=url_of(installed), folder=installed, more={"KANALI_PROT": "8000"})
    refused(done, "KANALI_PROT is no setting", "KANALI_PORT")


def test_a_folder_that_holds_no_city(tmp_path: Path) -> None:
    done = kanali("init", "--city", "nowhere", *ADMIN, url=url_of(tmp_path), folder=tmp_path)
    refused(done, "nowhere")
    assert list(tmp_path.iterdir()) == [], "nothing is half made"


def test_a_database_file_that_cannot_be_written(installed: Path) -> None:
    """Root may write everything: as root the command becomes nobody's once its modules are loaded."""
    program = (
        "import os, sys\n"
        "from portal.command_line import run\n"
        "import portal.commands.serve, portal.app\n"
        "os.geteuid() or os.setuid(65534)\n"
        "sys.exit(run(['serve']))\n"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        for file in ("kanali.db", "secret"):
            shutil.copyfile(installed / file, folder / file)
        (folder / "kanali.db").chmod(0o444)
        (folder / "secret").chmod(0o600)
        if os.geteuid() == 0:
            os.chown(folder / "secret", 65534, 65534)
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=folder,
            env={**environment(url_of(folder), folder), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        refused(done, "kanali.db", "owner and mode")


def test_a_second_server_on_one_file(installed: Path) -> None:
    with running(url_of(installed), installed, arguments=("--no-worker",)) as portal:
        done = kanali("serve", url=url_of(installed), folder=installed)
        refused(done, "Another kanali serve already runs")
        _bad_requests(portal)
        assert httpx.get(f"{portal.address}/en/").status_code == 200, "the first goes on"
        assert "Traceback" not in portal.log


def _bad_requests(portal: Portal) -> None:
    """Too large, no text, no address: over the wire as it comes."""
    headers = {"Origin": portal.address}
    for language in ("en", "el", "lt"):
        large = httpx.post(
            f"{portal.address}/{language}/submit", data={"text": "x" * 300_000}, headers=headers
        )
        assert large.status_code == 413
        assert f'<html lang="{language}">' in large.text
        assert languages.catalogue(language).gettext("That was too much at once") in large.text
    for line in (
        b"GET /en/\xff\xfe%00 HTTP/1.1",
        b"GET /en/%ED%A0%80/..%2f..%2f HTTP/1.1",
        b"GET //elsewhere.example.org/ HTTP/1.1",
        b"GET /en/submit?kind=%FF%00&%=%zz HTTP/1.1",
        b"POST /en/submit HTTP/1.1\r\nContent-Length: -1",
        b"POST /en/submit HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz",
        b"POST /en/submit HTTP/1.1\r\nContent-Type: " + FORM + b"\r\nContent-Length: 5\r\n\r\n\xff=\x00&=",
        b"POST /en/submit HTTP/1.1\r\nContent-Type: " + FORM + b"\r\nOrigin: http://[\r\nContent-Length: 0",
        b"BREW /en/ HTTP/1.1",
        b"nonsense",
    ):
        status = _answer_to(portal, line)
        assert status < 500, (line, status)


def _answer_to(portal: Portal, line: bytes) -> int:
    """Send a request as it stands; its status, or 0 where the server hung up without a word."""
    host = portal.address.removeprefix("http://")
    with socket.create_connection((host.partition(":")[0], int(host.partition(":")[2])), timeout=20) as wire:
        first, _end, rest = line.partition(b"\r\n")
        wire.sendall(
            first + b"\r\nHost: " + host.encode() + b"\r\nConnection: close\r\n" + rest + b"\r\n\r\n"
        )
        try:
            answer = wire.recv(100)
        except ConnectionResetError:
            return 0
    return int(answer.split()[1]) if answer else 0
