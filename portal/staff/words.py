"""What staff pages call things: states as the house sees them, natures, channels, languages, routes, roles.

Wording only. What a citizen reads of kinds, states and outcomes is in `portal/item_words.py`.
"""

from __future__ import annotations

from msgspec import Struct

from feedback.city.profile import City
from feedback.items.views import GrantView
from portal import languages
from portal.languages import gettext as _


class Mark(Struct, frozen=True):
    """A tag beside a name: its kind (`templates/macros/tags.html`) and its word."""

    kind: str
    text: str


class Option(Struct, frozen=True):
    """One of the things that can be chosen, and its word."""

    value: str
    label: str


def state_mark(state: str, department: str | None) -> Mark:
    """Where an item stands; received without a department is to be assigned."""
    if state == "received" and department is None:
        return Mark("to_assign", _("To assign"))
    word = {
        "received": _("New"),
        "open": _("In work"),
        "waiting": _("Waiting for the citizen"),
        "answered": _("Answered"),
        "closed": _("Closed"),
        "withdrawn": _("Withdrawn"),
        "merged": _("Joined with another case"),
        "void": _("Set aside"),
    }[state]
    return Mark(state, word)


def held_mark() -> Mark:
    """Beside the state, where a clerk looks at a message before its department gets it."""
    return Mark("held", _("Held"))


def held_reason(held: str) -> str:
    """Why a message is held, and what to look for."""
    return {
        "filled": _("A field was filled in that people do not see: it was probably sent by a program."),
        "quick": _("It was sent within three seconds of opening the form: probably by a program."),
        "unproven": _(
            "Many messages came from the same connection, and this one came without the small sum."
        ),
        "crowd": _("More messages came within an hour than usual from the whole municipality."),
    }[held]


def restricted_mark() -> Mark:
    """The mark of an item that only those named for it see."""
    return Mark("restricted", _("Restricted"))


def restricted_word(reason: str) -> str:
    """Why an item is restricted."""
    return {
        "named_official": _("It is about a named member of staff or official"),
        "health": _("It tells of somebody’s health"),
        "minors": _("It is about children or young people"),
        "integrity": _("It reports misconduct"),
    }[reason]


def named_word(city: City, grant: GrantView) -> str:
    """Who is named: a person, or the heads of a department."""
    if grant.department is None:
        return grant.account_name
    return _("Heads of: %(department)s") % {"department": department_name(city, grant.department)}


def nature_word(nature: str) -> str:
    """What the law takes an item for."""
    return {
        "service_request": _("Request for a service"),
        "statutory_request": _("Request under the law"),
        "document_request": _("Request for a document"),
        "complaint_service": _("Complaint about a service"),
        "complaint_act": _("Complaint about a decision"),
        "idea": _("Idea"),
        "opinion": _("Opinion"),
        "praise": _("Praise"),
        "question": _("Question"),
        "integrity_report": _("Report of misconduct"),
        "accessibility_request": _("Request about accessibility"),
        "data_subject_request": _("Request about personal data"),
        "open_data_request": _("Request for open data"),
    }[nature]


def channel_word(channel: str) -> str:
    """How an item came in."""
    return {
        "web": _("Web form"),
        "mail": _("E-mail"),
        "phone": _("Phone"),
        "counter": _("Counter"),
        "open311": _("Open311"),
        "api": _("Another system of the city"),
        "import": _("Taken over from another system"),
    }[channel]


def language_word(code: str) -> str:
    """A language by its name, where it is known."""
    return languages.name_of(code) or _("Another language")


def service_name(city: City, key: str | None) -> str:
    """The service of an item; one that the profile has no more is shown by its key."""
    if key is None:
        return _("No service")
    service = city.services.get(key)
    return languages.in_language(service.name) if service else key


def department_name(city: City, key: str | None) -> str:
    """The department of an item; one that the profile has no more is shown by its key."""
    if key is None:
        return _("Not assigned")
    department = city.departments.get(key)
    return languages.in_language(department.name) if department else key


def route_words(city: City, route: str) -> str:
    """Why an item is where it is."""
    if route.startswith("rule:"):
        rule = next((rule for rule in city.routing.rule if rule.key == route[5:]), None)
        return (
            languages.in_language(rule.reason)
            if rule
            else _("By a rule of the city: %(key)s") % {"key": route[5:]}
        )
    return {
        "service": _("By the service that was chosen"),
        "keywords": _("By words in the text"),
        "not_offered": _("Not assigned: the city does not offer this service"),
        "triage": _("Not assigned: no service was chosen and no word of the text decided"),
        "hand_over": _("Handed over by staff"),
        "second_look": _("As before: a second look was asked for"),
        "reopened": _("As before: staff reopened the case"),
        "import": _("Taken over from another system"),
    }.get(route, route)


def due_label(which: str) -> str:
    """The name of a clock, for lists."""
    return _("law") if which == "law" else _("promise")


def role_does(role: str) -> list[str]:
    """What a role does in Kanali, in sentences; what is not built yet is said as such."""
    return {
        "clerk": [
            _("You see the cases of all departments and those that no department has yet."),
            _("You assign cases, hand them over, ask, answer, and set spam and tests aside."),
            _("Restricted cases you see only where you are named for them."),
        ],
        "responder": [
            _("You see the cases of your departments."),
            _("You take them, ask the citizen, answer, or hand them over."),
            _("Restricted cases you see only where you are named for them."),
        ],
        "lead": [
            _("You see the cases of your departments and answer them or have them answered."),
            _("You see how satisfied the citizen was with each case."),
            _("Restricted cases you see only where you or the heads of your department are named for them."),
        ],
        "quality": [
            _("You will watch the measures, keep the quality record, and follow actions and reviews."),
            _("With this role you do not read any cases."),
            _(
                "The pages for this work are not built yet. What the city publishes is on its public quality page."
            ),
        ],
        "admin": [
            _("You will keep the accounts of staff and the profile of the city."),
            _("You see which other systems are told what happens to cases, and what did not reach them."),
            _("With this role you do not read any cases."),
            _(
                "The pages for this work are not built yet. Until then the operator does it with the kanali command."
            ),
        ],
        "auditor": [
            _("You will read the ledger and the quality record, and check them against each other."),
            _("With this role you do not read any cases."),
            _(
                "The pages for this work are not built yet. Until then the operator can run the check for you."
            ),
        ],
    }[role]
