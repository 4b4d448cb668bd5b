"""The catalogues are complete: every message of source and templates, in every language, in every plural form.

Extracted in this process by the configuration that `make messages` uses, so a message that was added without its
translation fails here.
"""

from __future__ import annotations

import re
from functools import cache
from gettext import c2py
from pathlib import Path

import pytest
from babel.messages import Catalog, Message
from babel.messages.pofile import read_po

from portal.languages import NAMES, SOURCE
from portal.settings import LOCALE
from tests.upkeep.messages import forms, messages, named

LANGUAGES = sorted(path.parent.parent.name for path in LOCALE.glob("*/LC_MESSAGES/kanali.po"))
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
STRAY = re.compile(r"%(?!\(\w+\)s)")
COUNTS_TRIED = range(1000)


@cache
def _catalogue(language: str) -> Catalog:
    with (LOCALE / language / "LC_MESSAGES" / "kanali.po").open("rb") as file:
        return read_po(file, locale=language)


def _is_in_template(message: Message) -> bool:
    return any(Path(file).parts[0] == "templates" for file, _line in message.locations)


def _placeholders(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text.replace("%%", "")))


def _counts_of_form(catalogue: Catalog, form: int) -> list[int]:
    """The counts for which a language uses a plural form, among the first thousand."""
    form_of = c2py(catalogue.plural_expr)
    return [count for count in COUNTS_TRIED if form_of(count) == form]


def test_there_is_a_catalogue_for_every_language_that_pages_name() -> None:
    assert {SOURCE, *LANGUAGES} == set(NAMES)
    found = list(messages())
    assert any(_is_in_template(message) for message in found)
    assert any(not _is_in_template(message) for message in found)
    assert any(message.pluralizable for message in found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_missing_empty_or_fuzzy(language: str) -> None:
    catalogue = _catalogue(language)
    faults = []
    for message in messages():
        found = catalogue.get(message.id, message.context)
        if found is None:
            faults.append(f"missing: {named(message)}")
        elif found.fuzzy:
            faults.append(f"fuzzy: {named(message)}")
        elif found.pluralizable != message.pluralizable:
            faults.append(f"plural in one, not in the other: {named(message)}")
        elif not all(form.strip() for form in forms(found.string)):
            faults.append(f"empty: {named(message)}")
    assert not catalogue.fuzzy
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_plural_has_every_form_of_the_language(language: str) -> None:
    catalogue = _catalogue(language)
    assert [form for form in range(catalogue.num_plurals) if not _counts_of_form(catalogue, form)] == []
    assert _counts_of_form(catalogue, catalogue.num_plurals) == []
    faults = [
        f"{len(forms(found.string))} of {catalogue.num_plurals} forms: {named(message)}"
        for message in messages()
        if message.pluralizable and (found := catalogue.get(message.id, message.context)) is not None
        if len(forms(found.string)) != catalogue.num_plurals
    ]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_translation_names_the_same_placeholders(language: str) -> None:
    """A form may leave the number out only where the language uses it for a single count ("one day")."""
    catalogue = _catalogue(language)
    faults = []
    for message in messages():
        found = catalogue.get(message.id, message.context)
        if found is None:
            continue
        wanted = _placeholders(forms(message.id)[-1])
        for form, text in enumerate(forms(found.string)):
            missing, strange = wanted - _placeholders(text), _placeholders(text) - wanted
            is_for_one = message.pluralizable and len(_counts_of_form(catalogue, form)) == 1
            if strange or (missing and not is_for_one):
                faults.append(f"{text!r} of {named(message)}: lacks {missing}, has besides {strange}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("language", [SOURCE, *LANGUAGES])
def test_every_percent_sign_is_doubled_where_a_message_is_formatted(language: str) -> None:
    """Templates format every message; Python formats those with placeholders, and leaves "%%" doubled in others."""
    faults = []
    for message in messages():
        if language == SOURCE:
            texts = forms(message.id)
        else:
            found = _catalogue(language).get(message.id, message.context)
            texts = forms(found.string) if found is not None else ()
        is_formatted = _is_in_template(message) or any(map(_placeholders, forms(message.id)))
        for text in texts:
            if is_formatted and STRAY.search(text.replace("%%", "")):
                faults.append(f"a single %: {text!r} of {named(message)}")
            elif not is_formatted and "%%" in text:
                faults.append(f"%% that would be shown: {text!r} of {named(message)}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("language", [SOURCE, *LANGUAGES])
def test_no_message_begins_or_ends_with_a_space(language: str) -> None:
    """Such a space is glue between fragments, and a translation loses it."""
    texts = [
        text
        for message in messages()
        if (found := message if language == SOURCE else _catalogue(language).get(message.id, message.context))
        for text in forms(message.id if language == SOURCE else found.string)
    ]
    assert len(texts) >= 100
    assert [text for text in texts if text != text.strip()] == []
