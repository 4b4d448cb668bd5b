"""`kanali verify`: proves that nothing was changed behind the ledger's back; says where, and exits with 1."""

from __future__ import annotations

import click

from feedback.custody.verify import verify
from portal.installation import opened
from portal.settings import read_settings

_SENTENCES = {
    "note_missing": "notes are missing or too many",
    "note_changed": "the note was changed",
    "chain_broken": "the chain is broken",
    "head_differs": "the head of the chain is not its last note",
    "facts_changed": "the facts of the note were changed",
    "words_changed": "the words of the note were changed",
    "words_missing": "the words of the note are gone without a lawful erasure",
    "row_changed": "the row differs from its last note",
    "row_missing": "the row was deleted",
    "row_unknown": "the row was put in without a note",
    "subject_missing": "the subject of these notes was deleted",
    "number_missing": "a number is missing: the item was deleted",
    "number_unknown": "a number that was never given",
    "profile_changed": "the stored profile was changed",
    "copy_changed": "the copy of what was counted was changed",
    "copy_unexplained": "copy and case differ, and no later note explains it",
    "figure_changed": "a frozen figure does not follow from its copy",
    "leaf_missing": "a leaf of the sealed log is missing",
    "sealed_note_missing": "a sealed note was deleted",
    "sealed_note_changed": "a sealed note was changed",
    "tree_changed": "a head of the sealed log does not follow from its leaves",
    "rating_unexplained": "ratings differ, and no later note explains it",
}


@click.command()
def command() -> None:
    """Prove the ledger and the frozen records against the rows. Silent and 0 when everything holds."""
    with opened(read_settings()) as installed, installed.database.read() as session:
        found = 0
        for finding in verify(session):
            found += 1
            detail = f" ({finding.detail})" if finding.detail else ""
            click.echo(f"{finding.place}{detail}: {_SENTENCES[finding.code]}", err=True)
    if found:
        raise click.ClickException(f"{found} findings: something was changed behind the ledger's back.")
