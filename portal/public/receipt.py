"""The receipt: number, follow-up code, both dates, who answers and why. Shown for 15 minutes after sending.

The code is derived anew from the key in the cookie; nothing that is stored could show it. Without the cookie
the page says where the code goes.
"""

from __future__ import annotations

import io
from datetime import date, datetime

import segno
from msgspec import Struct

from feedback.city import versions
from feedback.city.profile import City, Department, Oversight
from feedback.errors import NotFound
from feedback.items import codes, find
from feedback.items.views import CycleView, ItemView
from feedback.outbox import deliver
from portal import access, languages
from portal.languages import gettext as _
from portal.languages import ngettext
from portal.pages import Reply, Visit, redirect, render, route
from portal.public.standing import Standing, standing_of

QR_INK = "#14272b"


class DueLine(Struct, frozen=True):
    """One of the two dates: the day, how it is counted, and what the law gives when it has passed."""

    due_on: date
    about: str
    remedy: str = ""


class ReceiptPage(Struct, frozen=True, kw_only=True):
    """What a person takes along; `code` is empty when the 15 minutes are over, and nothing else is shown then."""

    code: list[str]
    """The follow-up code in groups of four."""
    reference: str = ""
    received_at: datetime | None = None
    promise: DueLine | None = None
    law: DueLine | None = None
    department: Department | None = None
    """None: a clerk assigns it."""
    reason: str = ""
    """Why it went there."""
    readers: str = ""
    """Who alone reads it, where it is restricted; empty otherwise."""
    oversight: tuple[Oversight, ...] = ()
    standing: Standing | None = None
    masked_email: str = ""
    is_mailed: bool = False
    """False with an address: so many mails were asked for from this connection that none goes out."""


@route("/{language}/receipt", policy="public")
def receipt(visit: Visit) -> Reply:
    found = _find(visit)
    if found is None:
        return render(visit, "public/receipt.html", page=ReceiptPage(code=[]))
    code, item, city, is_mailed = found
    page = ReceiptPage(
        code=codes.in_groups(code).split(),
        reference=item.reference,
        received_at=item.received_at,
        promise=_promise(item.cycle, city),
        law=_law(item.cycle, city),
        department=city.departments.get(item.cycle.department or ""),
        reason=reason_of(item.cycle, city) if item.cycle.department or not item.restricted else "",
        readers=readers_of(item, city),
        oversight=city.identity.oversight,
        standing=standing_of(item, city, visit.now),
        masked_email=masked(item.contact.email) if item.contact and item.contact.email else "",
        is_mailed=is_mailed,
    )
    return render(visit, "public/receipt.html", page=page)


@route("/{language}/receipt/code.svg", policy="public")
def picture(visit: Visit) -> Reply:
    """The QR of the receipt: the track address with the code behind `#`, which no server ever sees."""
    random = access.receipt_key(visit)
    if random is None:
        raise NotFound("page_unknown")
    code = codes.code_of(visit.site.secret.key, random)
    address = f"{visit.site.settings.public_url}{visit.here('/track')}#{code}"
    drawn = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        drawn, kind="svg", xmldecl=False, border=2, dark=QR_INK, light="#ffffff", omitsize=True
    )
    return Reply(content=drawn.getvalue(), media_type="image/svg+xml; charset=utf-8")


@route("/{language}/receipt/case", "GET", "POST", policy="public")
def open_case(visit: Visit) -> Reply:
    """From the receipt straight to the case, without typing the code that stands there. A GET opens nothing."""
    if visit.method == "GET":
        return redirect(visit.here("/receipt"))
    found = _find(visit)
    if found is None:
        return redirect(visit.here("/track"))
    return redirect(visit.here("/track"), cookies=[access.item_cookie(visit, found[1].id)])


def reason_of(cycle: CycleView, city: City) -> str:
    """Why an item stands with its department, in the current language."""
    service = city.services.get(cycle.service or "")
    name = languages.in_language(service.name) if service else ""
    if cycle.route.startswith("rule:"):
        key = cycle.route.removeprefix("rule:")
        rule = next((rule for rule in city.routing.rule if rule.key == key), None)
        return languages.in_language(rule.reason) if rule else ""
    if cycle.route == "service" and name:
        return _("It went there because you chose the service “%(service)s”.") % {"service": name}
    if cycle.route == "keywords" and name:
        return _(
            "You chose no service. Going by your words, it is about “%(service)s”, so it went there."
        ) % {"service": name}
    if cycle.department is None:
        return _(
            "Your words do not show for certain which department answers. A clerk reads them and assigns "
            "the department. The time runs from the moment you sent them, not from then."
        )
    return ""


def readers_of(item: ItemView, city: City) -> str:
    """Who alone reads a restricted item, without naming anybody; empty where it is not restricted."""
    if item.restricted is None:
        return ""
    keepers = [
        languages.in_language(city.departments[key].name) for key in item.keepers if key in city.departments
    ]
    return _(
        "Your message is restricted. Only the heads of this unit read it, and whom they name: %(departments)s."
    ) % {"departments": ", ".join(keepers)}


def masked(email: str) -> str:
    """An address that its owner recognises and nobody else learns: `ma…@example.org`."""
    local, _at, host = email.rpartition("@")
    shown = local[:2] if len(local) > 3 else local[:1]
    return f"{shown}…@{host}"


def _find(visit: Visit) -> tuple[str, ItemView, City, bool] | None:
    """Code, item and ruling profile of the receipt that this browser may see, and whether it goes out by mail."""
    random = access.receipt_key(visit)
    if random is None:
        return None
    secret = visit.site.secret.key
    code = codes.code_of(secret, random)
    with visit.site.database.read() as session:
        item = find.get_received(session, code_hash=codes.code_hash(secret, code))
        if item is None:
            return None
        is_named = item.contact is not None and item.contact.email != ""
        is_mailed = is_named and deliver.count_kept_back(session, item_id=item.id) == 0
        return code, item, versions.get(session, item.cycle.city_version_id), is_mailed


def _promise(cycle: CycleView, city: City) -> DueLine | None:
    clock = cycle.clock("promise")
    if clock is None or clock.due_on is None:
        return None
    service = city.services.get(clock.rule_key.removeprefix("promise:"))
    if service is None or service.promise_days is None:
        return DueLine(clock.due_on, "")
    about = ngettext(
        "%(num)s working day for: %(service)s", "%(num)s working days for: %(service)s", service.promise_days
    ) % {"num": service.promise_days, "service": languages.in_language(service.name)}
    return DueLine(clock.due_on, about)


def _law(cycle: CycleView, city: City) -> DueLine | None:
    clock = cycle.clock("law")
    if clock is None or clock.due_on is None:
        return None
    law = city.find_law(clock.rule_key, clock.rule_version)
    if law is None:
        return DueLine(clock.due_on, "")
    match law.unit:
        case "working":
            count = ngettext("%(num)s working day", "%(num)s working days", law.days)
        case "calendar":
            count = ngettext("%(num)s day", "%(num)s days", law.days)
        case "months":
            count = ngettext("%(num)s month", "%(num)s months", law.days)
    about = f"{count % {'num': law.days}}, {languages.in_language(law.citation)}"
    return DueLine(clock.due_on, about, languages.in_language(law.remedy) if law.remedy else "")
