"""A connection that would thank for what is not on disk is refused, with a line that says what to do."""

from __future__ import annotations

import socket
import sqlite3
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from portal.database import Database
from portal.engines import postgresql_engine, sqlite_engine
from portal.environment import OperatorError

ENCRYPTION_ASKED = (80877103, 80877104)
"""What a client of PostgreSQL may ask before it says who it is: TLS or GSSAPI."""


class Hurried(sqlite3.Connection):
    """A SQLite that was built to spare the disk, whatever it is told."""

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        return super().execute(statement.replace("synchronous=FULL", "synchronous=NORMAL"), *values)


@pytest.mark.parametrize("mode", ["rw", "ro"])
def test_sqlite_that_spares_the_disk_is_refused(sqlite_database: Database, mode: str) -> None:
    engine = sqlite_engine(sqlite_database.file, mode)

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, places: Any, options: Any) -> sqlite3.Connection:
        return sqlite3.connect(*places, factory=Hurried, **options)

    with sqlite_database.read(), pytest.raises(OperatorError, match=r"synchronous=FULL.*use the SQLite of"):
        engine.connect()


def test_postgresql_behind_a_pooler_that_drops_options_is_refused(postgresql_database: Database) -> None:
    name = sa.make_url(postgresql_database.url).database
    with postgresql_database.write() as session:
        session.execute(sa.text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))
    with pooler(postgresql_database.url) as url:
        with pytest.raises(OperatorError, match=r"synchronous_commit=off.*no pooler"):
            Database(url).check()
        volatile = postgresql_engine(url, is_durable=False)
        with volatile.connect() as connection:
            assert connection.execute(sa.text("SHOW synchronous_commit")).scalar() == "off"
    with postgresql_engine(postgresql_database.url).connect() as connection:
        shown = connection.execute(sa.text("SHOW synchronous_commit")).scalar()
    assert shown == "on", "the server itself does as it is asked"


@contextmanager
def pooler(url: str) -> Iterator[str]:
    """Hands connections on without the options that they ask for."""
    server = sa.make_url(url)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=hand_on, args=(client,), daemon=True).start()

    def hand_on(client: socket.socket) -> None:
        with suppress(OSError, struct.error), closing(client):
            while struct.unpack("!I", (asked := _message(client))[:4])[0] in ENCRYPTION_ASKED:
                client.sendall(b"N")
            words = asked[4:].split(b"\0")
            kept = [
                w
                for pair in zip(words[::2], words[1::2], strict=False)
                for w in pair
                if pair[0] != b"options"
            ]
            body = asked[:4] + b"\0".join(kept).rstrip(b"\0") + b"\0\0"
            with closing(socket.create_connection((server.host or "", server.port or 5432))) as inside:
                inside.sendall(struct.pack("!I", len(body) + 4) + body)
                threading.Thread(target=_pump, args=(inside, client), daemon=True).start()
                _pump(client, inside)

    threading.Thread(target=serve, daemon=True).start()
    with closing(listener):
        port = listener.getsockname()[1]
        yield server.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)


def _message(client: socket.socket) -> bytes:
    """The first message of a client, without its length."""
    length = struct.unpack("!I", client.recv(4, socket.MSG_WAITALL))[0]
    return client.recv(length - 4, socket.MSG_WAITALL)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
