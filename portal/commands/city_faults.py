"""What `kanali city check` says of each fault: one line with file, place, what is wrong and the cure.

Written for whoever edits a city's folder at a terminal, in English like the keys of the files themselves.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, Final

from feedback.city.faults import CityFault
from feedback.city.part import CityCode, Colour, Key, TimeOfDay

_SENTENCES = {
    # Files and their form.
    "missing_folder": "there is no such folder; name the folder that holds city.toml.",
    "missing_file": "the file is missing; every profile needs it (docs/city-profile.md).",
    "unknown_file": "no profile has a file of this name{meant}; rename or remove it.",
    "unreadable": "the file cannot be read ({reason}); correct its permissions.",
    "not_utf8": "the file is not UTF-8 text; save it as UTF-8.",
    "toml_syntax": "not valid TOML ({reason}, at {where}); correct the spelling there.",
    "misfit": "the profile does not have its shape ({reason}); correct it there.",
    # Keys and values.
    "unknown_key": 'unknown key "{key}"{meant}; correct or remove it.',
    "missing_key": '"{key}" is missing; add it.',
    "wrong_type": "this is a {found}, but a {wanted} is needed; write it so.",
    "not_one_of": '"{value}" is not allowed{meant}; write one of {known}.',
    "wrong_form": '"{value}" does not have the form {form}; write it so.',
    "too_long": "{length} characters are too many; shorten it to {most}.",
    "out_of_range": "{value} is outside the range{range}; choose a number within.",
    "no_entries": "the list is empty; add at least one entry.",
    "empty": "this is empty; write the text.",
    "duplicate": '"{key}" is there twice; keep one of them.',
    "inverted": "{start} to {end} ends before it begins; swap or correct them.",
    # Wording.
    "missing_wording": 'the wording in "{language}" is missing; every text needs every language of the city.',
    "unknown_language": '"{key}" is not one of the languages here ({known}); correct or remove it.',
    "few_keywords": '{found} keywords in "{language}" are too few; write at least {least}.',
    # References.
    "unknown_department": 'no department "{key}"{meant}; name one of departments.toml.',
    "unknown_service": 'no service "{key}"{meant}; name one of services.toml.',
    "unknown_zone": '"{zone}" is no time zone; write one of the IANA list, such as "Europe/Athens".',
    "not_a_web_address": '"{value}" is no web address; write one that begins with https://.',
    "not_a_mail_address": '"{value}" is not an e-mail address; write one such as "name@example.org".',
    # Services.
    "service_without_department": "the service has no department; add department, or not_offered.",
    "service_without_promise": "the service has no promise; add promise_days, or not_offered.",
    "offered_and_not_offered": (
        "it is offered and not offered at once; remove not_offered, or department and promise_days."
    ),
    # Rules in order.
    "unreachable": "never reached, since {by} before it already catches everything; move it up or remove it.",
    "reports_unrestricted": (
        "a report of misconduct could be seen by everybody; "
        'add a restriction whose when is nature = ["integrity_report"].'
    ),
    "kind_without_nature": 'the kind "{kind}" has no nature for all services; add a row for it without service.',
    "law_overlap": 'two rows hold for "{nature}" from {day} on, this and {other}; end one with valid_to.',
    "months_pause": "a time in months cannot stand still; count it in calendar days, or write pauses = false.",
    "needs_other": "it says nothing without {other}; add that, or leave this out.",
    # Calendar.
    "not_moved": "closed must be a weekday with office hours, and worked one without; correct the dates.",
    "on_or_every": "a closed day needs either on (a date) or every (month-day); give one of them.",
    "not_a_day": '"{value}" is no day of a year; write month and day, such as "11-11".',
    "no_office_hours": "no day has office hours, so nothing would ever be due; add them.",
    "hours_overlap": "{hours} overlap; correct them.",
    "hours_unsorted": "the hours are not in the order of the day; sort them.",
    # Look.
    "contrast": (
        "{colour} on {on_name} ({on}) has a contrast of {ratio}, at least {least} is needed; take a {cure} colour."
    ),
    "hue_near_error": (
        "its hue is {degrees}° from that of errors ({error}), at least {least}° is needed; take another hue."
    ),
    "mark_too_long": "{length} characters are too many for a mark; simplify it to {most}.",
    "mark_declaration": "comments, entities and declarations (<! or <?) are not allowed; remove them.",
    "mark_not_xml": "not valid SVG ({reason}); correct it.",
    "mark_root": 'the outermost element is {found}; it must be <svg xmlns="http://www.w3.org/2000/svg">.',
    "mark_not_square": 'the viewBox "{found}" is not square; give it one such as "0 0 40 40".',
    "mark_element": "<{element}> is not allowed; draw with {allowed}.",
    "mark_attribute": 'the attribute "{attribute}" is not allowed; draw with plain shapes and presentation attributes.',
    "mark_paint": '{attribute}="{value}" is not allowed; write currentColor or none.',
    "mark_value": '{attribute}="{value}" is not allowed; write numbers and words only.',
    "mark_text": "text is not allowed in the mark; remove it or draw it as a path.",
    # Policy and figures.
    "one_purpose": "gave_purpose must stand at exactly one commitment, here {found}; correct it.",
    "target_unit": "a target for {measure} needs {wanted}, here {found}; correct it.",
    "limits_not_rising": "hidden_below, count_only_below and few_below must rise, here {found}; correct them.",
    "policy_heading": '"{value}" is no heading of a commitment; write "## " and its id, and no other line with #.',
    "policy_markup": 'a line begins with "#", which only headings do; rephrase it.',
    "text_without_commitment": 'no commitment "{id}" in quality.toml{meant}; add it there or correct the heading.',
    "commitment_without_text": 'the text of commitment "{id}" is missing; add "## {id}" and its text.',
}

_FORMS: Final[dict[Any, str]] = {
    Key: "of 2 to 40 small letters, digits and hyphens, beginning with a letter",
    CityCode: "of 2 to 4 capital letters",
    Colour: "of # and six digits or small letters a to f, such as #1c4a86",
    TimeOfDay: "of hours and minutes, such as 08:00",
}
"""Patterns in words, for whoever is no programmer; a rarer one is shown as it is."""


def sentence(fault: CityFault) -> str:
    """One line for one fault: `services.toml: service[12] noise → department: no department "wrks"; …`."""
    where = ": ".join(part for part in (fault.file, fault.place) if part)
    what = _SENTENCES[fault.code].format(**_words_of(fault))
    return f"{where}: {what}" if where else what


def _words_of(fault: CityFault) -> dict[str, str]:
    words = {name: _join(fact) for name, fact in fault.facts.items()}
    words["meant"] = _meant(fault)
    if fault.code == "out_of_range":
        least, most = fault.facts["least"], fault.facts["most"]
        words["range"] = (f" from {least}" if least is not None else "") + (
            f" up to {most}" if most is not None else ""
        )
    if fault.code == "wrong_form":
        words["form"] = next(
            (said for form, said in _FORMS.items() if _pattern(form) == words["form"]), words["form"]
        )
    if fault.code == "contrast":
        words["cure"] = "lighter" if fault.facts["on_name"] == "mist_2" else "darker"
    if fault.code == "target_unit" and not fault.facts["wanted"]:
        words["wanted"] = "no target at all (it is a count)"
    return words


def _pattern(form: Any) -> str:
    return str(form.__metadata__[0].pattern)


def _meant(fault: CityFault) -> str:
    nearest = fault.facts.get("nearest")
    known = fault.facts.get("known")
    if nearest is None and isinstance(known, (tuple, list)):
        given = str(fault.facts.get("key", fault.facts.get("id", "")))
        nearest = next(iter(get_close_matches(given, [str(one) for one in known], n=1, cutoff=0.6)), "")
    return f' (did you mean "{nearest}"?)' if nearest else ""


def _join(fact: object) -> str:
    if isinstance(fact, (tuple, list)):
        return ", ".join(str(one) for one in fact) or "none"
    return str(fact)
