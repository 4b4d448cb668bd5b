"""Finds a PostgreSQL server for the tests, or starts one from the installed programs.

In this order: TEST_POSTGRES_URL, a server that answers at 127.0.0.1:5432, the newest installed programs (started
as a user who is not root, on a port of the loopback that is free, in a folder of its own, without fsync). Several
test processes of one run share what the first of them found.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from msgspec import Struct
from psycopg import sql

PROGRAMS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/bin",
)


_WATCH = """
while kill -0 "$1" 2> /dev/null; do sleep 5; done
if test -s "$2/data/postmaster.pid"; then kill -QUIT "$(head -n 1 "$2/data/postmaster.pid")"; sleep 2; fi
rm -rf "$2"
"""


class Missing(Exception):
    """No server can be had, and why."""


class Server(Struct, frozen=True):
    """A server with a role that may make databases. `url` names its maintenance database."""

    url: str

    def url_of(self, name: str) -> str:
        """The URL of another database on it."""
        return re.sub(r"/[^/?]*(?=\?|$)", f"/{name}", self.url)

    def create(self, name: str, template: str = "template0") -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            # Copying files takes half the time of writing the copy to the log; before 15 there was nothing else.
            how = " STRATEGY FILE_COPY" if connection.info.server_version >= 150_000 else ""
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'" + how).format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )

    def drop(self, name: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )


def find_server(folder: Path) -> Server:
    """The server of this run; `folder` is shared by all its processes. Raises `Missing`."""
    with _alone(folder):
        note = folder / "postgresql.json"
        if note.exists():
            found = json.loads(note.read_text())
        else:
            found = _look_or_start()
            note.write_text(json.dumps(found))
            note.chmod(0o600)
    if "missing" in found:
        raise Missing(found["missing"])
    return Server(found["url"])


def stop_server(folder: Path) -> None:
    """Ends the server that this run started, if it did, and removes its folder."""
    note = folder / "postgresql.json"
    if not note.exists():
        return
    found = json.loads(note.read_text())
    note.unlink()
    if "data" in found:
        _run_as_server([found["pg_ctl"], "stop", "-D", found["data"], "-m", "immediate", "-w"])
        shutil.rmtree(Path(found["data"]).parent, ignore_errors=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "postgresql.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _look_or_start() -> dict[str, str]:
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        fault = _fault_of(given)
        if fault:
            return {"missing": f"TEST_POSTGRES_URL does not answer as it must: {fault}"}
        return {"url": given}
    user = os.environ.get("PGUSER", "postgres")
    running = f"postgresql://{user}@127.0.0.1:5432/postgres"
    if _fault_of(running) is None:
        return {"url": running}
    programs = _find_programs()
    if programs is None:
        return {
            "missing": "no server answers at TEST_POSTGRES_URL or 127.0.0.1:5432 and its programs are not "
            "installed (Debian: apt-get install postgresql)"
        }
    return _start(programs)


def _fault_of(url: str) -> str | None:
    """Why databases cannot be made there, None where they can."""
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            row = connection.execute(
                "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.Error as error:
        return " ".join(str(error).split())
    return None if row and row[0] else "its role may not make databases"


def _find_programs() -> Path | None:
    found = [
        folder
        for pattern in PROGRAMS
        for folder in Path("/").glob(pattern.lstrip("/"))
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists()
    ]
    on_path = shutil.which("initdb")
    if not found and on_path:
        found = [Path(on_path).resolve().parent]
    return max(found, key=lambda folder: [int(n) for n in re.findall(r"\d+", str(folder))], default=None)


def _start(programs: Path) -> dict[str, str]:
    folder = Path(tempfile.mkdtemp(prefix="kanali-postgresql-"))
    user = _server_user()
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    data, password = folder / "data", secrets.token_hex(16)
    word = folder / "password"
    word.write_text(password)
    if user is not None:
        os.chown(word, user.pw_uid, user.pw_gid)
    word.chmod(0o600)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = (
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off "
        "-c full_page_writes=off -c shared_buffers=32MB -c max_connections=200 -c autovacuum=off"
    )
    made = _run_as_server(
        [
            *[str(programs / "initdb"), "-D", str(data), "-U", "kanali", "-E", "UTF8", "--locale=C"],
            *["--no-sync", "-A", "password", "--pwfile", str(word)],
        ]
    )
    if made.returncode == 0:
        made = _run_as_server(
            [
                *[str(programs / "pg_ctl"), "start", "-w", "-t", "60", "-D", str(data)],
                *["-o", options, "-l", str(folder / "log")],
            ]
        )
    if made.returncode != 0:
        said = " ".join((made.stderr or made.stdout).split())[-300:]
        shutil.rmtree(folder, ignore_errors=True)
        return {"missing": f"a server could not be started from {programs}: {said}"}
    _end_with_this_run(folder)
    return {
        "url": f"postgresql://kanali:{password}@127.0.0.1:{port}/postgres",
        "data": str(data),
        "pg_ctl": str(programs / "pg_ctl"),
    }


def _end_with_this_run(folder: Path) -> None:
    """A run that is killed cannot end its server: a shell waits for the run to be gone and does it then."""
    run = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    subprocess.Popen(
        ["sh", "-c", _WATCH, "sh", str(run), str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _server_user() -> pwd.struct_passwd | None:
    """As whom a server is run: PostgreSQL refuses root. None where this process is not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


def _run_as_server(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    user = _server_user()
    # A server keeps the descriptors that it is started with: a pipe would never end, hence a file.
    with tempfile.TemporaryFile("w+") as said:
        who = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        done = subprocess.run(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd="/",
            start_new_session=True,
            **who,
        )
        said.seek(0)
        return subprocess.CompletedProcess(arguments, done.returncode, said.read(), "")
