"""For administrators: who is told of what by webhook, how that goes, and sending again what did not arrive.

Subscriptions are made, enabled and removed by the operator (`kanali webhook`), who hands the secret on.
"""

from __future__ import annotations

from msgspec import Struct

from feedback.errors import NotAllowed, NotFound
from feedback.ledger.notes import Actor
from feedback.webhooks import deliver, subscribe
from feedback.webhooks.deliver import Standing
from portal import languages
from portal.languages import gettext as _
from portal.languages import ngettext
from portal.pages import Reply, Visit, redirect, render, route


class Receiver(Struct, frozen=True, kw_only=True):
    """A subscription in words."""

    id: int
    url: str
    events: list[str]
    since: str
    disabled: str
    """That and why it is told nothing; empty where it is told."""
    counts: list[str]
    reason: str
    """Why the newest undelivered one is; empty where there is none."""
    may_send_again: bool


class WebhooksPage(Struct, frozen=True):
    """The subscriptions."""

    receivers: list[Receiver]
    status: str
    """What was just done; empty otherwise."""


@route("/staff/webhooks", "GET", "POST", policy="admin")
def webhooks(visit: Visit) -> Reply:
    """The subscriptions; a post sends again what one of them was not delivered."""
    if visit.method == "GET":
        return _page(visit)
    number = visit.form.number("subscription")
    if number is None:
        raise NotFound("webhook_unknown")
    try:
        with visit.site.database.write() as session:
            subscribe.tell_again(
                session,
                subscription_id=number,
                by=Actor("staff", visit.staff.account_id),
                now=visit.now,
            )
    except NotAllowed:  # Disabled since the page was made: it says so now.
        return _page(visit, 409)
    return redirect("/staff/webhooks?done=sent-again")


def _page(visit: Visit, status_code: int = 200) -> Reply:
    with visit.site.database.read() as session:
        found = deliver.standings(session)
    is_done = visit.query.get("done") == "sent-again"
    page = WebhooksPage(
        receivers=[_in_words(visit, one) for one in found],
        status=_("What was undelivered is on its way again.") if is_done else "",
    )
    return render(visit, "staff/webhooks.html", status=status_code, page=page)


def _in_words(visit: Visit, one: Standing) -> Receiver:
    zone, disabled = visit.city.zone, ""
    if one.disabled_at is not None:
        when = languages.moment(one.disabled_at, zone, visit.now)
        disabled = _(
            "Disabled since %(when)s: the receiver answered that it is gone (410). "
            "The operator can enable it: kanali webhook enable %(number)s"
        ) % {"when": when, "number": one.id}
    return Receiver(
        id=one.id,
        url=one.url,
        events=[_event_word(event) for event in one.events],
        since=languages.moment(one.made_at, zone, visit.now),
        disabled=disabled,
        counts=[
            ngettext("%(num)s webhook sent in 30 days", "%(num)s webhooks sent in 30 days", one.sent)
            % {"num": languages.number(one.sent)},
            ngettext("%(num)s waiting", "%(num)s waiting", one.waiting)
            % {"num": languages.number(one.waiting)},
            ngettext("%(num)s undelivered", "%(num)s undelivered", one.undelivered)
            % {"num": languages.number(one.undelivered)},
        ],
        reason=_reason_words(one.reason) if one.reason else "",
        may_send_again=bool(one.undelivered) and one.disabled_at is None,
    )


def _event_word(event: str) -> str:
    return {
        "item.received": _("case received"),
        "item.routed": _("case sent to a department"),
        "item.answered": _("case answered"),
        "item.closed": _("case ended"),
        "item.overdue": _("case overdue"),
        "record.closed": _("month of the quality record closed"),
    }.get(event, event)


def _reason_words(code: str) -> str:
    if code.startswith("http_"):
        return _("The receiver answered %(number)s.") % {"number": code[5:]}
    return {
        "not_public": _("The name of the receiver stands for an address that is not public."),
        "name_unknown": _("The name of the receiver is not known."),
        "unreachable": _("Nothing answers at the receiver’s address."),
        "tls_failed": _("The certificate of the receiver does not prove its name."),
        "connection_lost": _("The receiver hung up."),
        "too_slow": _("The receiver took longer than ten seconds."),
        "disabled": _("The subscription was disabled while they waited."),
    }.get(code, _("The program could not send it. The operator finds the fault in the log."))
