"""Where the CPU of one request goes: the application called directly, without a network, under the profiler.

    .venv/bin/python bench/profiles.py submission --items 1000
    .venv/bin/python bench/profiles.py inbox --postgresql
    .venv/bin/python bench/profiles.py inbox --folder /tmp/large

Prints the CPU a request without the profiler, then own time by package, then the functions by own and by cumulated
time. The profiler makes many small calls look dearer than they are: the shares are a guide, the figures are not.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import serving, visits  # noqa: E402  the checkout must be on the path first
from bench.seed import make_installation, seed_city  # noqa: E402
from portal import app as portal_app  # noqa: E402
from portal.database import Database  # noqa: E402
from portal.installation import open_installation  # noqa: E402
from portal.settings import read_settings  # noqa: E402
from portal.site import make_site  # noqa: E402

CASES = ("submission", "receipt", "code", "item", "inbox", "public")
PORT = 8000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("case", choices=CASES, nargs="+")
    parser.add_argument("--items", type=int, default=1000, help="how many items the city has")
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--lines", type=int, default=45, help="functions in each table")
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument(
        "--folder", type=Path, help="a folder where seed.py has made kanali.db; it is written to"
    )
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        _database(given.folder or Path(name), given.postgresql) as url,
    ):
        folder = given.folder or Path(name)
        if not given.folder:
            make_installation(url, folder, ROOT / "cities" / "heraklion")
        database = Database(url)
        if not given.folder:
            seed_city(database, visits.open_secret(url, folder), items=given.items, seed=1)
        for case in given.case:
            _profile(case, database, url, folder, given)
        database.close()
    return 0


@contextmanager
def _database(folder: Path, is_postgresql: bool) -> Iterator[str]:
    if not is_postgresql:
        yield f"sqlite:///{folder}/kanali.db"
        return
    with serving.postgresql() as found:
        found.server.create("bench")
        yield found.server.url_of("bench")


def _profile(case: str, database: Database, url: str, folder: Path, given: argparse.Namespace) -> None:
    secret = visits.open_secret(url, folder)
    settings = read_settings({"KANALI_DATABASE_URL": url, "KANALI_SECRET_FILE": str(folder / "secret")})
    site = make_site(open_installation(settings))

    async def here(work: Any) -> Any:
        return work()

    portal_app.in_turn = here  # Without threads the profiler sees everything.
    app = portal_app.create_app(site)
    visitors = visits.Visitors(database, secret, Random(2))
    asked = list(visitors.requests(case, PORT, given.requests * 2))

    async def ask_all(requests: list[bytes]) -> None:
        for request in requests:
            status = await _ask(app, request)
            assert status in (200, 303), status

    asyncio.run(ask_all(asked[:20]))
    start = time.process_time()
    asyncio.run(ask_all(asked[20 : given.requests]))
    spent = (time.process_time() - start) / (given.requests - 20)
    profiler = cProfile.Profile(timer=time.process_time)
    profiler.enable()
    asyncio.run(ask_all(asked[given.requests :]))
    profiler.disable()
    stats = pstats.Stats(profiler)
    print(f"\n══ {case}: {spent * 1000:.2f} ms of CPU a request in process, without the profiler ══")
    _print_packages(stats, given.requests)
    for order in ("tottime", "cumulative"):
        print(f"\n-- by {order}: calls, own ms, cumulated ms a request")
        rows = sorted(
            vars(stats)["stats"].items(), key=lambda row: row[1][2 if order == "tottime" else 3], reverse=True
        )
        for (file, line, name), (_, calls, own, total, _callers) in rows[: given.lines]:
            print(
                f"{calls / given.requests:8.1f} {own / given.requests * 1000:7.3f} "
                f"{total / given.requests * 1000:7.3f}  {_short(file)}:{line} {name}"
            )
    site.database.close()


def _print_packages(stats: pstats.Stats, count: int) -> None:
    spent: defaultdict[str, float] = defaultdict(float)
    for (file, _line, name), (_, _calls, own, _total, _callers) in vars(stats)["stats"].items():
        spent[name if file == "~" and own > 0 and "sqlite3" in name else _package(file)] += own
    whole = sum(spent.values())
    print(f"-- own time by package (under the profiler {whole / count * 1000:.2f} ms a request)")
    for package, own in sorted(spent.items(), key=lambda row: row[1], reverse=True)[:22]:
        print(f"{own / count * 1000:8.3f} ms {own / whole:6.1%}  {package}")


def _package(file: str) -> str:
    if file in ("~", ""):
        return "built in"
    parts = Path(file).parts
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1].removesuffix(".py")
    short = _short(file).split("/")
    return "/".join(short[:2]) if short[0] in ("portal", "feedback") else short[0]


def _short(file: str) -> str:
    for start in (f"{ROOT}/", f"{sys.prefix}/"):
        if file.startswith(start):
            return file.removeprefix(start).removeprefix("site-packages/")
    return file if "python3" not in file else "stdlib/" + file.rpartition("/")[2]


async def _ask(app: Any, request: bytes) -> int:
    """One request through the ASGI interface; its status."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _version = first.split(" ")
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (name.strip().lower().encode(), value.strip().encode())
            for name, _, value in (line.partition(":") for line in lines)
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", PORT),
    }
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0]


if __name__ == "__main__":
    sys.exit(main())
