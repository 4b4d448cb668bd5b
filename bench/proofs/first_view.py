"""What a telephone must fetch before it shows the home page."""

from __future__ import annotations

import re

import httpx
from bs4 import BeautifulSoup

from bench.proofs.making import Part, Row, make_demonstration, scratch
from tests.running import running

WEIGHT_MOST = 100
"""kB of styles, scripts and fonts of the first view of the home page."""

LANGUAGES = {"heraklion": ("el", "en"), "kaunas": ("lt", "en")}


def weight() -> tuple[list[Row], str]:
    """What a telephone must fetch before it shows the home page."""
    rows = []
    with scratch() as folder:
        for city in ("heraklion", "kaunas"):
            inside = folder / city
            inside.mkdir(mode=0o700)
            url = f"sqlite:///{inside}/kanali.db"
            make_demonstration(url, inside, city, 60)
            with running(url, inside, arguments=("--no-worker",)) as portal:
                rows += [_weight_of(portal.address, city, language) for language in LANGUAGES[city]]
    return rows, ""


def _weight_of(address: str, city: str, language: str) -> Row:
    """Page, styles, scripts, pictures and the fonts that its characters need, as they go over the wire."""
    parts: dict[str, int] = {}
    with httpx.Client(base_url=address, headers={"Accept-Encoding": "gzip"}, timeout=60) as client:

        def fetch(path: str, kind: str) -> str:
            with client.stream("GET", path) as response:
                response.raise_for_status()
                text = response.read().decode(errors="replace")
                parts[kind] = parts.get(kind, 0) + response.num_bytes_downloaded
            return text

        home = fetch(f"/{language}/", "page")
        soup = BeautifulSoup(home, "html.parser")
        styles = [fetch(str(link["href"]), "styles") for link in soup.select('link[rel="stylesheet"]')]
        fetched: set[str] = set()
        for tag, attribute, kind in (
            ("script", "src", "scripts"),
            ("img", "src", "pictures"),
            ("use", "href", "pictures"),
            ('link[rel="icon"]', "href", "pictures"),
        ):
            for found in soup.select(f"{tag}[{attribute}]"):
                path = str(found[attribute]).partition("#")[0]
                if path and path not in fetched:
                    fetched.add(path)
                    fetch(path, kind)
        for face in re.findall(r"@font-face *\{([^}]*)\}", "".join(styles)):
            source, reach = re.search(r"url\(\"?([^)\"]+)", face), re.search(r"unicode-range:([^;}]+)", face)
            if (
                source
                and (reach is None or _is_needed(reach[1], soup.get_text()))
                and source[1] not in fetched
            ):
                fetched.add(source[1])
                fetch(source[1] if source[1].startswith("/") else "/static/built/" + source[1], "fonts")
    counted = sum(parts.get(kind, 0) for kind in ("styles", "scripts", "fonts")) / 1000
    told = ", ".join(f"{kind} {size / 1000:.0f}" for kind, size in parts.items())
    return Row(
        "The home page is light enough for a telephone on a slow line",
        f"the first view of /{language}/ of {city.capitalize()}, bodies as sent to a browser that takes gzip and has "
        "kept nothing",
        f"{counted:.0f} kB of styles, scripts and fonts; all together {sum(parts.values()) / 1000:.0f} kB ({told})",
        f"under {WEIGHT_MOST} kB of styles, scripts and fonts",
        counted < WEIGHT_MOST,
    )


def _is_needed(reach: str, text: str) -> bool:
    """Whether a font's range (`U+0-FF, U+131`) holds a character of the page."""
    ends = [found.split("-") for found in re.findall(r"[Uu]\+([0-9A-Fa-f]+(?:-[0-9A-Fa-f]+)?)", reach)]
    return any(
        int(end[0], 16) <= ord(character) <= int(end[-1], 16) for character in set(text) for end in ends
    )


PART = Part(
    "The first view",
    "Everything that a browser fetches for the home page.",
    weight,
)
