"""Deeds of the desk that have a page of their own, each with a reason: hand over, set aside, reopen, restrict, lift,
another legal nature, the time of the law.

Makes the page's Struct; the deeds themselves are called in `desk.py` and `restricted.py`.
"""

from __future__ import annotations

from msgspec import Struct

from feedback.city.part import NATURES, RESTRICTED
from feedback.city.profile import City
from feedback.deadlines.reckoning import Reckoning
from feedback.items import lengthen, restrict
from feedback.items.lifecycle import Move, may
from feedback.items.sent import REASON_MOST
from feedback.items.views import ItemView
from feedback.people.viewer import Viewer
from feedback.routing import match
from portal import item_words, languages
from portal.forms import FieldError, Form
from portal.languages import gettext as _
from portal.staff import law_words, words
from portal.staff.clash import Clash
from portal.staff.desk_page import Unsent
from portal.staff.words import Mark, Option


class Sheet(Struct, frozen=True):
    """Which deed; its path behind the item's address, and the move that it makes (None: it sets a mark)."""

    path: str
    move: Move | None = None


HAND_OVER = Sheet("hand-over", "hand_over")
VOID = Sheet("void", "void")
REOPEN = Sheet("reopen", "reopen")
RESTRICT, LIFT = Sheet("restrict"), Sheet("lift")
NATURE, DEADLINE = Sheet("nature"), Sheet("deadline")
FIELDS = ("department", "service", "restricted", "nature", "more", "days")
"""What the forms hold beside the reason."""


class Choice(Struct, frozen=True):
    """One thing to choose from a list."""

    name: str
    label: str
    options: list[Option]
    value: str


class SheetPage(Struct, frozen=True, kw_only=True):
    """The form of one deed."""

    reference: str
    title: str
    item_title: str
    item_href: str
    state: Mark
    explanation: list[str]
    action: str
    button: str
    is_destructive: bool
    version: int
    last_entry: int
    choices: list[Choice]
    """What is to be chosen for this deed."""
    asks_days: bool
    days: str
    """By how many the law's time is extended, as typed."""
    days_hint: str
    reason: str
    reason_hint: str
    limit: int
    errors: list[FieldError]
    clash: Clash | None
    unsent: list[Unsent]
    """What stands in the form because it could not be sent before."""
    discard: str
    """Where a text that was not sent is thrown away."""
    may_send: bool
    """The state still allows it; else the page only gives the words back."""


class KeptPage(Struct, frozen=True):
    """What was typed for a case that is not there (any more)."""

    text: str


def may_send(sheet: Sheet, item: ItemView, viewer: Viewer) -> bool:
    """Whether the item as it stands allows this deed to this person."""
    if sheet.move is not None:
        return may(item.state, sheet.move, is_held=item.held is not None)
    if sheet in (NATURE, DEADLINE):
        is_ruled = sheet == NATURE or item.cycle.clock("law") is not None
        return is_ruled and lengthen.may_lengthen(item.state, is_held=item.held is not None)
    if sheet == RESTRICT:
        return item.restricted is None and restrict.may_restrict(viewer)
    return item.restricted is not None and restrict.may_lift(item.restricted, item.grants, viewer)


def make_page(
    sheet: Sheet,
    item: ItemView,
    *,
    city: City,
    law: Reckoning,
    form: Form,
    errors: list[FieldError],
    clash: Clash | None,
    may_send: bool,
    trail: str,
    unsent: list[Unsent],
) -> SheetPage:
    """The page, with what was typed. `law`: how the law's clock stands."""
    service = words.service_name(city, item.cycle.service)
    title, explanation, button, hint = _words(sheet, item, city, law)
    query = f"?{trail}" if trail else ""
    asks_days = sheet == DEADLINE and law.extension_left > 0
    return SheetPage(
        reference=item.reference,
        title=title,
        item_title=item_words.title_of(item.text, otherwise=service),
        item_href=f"/staff/item/{item.reference}{query}",
        state=words.state_mark(item.state, item.cycle.department),
        explanation=explanation,
        action=f"/staff/item/{item.reference}/{sheet.path}{query}",
        button=button,
        is_destructive=sheet == VOID,
        version=item.version,
        last_entry=item.entries[-1].id if item.entries else 0,
        choices=[
            Choice(name, label, options, form.text(name))
            for name, label, options in _choices(sheet, item, city, law)
        ],
        asks_days=asks_days,
        days=form.text("days"),
        days_hint=_("At most %(time)s") % {"time": _time_left(law)} if asks_days else "",
        reason=form.text("reason"),
        reason_hint=hint,
        limit=REASON_MOST,
        errors=errors,
        clash=clash,
        unsent=unsent,
        discard=f"/staff/item/{item.reference}/discard{query}",
        may_send=may_send,
    )


def _words(sheet: Sheet, item: ItemView, city: City, law: Reckoning) -> tuple[str, list[str], str, str]:
    """Title, explanation, button, and who reads the reason."""
    public = _("The citizen can read the reason in the history of the case.")
    if sheet.move == "hand_over":
        clocks = _("The deadlines still count from the day of receipt. Another service changes the promise.")
        if item.cycle.department is None:
            return _("Assign to a department"), [clocks], _("Assign"), public
        now_at = _("It is now with: %(department)s.") % {
            "department": words.department_name(city, item.cycle.department)
        }
        return _("Hand over to another department"), [now_at, clocks], _("Hand over"), public
    if sheet.move == "void":
        explanation = [
            _(
                "For spam and tests only. The case counts nowhere, its deadlines stop, and its "
                "number stays taken."
            ),
            _("It can be undone at any time."),
        ]
        return _("Set the case aside"), explanation, _("Set the case aside"), _("Only staff read the reason.")
    if sheet == RESTRICT:
        explanation = [
            _(
                "From then on nobody finds or reads the case but the heads of the department that you choose, and "
                "whom they name. You do not see it any more either, unless you are one of them."
            ),
            _("It goes its way all the same: the deadlines run, and the citizen follows it with the code."),
        ]
        return (
            _("Restrict who sees the case"),
            explanation,
            _("Restrict"),
            _("Only those named read the reason."),
        )
    if sheet == NATURE:
        now_is = _("It is now: %(nature)s.") % {"nature": words.nature_word(item.cycle.nature)}
        rule = _("Another rule of law may hold then. The day from which it counts stays the same.")
        return _("Change the legal nature"), [now_is, rule], _("Change the nature"), public
    if sheet == DEADLINE:
        told = _("The citizen reads it in the history of the case, and by e-mail where an address was given.")
        return (
            _("The time of the law"),
            [*_deadline_words(law), told],
            _("Record and tell the citizen"),
            public,
        )
    if sheet == LIFT:
        explanation = [
            _("From then on the case is seen like any other: by its department and by every clerk."),
        ]
        return (
            _("Lift the restriction"),
            explanation,
            _("Lift the restriction"),
            _("Only staff read the reason."),
        )
    explanation = [
        _(
            "The answer stays in the history. The case goes back to the queue of its department "
            "and gets new deadlines."
        ),
    ]
    return _("Open the case again"), explanation, _("Open again"), public


def _deadline_words(law: Reckoning) -> list[str]:
    """What the row of law allows now."""
    found = []
    if law.due_on is not None:
        found.append(_("The answer is due by law on %(day)s.") % {"day": languages.day_long(law.due_on)})
    if not lengthen.open_to(law):
        found.append(_("The rule of law allows no more time, and asks for no notice."))
    if law.announce_by is not None:
        found.append(
            _("A delay must be announced by %(day)s. That gives no more time.")
            % {"day": languages.day_long(law.announce_by)}
        )
    return found


def _time_left(law: Reckoning) -> str:
    return law_words.time_text(law.extension_left, law.rule.unit if law.rule else "")


def _choices(sheet: Sheet, item: ItemView, city: City, law: Reckoning) -> list[tuple[str, str, list[Option]]]:
    """Name, label and options of what is to be chosen."""
    if sheet == RESTRICT:
        return [
            ("restricted", _("Why"), _grounds()),
            ("department", _("Whose heads see it"), _departments(sheet, city)),
        ]
    if sheet == HAND_OVER:
        now = words.service_name(city, item.cycle.service)
        return [
            ("department", _("Department"), _departments(sheet, city)),
            ("service", _("Service"), _services(city, now)),
        ]
    if sheet == NATURE:
        return [("nature", _("Nature by law"), _natures(item.cycle.nature))]
    return [("more", _("What is to be recorded"), _more(law))] if sheet == DEADLINE else []


def _natures(now: str) -> list[Option]:
    named = [Option(key, words.nature_word(key)) for key in NATURES if key != now]
    return [Option("", _("Choose a nature")), *named]


def _more(law: Reckoning) -> list[Option]:
    named = {
        "extended": _("Extend the time, by so many days"),
        "several": _("Several departments or authorities decide: %(time)s more")
        % {"time": law_words.time_text(law.several_days, law.rule.unit if law.rule else "")},
        "announced": _("Announce that the answer will be late"),
    }
    if law.rule is not None and law.rule.unit == "months":
        named["extended"] = _("Extend the time, by so many months")
    return [Option("", _("Choose one")), *(Option(key, named[key]) for key in lengthen.open_to(law))]


def _grounds() -> list[Option]:
    named = [Option(key, words.restricted_word(key)) for key in RESTRICTED]
    return [Option("", _("Choose why")), *named]


def _departments(sheet: Sheet, city: City) -> list[Option]:
    keys = match.keepers_of(city) if sheet == RESTRICT else list(city.departments)
    named = [Option(key, words.department_name(city, key)) for key in keys]
    if sheet == RESTRICT and len(named) == 1:
        return named
    return [Option("", _("Choose a department")), *named]


def _services(city: City, now: str) -> list[Option]:
    named = [Option(s.key, languages.in_language(s.name)) for s in city.service if s.is_offered]
    return [Option("", _("Leave as it is: %(service)s") % {"service": now}), *named]
