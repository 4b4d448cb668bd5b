"""Settings: every fault at once with its cure, nothing secret in what is shown."""

from __future__ import annotations

import stat
from ipaddress import ip_network
from pathlib import Path

import pytest

from portal import settings as module
from portal.environment import OperatorError
from portal.secret import make_secret, read_secret
from portal.settings import Settings, read_settings


def faults_of(**environ: str) -> list[str]:
    with pytest.raises(OperatorError) as refusal:
        read_settings({f"KANALI_{name}": value for name, value in environ.items()})
    return refusal.value.line.split("\n")


def test_nothing_set_is_a_portal_on_this_machine() -> None:
    settings = read_settings({"PATH": "/bin"})
    assert settings.database_url == settings.owner_url == "sqlite:///var/kanali.db"
    assert (settings.public_url, settings.host, settings.port) == ("http://127.0.0.1:8000", "127.0.0.1", 8000)
    assert (settings.workers, settings.smtp, settings.trusted_proxies) == (1, None, ())
    assert settings.operations == ("127.0.0.1", 8001)
    assert settings.secret_file == Path("var/secret")
    assert settings.mail_folder == Path("var/mail")
    assert settings.files_folder == Path("var/files")
    assert settings.accounts_file == Path("var/demonstration-accounts")
    assert not settings.is_https
    assert settings.second_factor == "required"


@pytest.mark.parametrize("text", ["required", "offered"])
def test_a_second_factor_is_required_or_offered(text: str) -> None:
    assert read_settings({"KANALI_SECOND_FACTOR": text}).second_factor == text
    (fault,) = faults_of(SECOND_FACTOR=text.upper())
    assert "give required or offered" in fault


def test_every_fault_is_named_at_once() -> None:
    faults = faults_of(
        PORT="80.5",
        DATABASE_URL="mysql://somewhere/else",
        PUBLIC_URL="http://kanali.example.org",
        SMTP_URL="mail.example.org",
        HOST="somewhere",
        WORKERS="0",
        OPS_ADDRESS="8001",
        TRUSTED_PROXIES="10.0.0.0/8, proxy",
        NOW="tomorrow",
        PROT="8000",
    )
    names = [fault.split()[0].removeprefix("KANALI_") for fault in faults]
    assert sorted(names) == sorted(
        [
            "PROT",
            "PORT",
            "DATABASE_URL",
            "WORKERS",
            "OPS_ADDRESS",
            "PUBLIC_URL",
            "SMTP_URL",
            "HOST",
            "TRUSTED_PROXIES",
            "NOW",
        ]
    )


def test_an_unknown_setting_is_named_with_its_nearest_neighbour() -> None:
    assert faults_of(PROT="1") == ["KANALI_PROT is no setting: did you mean KANALI_PORT?"]
    assert faults_of(XYZZY_PLUGH_FROTZ="1") == [
        "KANALI_XYZZY_PLUGH_FROTZ is no setting: take it out of the environment."
    ]


def test_an_empty_setting_is_one_that_was_not_made() -> None:
    assert read_settings({"KANALI_PORT": "", "KANALI_NOW": " "}) == read_settings({})


@pytest.mark.parametrize("text", ["0", "65536", "-1", "８０００", "8_000", "99999999999999"])
def test_a_port_that_is_none_is_refused(text: str) -> None:
    assert "from 1 to 65535" in faults_of(PORT=text)[0]


@pytest.mark.parametrize(
    "text",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///a?mode=ro",
        "postgresql://host",
        "postgresql://h:x/a",
        "kanali.db",
    ],
)
def test_a_database_that_is_none_is_refused(text: str) -> None:
    assert "is no database" in faults_of(DATABASE_URL=text)[0]


def test_a_faulty_database_url_does_not_show_its_password() -> None:
    assert "hidden" not in "".join(faults_of(DATABASE_URL="postgres://kanali:hidden@host/kanali"))


@pytest.mark.parametrize(
    "text",
    [
        "kanali.example.org",
        "ftp://kanali.example.org",
        "https://",
        "https://kanali.example.org/portal",
        "https://somebody@kanali.example.org",
        "https://kanali.example.org:port",
        "https://[::1",
    ],
)
def test_a_public_url_that_is_none_is_refused(text: str) -> None:
    assert "KANALI_PUBLIC_URL" in faults_of(PUBLIC_URL=text)[0]


@pytest.mark.parametrize("text", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:8000/"])
def test_http_is_for_this_machine(text: str) -> None:
    assert read_settings({"KANALI_PUBLIC_URL": text}).public_url == text.rstrip("/")


def test_https_is_for_every_host() -> None:
    assert read_settings({"KANALI_PUBLIC_URL": "https://kanali.example.org"}).is_https


def test_sqlite_has_one_web_process_and_one_role() -> None:
    assert "use 1, or PostgreSQL" in faults_of(WORKERS="2")[0]
    assert "PostgreSQL only" in faults_of(OWNER_URL="postgresql://owner@host/kanali")[0]
    settings = read_settings({"KANALI_DATABASE_URL": "postgresql://host/kanali", "KANALI_WORKERS": "4"})
    assert (settings.workers, settings.var) == (4, Path("var"))


def test_a_mail_server_is_read_with_its_account() -> None:
    smtp = read_settings({"KANALI_SMTP_URL": "smtp://kanali:p%40ss@mail.example.org:587"}).smtp
    assert smtp is not None
    assert (smtp.host, smtp.port, smtp.is_tls) == ("mail.example.org", 587, False)
    assert (smtp.username, smtp.password) == ("kanali", "p@ss")
    assert "p@ss" not in repr(smtp)
    tls = read_settings({"KANALI_SMTP_URL": "smtps://mail.example.org"}).smtp
    assert tls is not None
    assert (tls.port, tls.is_tls) == (465, True)


@pytest.mark.parametrize(
    ("text", "folder"),
    [("/srv/kanali/files", "/srv/kanali/files"), ("file:///srv/a%20b", "/srv/a b"), ("beside", "beside")],
)
def test_files_lie_in_a_folder_of_this_machine(text: str, folder: str) -> None:
    assert read_settings({"KANALI_FILES_URL": text}).files_folder == Path(folder)


@pytest.mark.parametrize("text", ["s3://bucket/files", "file://elsewhere/files", "https://example.org/"])
def test_a_folder_elsewhere_is_refused(text: str) -> None:
    assert faults_of(FILES_URL=text) == [
        "KANALI_FILES_URL is no folder of this machine: give /path/to/folder or file:///path/to/folder."
    ]


def test_proxies_are_networks() -> None:
    settings = read_settings({"KANALI_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8 ::1"})
    assert settings.trusted_proxies == (ip_network("127.0.0.1"), ip_network("10.0.0.0/8"), ip_network("::1"))
    behind = read_settings({"KANALI_PUBLIC_URL": "https://kanali.example.org"})
    assert behind.trusted_proxies == (ip_network("127.0.0.0/8"), ip_network("::1"))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9000", ("127.0.0.1", 9000)),
        ("localhost:9000", ("127.0.0.1", 9000)),
        ("[::1]:9000", ("::1", 9000)),
        ("off", None),
    ],
)
def test_operators_listen_elsewhere_or_nowhere(text: str, address: tuple[str, int] | None) -> None:
    assert read_settings({"KANALI_OPS_ADDRESS": text}).operations == address


@pytest.mark.parametrize("text", ["9000", ":9000", "127.0.0.1", "127.0.0.1:0", "somewhere:9000", "::1"])
def test_an_address_of_operations_that_is_none_is_refused(text: str) -> None:
    assert "127.0.0.1:8001, or off" in faults_of(OPS_ADDRESS=text)[0]


def test_an_instant_has_a_zone() -> None:
    found = read_settings({"KANALI_NOW": "2026-12-01T11:00:00+02:00"}).start_clock_at
    assert found is not None
    assert found.isoformat() == "2026-12-01T09:00:00+00:00"
    assert "with its zone" in faults_of(NOW="2026-12-01T09:00:00")[0]


def test_what_is_shown_of_settings_holds_no_password() -> None:
    settings = read_settings({"KANALI_DATABASE_URL": "postgresql://kanali:hidden@host/town"})
    assert "hidden" not in f"{settings!r} {settings} {settings.database_name}"
    assert settings.database_name == "town on host"


def test_our_own_folders_are_there() -> None:
    for name in ("TEMPLATES", "STATIC", "MIGRATIONS", "CITIES"):
        assert getattr(module, name).is_dir(), name


# ── the secret ──


def settings_in(folder: Path) -> Settings:
    return read_settings({"KANALI_DATABASE_URL": f"sqlite:///{folder}/var/kanali.db"})


def test_a_secret_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    made = make_secret(settings)
    assert stat.S_IMODE(settings.secret_file.stat().st_mode) == 0o600
    assert len(made.key) == 32
    assert len(made.id) == 16
    assert make_secret(settings) == read_secret(settings, made.id) == made
    assert made.key.hex() not in repr(made)


def test_two_secrets_differ(tmp_path: Path) -> None:
    one, two = settings_in(tmp_path), read_settings({"KANALI_SECRET_FILE": str(tmp_path / "other")})
    assert make_secret(one) != make_secret(two)


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (None, 0, "is missing"),
        ("", 0o600, "does not hold a secret"),
        ("ab" * 31, 0o600, "does not hold a secret"),
        ("ąč" * 16, 0o600, "cannot be read"),
        ("ab" * 32, 0o644, "open to others"),
        ("ab" * 32, 0o620, "open to others"),
    ],
)
def test_a_faulty_secret_is_one_line(tmp_path: Path, content: str | None, mode: int, words: str) -> None:
    settings = read_settings({"KANALI_SECRET_FILE": str(tmp_path / "secret")})
    if content is not None:
        settings.secret_file.write_text(content)
        settings.secret_file.chmod(mode)
    with pytest.raises(OperatorError, match=words) as refusal:
        read_secret(settings)
    assert "\n" not in refusal.value.line
    assert "abab" not in refusal.value.line


def test_the_secret_of_another_installation_is_refused(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    make_secret(settings)
    with pytest.raises(OperatorError, match="belongs to another installation"):
        read_secret(settings, "0123456789abcdef")


def test_a_secret_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    settings = read_settings({"KANALI_SECRET_FILE": str(tmp_path / "no" / "folder" / "secret")})
    with pytest.raises(OperatorError, match="cannot be made"):
        make_secret(settings)


# ── the city's own provider ─────────────────────────────────────────────────────────────────────────────────


def provider_settings(folder: Path, **more: str) -> dict[str, str]:
    secret = folder / "client-secret"
    if not secret.exists():
        secret.write_text("hidden\n")
        secret.chmod(0o600)
    told = {
        "OIDC_ISSUER": "https://id.example.org/realms/city/",
        "OIDC_CLIENT_ID": "kanali",
        "OIDC_CLIENT_SECRET_FILE": str(secret),
        **more,
    }
    return {f"KANALI_{name}": value for name, value in told.items()}


def test_a_provider_is_known_by_its_settings(tmp_path: Path) -> None:
    found = read_settings(provider_settings(tmp_path)).oidc
    assert found is not None
    assert (found.issuer, found.client_id) == ("https://id.example.org/realms/city/", "kanali"), (
        "to the letter"
    )
    assert (found.client_secret, found.label) == ("hidden", "id.example.org")
    assert not found.asks_second_factor
    assert "hidden" not in repr(found)
    told = provider_settings(tmp_path, OIDC_LABEL="City ID", OIDC_SECOND_FACTOR="ask")
    found = read_settings(told).oidc
    assert found is not None and (found.label, found.asks_second_factor) == ("City ID", True)
    assert read_settings({}).oidc is None


def test_each_fault_of_a_provider_is_named_at_once(tmp_path: Path) -> None:
    names = ("ISSUER", "CLIENT_ID", "CLIENT_SECRET_FILE")
    assert [fault.split()[0] for fault in faults_of(OIDC_SECOND_FACTOR="perhaps")] == [
        f"KANALI_OIDC_{name}" for name in ("ISSUER", "CLIENT_ID", "SECOND_FACTOR", names[2])
    ]
    assert [fault.split()[0] for fault in faults_of(OIDC_LABEL="City ID")] == [
        f"KANALI_OIDC_{name}" for name in names
    ]


@pytest.mark.parametrize(
    "issuer",
    [
        "id.example.org",
        "http://id.example.org",
        "https://",
        "https://id.example.org?x=1",
        "https://id.example.org#x",
        "https://user:hidden@id.example.org",
        "https://id.example.org:port",
        "https://ταυτότητα.gr",
        "javascript:alert(1)",
        "file:///etc/passwd",
    ],
)
def test_an_issuer_that_is_none_is_refused(tmp_path: Path, issuer: str) -> None:
    with pytest.raises(OperatorError, match="KANALI_OIDC_ISSUER must be the address"):
        read_settings(provider_settings(tmp_path, OIDC_ISSUER=issuer))


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:5000", "http://localhost:5000/x", "http://[::1]:5000"])
def test_an_issuer_on_this_machine_may_be_http(tmp_path: Path, issuer: str) -> None:
    assert read_settings(provider_settings(tmp_path, OIDC_ISSUER=issuer)).oidc is not None


def test_the_secret_of_the_client_is_one_line_for_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "client-secret"
    for content, mode, words in (
        ("", 0o600, "one line"),
        ("a\nb", 0o600, "one line"),
        ("x", 0o644, "open to others"),
    ):
        file.write_text(content)
        file.chmod(mode)
        with pytest.raises(OperatorError, match=words) as refusal:
            read_settings(provider_settings(tmp_path))
        assert content in ("", "x") or content not in refusal.value.line
    file.unlink()
    with pytest.raises(OperatorError, match="cannot be read"):
        read_settings({**provider_settings(tmp_path), "KANALI_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "no")})
