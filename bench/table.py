"""The table of a run: every figure beside its limit, scaled to this machine by the calibration."""

from __future__ import annotations

from bench.machine import REFERENCE_SECONDS
from bench.measure import Figures, Started

BARE = {"sqlite": 1.4, "postgresql": 2.8}
"""CPU milliseconds of the bare handler on the reference machine."""
VOID_ABOVE = 1.3
"""A run whose bare handler takes more than so many times that is void: the machine, or the handler, is not itself."""
RATIO_MOST = 2.5
LIMITS = {
    ("submission", "sqlite"): 2.5,
    ("submission", "postgresql"): 4.0,
    **{(case, name): 2.0 for case in ("receipt", "item") for name in BARE},
    **{("inbox", name): 5.0 for name in BARE},
    **{("public", name): 8.0 for name in BARE},
}
"""CPU milliseconds on the reference machine, application and database together."""
GROWTH = {"inbox": 1.2, "public": 1.1}
"""At most so many times as much at the most items as at the fewest."""
WEB_MOST, ALL_MOST, READY_MOST = 150_000_000, 300_000_000, 3.0
NAMES = {
    "submission": "submission (POST to its 303)",
    "bare": "bare handler, same rows",
    "receipt": "receipt page",
    "code": "code entered (POST to its 303)",
    "item": "item's public page",
    "inbox": "inbox, 50 rows, filtered",
    "public": "service quality, 200",
    "public, 304": "service quality, 304",
}
COLUMNS = (
    "case",
    "database",
    "items",
    "CPU ms (least–most)",
    "of it database",
    "× bare",
    "at reference",
    "limit",
    "",
    "requests/s",
    "p50 ms",
    "p99 ms",
)


def render(figures: list[Figures], started: list[Started], machine: str, calibration: float) -> str:
    """The whole report as text (Markdown)."""
    lines = [
        f"{machine}",
        f"calibration {calibration:.2f} (1 = the fixed work takes {REFERENCE_SECONDS * 1000:.0f} ms of CPU)",
        "",
        f"| {' | '.join(COLUMNS)} |",
        "|---|---|---:|---:|---:|---:|---:|---:|---|---:|---:|---:|",
    ]
    order = {case: place for place, case in enumerate(NAMES)}
    lines += map(
        _line, sorted(figures, key=lambda each: (order[each.case], each.dialect != "sqlite", each.items))
    )
    lines += ["", *_bare(figures), *_growth(figures), *map(_start, started)]
    return "\n".join(lines)


def is_void(found: Figures) -> bool:
    """Whether a bare handler's own CPU says that this run proves nothing."""
    return found.scaled > BARE[found.dialect] * VOID_ABOVE


def _line(found: Figures) -> str:
    limit = BARE[found.dialect] if found.case == "bare" else LIMITS.get((found.case, found.dialect))
    verdict = ""
    if found.case == "bare":
        verdict = "void" if is_void(found) else "in order"
    elif limit is not None:
        verdict = "kept" if found.scaled <= limit else "MISSED"
    share = f"{found.database:.2f}" if found.dialect == "postgresql" else "–"
    return (
        f"| {NAMES[found.case]} | {found.dialect} | {found.items:,} | {found.cpu:.2f} "
        f"({found.cpu_least:.2f}–{found.cpu_most:.2f}) | {share} | {found.times_bare:.2f} | {found.scaled:.2f} | "
        f"{'–' if limit is None else limit} | {verdict} | {found.rate:.0f} | {found.p50:.1f} | {found.p99:.1f} |"
    )


def _bare(figures: list[Figures]) -> list[str]:
    lines = []
    known = {(found.case, found.dialect, found.items): found for found in figures}
    for found in figures:
        bare = known.get(("bare", found.dialect, found.items))
        if found.case != "submission" or bare is None:
            continue
        ratio = found.times_bare
        lines.append(
            f"{found.dialect}, {found.items:,} items: submission {ratio:.2f} × bare "
            f"(at most {RATIO_MOST}: {'kept' if ratio <= RATIO_MOST else 'MISSED'}); bare {bare.cpu:.2f} ms beside "
            f"{BARE[found.dialect]} × {bare.calibration:.2f} = {BARE[found.dialect] * bare.calibration:.2f} ms"
            f"{': THIS RUN IS VOID' if is_void(bare) else ''}"
        )
    return lines


def _growth(figures: list[Figures]) -> list[str]:
    lines = []
    for case, most in GROWTH.items():
        for dialect in BARE:
            found = sorted(
                (f for f in figures if (f.case, f.dialect) == (case, dialect)), key=lambda f: f.items
            )
            if len(found) > 1:
                times = found[-1].scaled / found[0].scaled
                lines.append(
                    f"{dialect}: {NAMES[case]} from {found[0].items:,} to {found[-1].items:,} items {times:.2f} × "
                    f"(at most {most}: {'kept' if times <= most else 'MISSED'})"
                )
    return lines


def _start(found: Started) -> str:
    web = ", ".join(f"{size / 1e6:.0f}" for size in found.web_bytes)
    is_kept = max(found.web_bytes) <= WEB_MOST and found.ready_seconds <= READY_MOST
    limit = "150"
    if found.dialect == "sqlite":
        is_kept, limit = is_kept and found.all_bytes <= ALL_MOST, "150 and 300"
    return (
        f"{found.dialect}, {found.items:,} items: ready in {found.ready_seconds:.1f} s, web process {web} MB, "
        f"all of kanali serve {found.all_bytes / 1e6:.0f} MB (at most 3 s, {limit} MB: "
        f"{'kept' if is_kept else 'MISSED'})"
    )
