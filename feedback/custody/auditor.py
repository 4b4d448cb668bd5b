#!/usr/bin/env python3
"""Checks a bundle that `kanali verify --bundle` wrote, alone: it needs Python 3.9 or newer and nothing else.

    python3 -I verify.py                  the files that lie beside this one
    python3 -I verify.py --head FILE      and a head of the log that you have kept (/data/log-head.json)

It says what does not hold, one line a finding, and ends with exit code 1. What the files are: README.txt.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
COPIES = {
    "counted": "cycle_id department service nature received_on law_due_on promise_due_on answered_on minutes"
    " second_look_on",
    "rated": "cycle_id department service nature invited_on outcome handling",
}
PLACE = ("measure", "span", "scope", "scope_key")
INTEGERS = ("n", "numerator", "median", "p90", "aside", "invited", "responded")
SATISFACTION = ("satisfied_outcome", "satisfied_handling")


def main() -> int:
    parser = argparse.ArgumentParser(description="Checks the files of a bundle that lie beside this program.")
    parser.add_argument("--head", type=Path, help="a head of the log that was kept elsewhere")
    held = parser.parse_args().head
    found: list[str] = []
    try:
        found.extend(findings(json.loads(held.read_text("utf-8")) if held else None))
    except (OSError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        found.append(f"a file is missing or not of its shape any more: {type(error).__name__} {error}")
    print(*found, f"{len(found)} findings." if found else "Everything holds.", sep="\n")
    return 1 if found else 0


def findings(held: Any) -> Iterator[str]:
    """Everything that does not hold. (The manifest can be made anew: compare its SHA-256 with what you were told.)"""
    files = next(lines("manifest.json"))["files"]
    for name in files:
        if not (FOLDER / name).is_file() or digest((FOLDER / name).read_bytes()) != files.get(name):
            yield f"{name}: not as it was written"
    hashes: dict[tuple[Any, ...], str] = {}  # Of each note, by its place.
    said: dict[str, Any] = {}  # Row → what was last said of it.
    yield from chains(hashes, said)
    yield from log(hashes, held)
    yield from records(said)
    if [said[row]["key"] for row in said if row.startswith("city:")] != [next(lines("head.json"))["city"]]:
        yield "head.json: the log of another city"


def chains(hashes: dict[tuple[Any, ...], str], said: dict[str, Any]) -> Iterator[str]:
    """Each note: its place in its chain, the hash before it, its own, and its facts where they stand in clear."""
    ends: dict[tuple[Any, Any], list[Any]] = {}
    for note in lines("notes.jsonl"):
        chain = (note["kind"], note["subject"])
        number, previous = ends.get(chain, [0, ""])
        place = f"{note['kind']}:{note['subject']} note {note['seq']}"
        if note["seq"] != number + 1 or note["previous"] != previous:
            yield f"{place}: the chain is broken"
        # A note's hash: SHA-256 of it as JSON; facts and words stand in it by their salted digests.
        told = {name: note[name] for name in ("kind", "subject", "seq", "at", "act", "salt", "previous")}
        told.update(actor=[note["actor_kind"], note["actor_id"]])
        if note["hash"] != digest({**told, "facts": note["facts_digest"], "words": note["words_digest"]}):
            yield f"{place}: the note was changed"
        if note["kind"] in ("city", "record"):
            if digest(f"{note['salt']}\n{note['facts']}".encode()) != note["facts_digest"]:
                yield f"{place}: the facts were changed"
            said.update(json.loads(note["facts"]))
        hashes[(*chain, note["seq"])] = note["hash"]
        ends[chain] = [number + 1, note["hash"]]
    for end in lines("chains.jsonl"):
        if ends.pop((end["kind"], end["subject"]), None) != [end["notes"], end["head"]]:
            yield f"{end['kind']}:{end['subject']}: the chain does not end where its subject says"
    yield from (f"{kind}:{subject}: notes of a subject that is not there" for kind, subject in ends)


def log(hashes: dict[tuple[Any, ...], str], held: Any) -> Iterator[str]:
    """The Merkle log (RFC 6962): each leaf is a note, none twice; each head is the root over its first leaves."""
    heads = {head["size"]: head for head in lines("heads.jsonl")}
    newest, size = next(lines("head.json")), 0
    roots: list[bytes] = []  # Of the perfect subtrees, the largest first.
    for leaf in lines("leaves.jsonl"):
        known = hashes.pop((leaf["kind"], leaf["subject"], leaf["seq"]), None)
        if leaf["n"] != size or leaf["hash"] != known:
            yield f"leaf {leaf['n']}: not the next one, or not the hash of its note"
        node, carry = hashlib.sha256(b"\x00" + leaf["hash"].encode()).digest(), size
        while carry & 1:
            node, carry = hashlib.sha256(b"\x01" + roots.pop() + node).digest(), carry >> 1
        roots.append(node)
        size += 1
        if size in heads and heads[size]["root"] != root_of(roots):
            yield f"head {size}: not the root over its leaves"
        if held and size == held["tree_size"] and root_of(roots) != held["root_hash"]:
            yield f"head {size}: not the one that was kept: the log was rewritten"
    yield from (f"head {wrong}: leaves are missing" for wrong in heads if not 0 < wrong <= size)
    told = [size, root_of(roots), heads.get(size, {}).get("at"), "rfc6962-sha256"]
    if told != [newest[name] for name in ("tree_size", "root_hash", "sealed_at", "algorithm")]:
        yield "head.json: not the head over all leaves"
    if held and (held["tree_size"] > size or held["city"] != newest["city"]):
        yield f"head {held['tree_size']}: the log has {size} leaves: its end was cut off, or it is another city's"


def root_of(roots: list[bytes]) -> str:
    """The root over the roots of the perfect subtrees; of nothing it is SHA-256 of nothing."""
    node = roots[-1] if roots else hashlib.sha256(b"").digest()
    for left in reversed(roots[:-1]):
        node = hashlib.sha256(b"\x01" + left + node).digest()
    return node.hex()


def records(said: dict[str, Any]) -> Iterator[str]:
    """Each closed month as its last note says; copies and figures under its digests; each figure counted again."""
    months = {row["id"]: row for row in lines("records.jsonl")}
    told = sorted(row for row in said if row.startswith("record:"))
    if sorted(f"record:{row['id']}" for row in lines("records.jsonl")) != told:
        yield "records.jsonl: not the months of which the notes tell"
    tables = {name: split(f"{name}.jsonl") for name in (*COPIES, "figures")}
    for name, table in tables.items():
        if table.keys() - months.keys():
            yield f"{name}.jsonl: rows of a month that is not there"
    for number, month in months.items():
        place = f"record:{number} ({month['period']})"
        if {name: month[name] for name in month if name != "id"} != said.get(f"record:{number}"):
            yield f"{place}: not as its last note says"
        for name, columns in COPIES.items():
            cases = sorted(tables[name].get(number, []), key=lambda case: case["cycle_id"])
            copy = [[case[column] for column in columns.split()] for case in cases]
            if digest(copy) != month[f"{name}_digest"]:
                yield f"{place}: the copy of what was {name} was changed"
        figures = sorted(tables["figures"].get(number, []), key=lambda row: [row[name] for name in PLACE])
        frozen = [row for row in figures if row["measure"] in SATISFACTION]
        others = [row for row in figures if row["measure"] not in SATISFACTION]
        if [digest(others), digest(frozen)] != [month["figures_digest"], month["satisfaction_digest"]]:
            yield f"{place}: the frozen figures were changed"
        window = [key for key in months if month["window_from"] <= months[key]["period"] <= month["period"]]
        # What is provisional until the last survey of the month has ended follows from nothing yet.
        for row in [*others, *(frozen if month["satisfaction"] == "frozen" else [])]:
            table = tables["rated" if row["measure"] in SATISFACTION else "counted"]
            span = window if row["span"] == "year" else [number]
            cases = [case for key in span for case in table.get(key, [])]
            if row["scope"] != "city":
                cases = [case for case in cases if (case[row["scope"]] or "-") == row["scope_key"]]
            counted = dict.fromkeys(INTEGERS) | count(row["measure"], cases)
            if {name: row[name] for name in INTEGERS} != counted:
                yield f"{place} {'/'.join(row[name] for name in PLACE)}: does not follow from the copies"


def split(name: str) -> dict[Any, list[dict[str, Any]]]:
    """The rows of a file by their month."""
    found: dict[Any, list[dict[str, Any]]] = {}
    for row in lines(name):
        found.setdefault(row.pop("record_id"), []).append(row)
    return found


def count(measure: str, cases: list[Any]) -> dict[str, Any]:
    """The integers of a figure. Days are compared as they are written; percentiles are by nearest rank."""
    if measure in SATISFACTION:
        given = [case[measure.partition("_")[2]] for case in cases]
        marks = [mark for mark in given if mark]
        told = sum(case["outcome"] is not None or case["handling"] is not None for case in cases)
        found = {"n": len(marks), "numerator": sum(mark >= 4 for mark in marks), "aside": given.count(0)}
        return {**found, "invited": len(cases), "responded": told}
    if measure in ("in_time_law", "in_time_promise"):
        column = measure.replace("in_time_", "") + "_due_on"
        due = [(case[column], case["answered_on"]) for case in cases if case[column] is not None]
        return {"n": len(due), "numerator": sum(done is not None and done <= day for day, done in due)}
    if measure in ("received", "second_looks"):
        column = {"received": "received_on", "second_looks": "second_look_on"}[measure]
        return {"n": sum(case[column] is not None for case in cases)}
    minutes = sorted(case["minutes"] for case in cases if case["minutes"] is not None)
    n = len(minutes)
    if measure == "answered" or not n:
        return {"n": n}
    return {"n": n, "median": minutes[-(-50 * n // 100) - 1], "p90": minutes[-(-90 * n // 100) - 1]}


def lines(name: str) -> Iterator[dict[str, Any]]:
    with (FOLDER / name).open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def digest(value: Any) -> str:
    """SHA-256 of bytes, or of a value as JSON: keys in order, no spaces."""
    if not isinstance(value, bytes):
        value = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return hashlib.sha256(value).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
