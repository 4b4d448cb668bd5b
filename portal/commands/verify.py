"""`kanali verify`: proves that nothing was changed behind the ledger's back; says where, and exits with 1.

With a head that somebody kept it proves as well that the sealed log of today continues the one of that day; and it
writes the files with which an auditor proves the ledger and the figures without us.
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import click
from sqlmodel import Session

from feedback.city import versions
from feedback.custody import bundle, heads
from feedback.custody.heads import HeadRefused, PublishedHead
from feedback.custody.verify import verify
from feedback.custody.verify_files import verify_files
from portal.commands.refusals import sentences
from portal.environment import OperatorError
from portal.files import Files
from portal.installation import Installed, opened
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
    "head_missing": "the newest head of the sealed log was deleted",
    "head_unknown": "the head that was kept is not among the heads of the log",
    "log_cut": "the log is shorter than the head that was kept: its end was cut off",
    "log_rewritten": "the log is not the one of the head that was kept: it was rewritten",
    "file_missing": "the file is gone from the folder of files",
    "file_changed": "the file is another than the one that was filed",
    "rating_unexplained": "ratings differ, and no later note explains it",
}


@click.command()
@click.option(
    "--head",
    "head_file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A head that was fetched from /data/log-head.json earlier: the log must continue it.",
)
@click.option(
    "--bundle",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Also write what an auditor needs to prove the ledger without us, into a new folder.",
)
def command(head_file: Path | None, folder: Path | None) -> None:
    """Prove the ledger and the frozen records against the rows. Silent and 0 when everything holds."""
    if folder is not None and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OperatorError(f"{folder} is there already and not empty: name a new folder.")
    with opened(read_settings()) as installed, installed.database.read() as session:
        city = versions.current(session).city.identity.key
        held = _read_head(head_file, city) if head_file else None
        found = 0
        digest = Files(installed.settings.files_folder).digest
        for finding in chain(verify(session, held), verify_files(session, digest)):
            found += 1
            detail = f" ({finding.detail})" if finding.detail else ""
            click.echo(f"{finding.place}{detail}: {_SENTENCES[finding.code]}", err=True)
        if folder is not None:
            _write_bundle(session, folder, installed, city)
    if found:
        raise click.ClickException(f"{found} findings: something was changed behind the ledger's back.")


def _read_head(file: Path, city: str) -> PublishedHead:
    try:
        with file.open("rb") as opened_file:
            content = opened_file.read(heads.LONGEST + 1)
        return heads.read(content, city=city)
    except OSError as error:
        raise OperatorError(f"{file} cannot be read ({error.strerror}): name another file.") from error
    except HeadRefused as error:
        raise OperatorError(f"{file}: {' '.join(sentences(error))}") from error


def _write_bundle(session: Session, folder: Path, installed: Installed, city: str) -> None:
    head = heads.published(session, city=city, is_demonstration=installed.is_demonstration)
    try:
        seal = bundle.write(session, folder, head=head, now=installed.clock.now())
    except OSError as error:
        raise OperatorError(f"{folder} cannot be written ({error.strerror}): name another folder.") from error
    click.echo(
        f"{folder} holds {head.tree_size} sealed notes of {city}. Check it: python3 -I {folder}/verify.py"
    )
    click.echo(f"SHA-256 of its manifest, to be told to the auditor by another way: {seal}")
