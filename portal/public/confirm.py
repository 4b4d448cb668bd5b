"""Links from our mails: "this is my address" and "open my case".

A GET changes nothing and opens nothing, since programs that follow links in mails do that; a button does.
"""

from __future__ import annotations

from msgspec import Struct

from feedback.items import converse, find
from feedback.limits.rules import LINKS
from portal import access
from portal.pages import Reply, Visit, redirect, render, route


class LinkPage(Struct, frozen=True, kw_only=True):
    """A link of a mail: what its button does, or that it was done."""

    purpose: str
    """confirm or open"""
    token: str
    reference: str
    is_done: bool = False


@route("/{language}/confirm/{token}", "GET", "POST", policy="public")
def confirm(visit: Visit) -> Reply:
    """The address is confirmed by the button. Refuses NotFound (a foreign link), Expired (48 hours), Limited."""
    token = visit.params["token"]
    if visit.method == "POST":
        visit.site.limits.take(LINKS, visit.source)
        with visit.site.database.write() as session:
            item_id = converse.confirm_address(session, token=token, now=visit.now)
        with visit.site.database.read() as session:
            reference = find.get_for_citizen(session, item_id=item_id).reference
        return _page(visit, "confirm", token, reference, is_done=True)
    return _page(visit, "confirm", token, _reference(visit, "confirm", token))


@route("/{language}/open/{token}", "GET", "POST", policy="public")
def open_case(visit: Visit) -> Reply:
    """The case is opened by the button. Refuses NotFound (a foreign link), Expired, Limited."""
    token = visit.params["token"]
    if visit.method == "POST":
        visit.site.limits.take(LINKS, visit.source)
        with visit.site.database.read() as session:
            item_id, _contact = converse.find_link(session, purpose="open", token=token, now=visit.now)
        return redirect(visit.here("/track"), cookies=[access.item_cookie(visit, item_id)])
    return _page(visit, "open", token, _reference(visit, "open", token))


def _reference(visit: Visit, purpose: str, token: str) -> str:
    with visit.site.database.read() as session:
        item_id, _target = converse.find_link(session, purpose=purpose, token=token, now=visit.now)
        return find.get_for_citizen(session, item_id=item_id).reference


def _page(visit: Visit, purpose: str, token: str, reference: str, *, is_done: bool = False) -> Reply:
    page = LinkPage(purpose=purpose, token=token, reference=reference, is_done=is_done)
    return render(visit, "public/confirm.html", page=page)
