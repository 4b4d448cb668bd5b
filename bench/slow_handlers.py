"""A page does not wait for twelve slow handlers: each handler has a thread of its own executor (16 of them).

Serves the real portal of a throw-away installation with one more route that sleeps, asks for the home page alone,
then again while twelve sleepers are under way, and prints both. With the default executor of a 2-core machine
(six threads) the second figure would be about the sleeper's second.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from portal import app, pages  # noqa: E402  the checkout must be on the path first
from portal.edge import App  # noqa: E402
from portal.installation import open_installation  # noqa: E402
from portal.settings import read_settings  # noqa: E402
from portal.site import make_site  # noqa: E402
from tests.running import free_port, kanali  # noqa: E402

SLOW = 12
SLEEP = 1.0
ASKS = 30


def _sleep(visit: pages.Visit) -> pages.Reply:
    time.sleep(SLEEP)
    return pages.Reply(content=b"slept")


def create_app() -> App:
    """The portal with one slow route more (granian calls this in its own process)."""
    site = make_site(open_installation(read_settings()))
    return app.create_app(site, also=(pages.Route("/slow", ("GET",), "public", _sleep),))


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder}/kanali.db"
        city = str(ROOT / "cities" / "kaunas")
        made = kanali(
            "init",
            "--city",
            city,
            "--admin-email",
            "a@example.org",
            "--admin-name",
            "A",
            url=url,
            folder=folder,
        )
        if made.returncode:
            print(made.stderr)
            return 1
        port = free_port()
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "granian", "--interface", "asgi", "--factory"),
                *("--host", "127.0.0.1", "--port", str(port), "--no-ws", "--log-level", "error"),
                "bench.slow_handlers:create_app",
            ],
            cwd=ROOT,
            env={
                **{key: value for key, value in os.environ.items() if not key.startswith("KANALI_")},
                "KANALI_DATABASE_URL": url,
                "KANALI_SECRET_FILE": str(folder / "secret"),
                "KANALI_PORT": str(port),
            },
        )
        try:
            alone, beside = _measure(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(20)
    print(f"home page alone:                  median {alone * 1000:6.1f} ms")
    print(f"home page beside {SLOW} slow handlers: median {beside * 1000:6.1f} ms ({SLEEP:.0f} s each)")
    if beside > SLEEP / 2:
        print("the page waited for the slow handlers")
        return 1
    return 0


def _measure(address: str) -> tuple[float, float]:
    until = time.monotonic() + 30
    while True:
        try:
            httpx.get(f"{address}/health/ready", timeout=2).raise_for_status()
            break
        except httpx.HTTPError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
    with httpx.Client(base_url=address, timeout=30) as client:
        alone = [_time(client) for _ in range(ASKS)]
        with ThreadPoolExecutor(SLOW) as pool:
            sleepers = [pool.submit(httpx.get, f"{address}/slow", timeout=30) for _ in range(SLOW)]
            time.sleep(0.2)
            beside = []
            while not all(sleeper.done() for sleeper in sleepers) and len(beside) < ASKS:
                beside.append(_time(client))
            for sleeper in sleepers:
                sleeper.result().raise_for_status()
    return statistics.median(alone), statistics.median(beside)


def _time(client: httpx.Client) -> float:
    start = time.perf_counter()
    client.get("/lt/").raise_for_status()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
