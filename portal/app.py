"""The composition root of the web process: routes, the one wrapper around every handler, headers, static files.

A handler runs in a thread of our own executor: one hop a request. The event loop only reads the request and
sends the finished bytes; it never opens a session, waits for a lock, renders or hashes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from typing import Any

from litestar import Litestar, Request
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from feedback.errors import DomainError, NotFound
from portal import access, error_pages, languages, security
from portal.asides import SITE, city_css, get_only, live, ready, site_of, static_files
from portal.edge import BODY, BODY_MOST, FIELDS_MOST, METHODS, SOURCE, App, Edge
from portal.engines import is_busy
from portal.forms import Form
from portal.pages import Reply, Route, Site, Visit, is_machine, is_shaped, redirect, template_pattern
from portal.parts import PartsBroken, PartsTooLarge, take_apart
from portal.public import (
    confirm,
    home,
    information,
    log_head,
    policy,
    receipt,
    service_quality,
    submit,
    survey,
    track,
)
from portal.source import UNKNOWN, Source
from portal.staff import (
    account,
    authenticator,
    desk,
    inbox,
    provider,
    restricted,
    second_factor,
    second_step,
    sign_in,
    undelivered,
    webhooks,
    welcome,
)
from portal.traffic import Traffic
from portal.turns import in_turn
from portal.wire import COOKIES, Finished, cookie_prefix, unchanged

BROKEN = Reply(
    status=503,
    headers={"Retry-After": "60"},
    content=(
        "<!doctype html><html lang=el><meta charset=utf-8><title>Kanali</title>"
        "<h1>Η υπηρεσία δεν απαντά αυτή τη στιγμή</h1><p>Δοκιμάστε ξανά σε λίγα λεπτά.</p>"
        "<h1 lang=lt>Paslauga šiuo metu neveikia</h1><p lang=lt>Bandykite dar kartą po kelių minučių.</p>"
        "<h1 lang=en>The service does not answer at this moment</h1>"
        "<p lang=en>Please try again in a few minutes.</p>"
    ).encode(),
)
"""Where no page can be made because the database is gone: in every language, since nobody knows the person's."""

_log = logging.getLogger("kanali")


def routes() -> list[Route]:
    """Every route of the portal."""
    modules: tuple[Any, ...] = (
        home,
        submit,
        receipt,
        track,
        confirm,
        survey,
        service_quality,
        policy,
        information,
        log_head,
        sign_in,
        second_step,
        welcome,
        provider,
        inbox,
        desk,
        undelivered,
        webhooks,
        restricted,
        account,
        second_factor,
        authenticator,
    )
    return [value for module in modules for value in vars(module).values() if isinstance(value, Route)]


def create_app(site: Site, *, also: tuple[Route, ...] = ()) -> App:
    """The ASGI application of an installation; who calls closes the database. `also`: routes to try something."""

    async def refuse(scope: Any, status: int) -> Finished:
        return await in_turn(lambda: _refused_at_the_edge(site, scope, status))

    def broken(error: Exception) -> Finished:
        _log.error("no page could be made", exc_info=error)
        return Finished(site.settings, BROKEN)

    framework = _framework(also)
    with_files = [template_pattern(route.path) for route in routes() if route.takes_files]

    async def of_this_site(scope: Any, receive: Any, send: Any) -> None:
        scope[SITE] = site
        await framework(scope, receive, send)

    def takes_files(path: str) -> bool:
        return any(pattern.fullmatch(path) for pattern in with_files)

    edge = Edge(of_this_site, site.settings, refuse=refuse, broken=broken, takes_files=takes_files)
    # Around everything, so that an address which is none is numbered and counted like a page.
    return Traffic(edge, [route.path_format for route in framework.routes])


@cache
def _framework(also: tuple[Route, ...]) -> Litestar:
    handlers: list[Any] = [_handler(route) for route in (*routes(), *also)]
    handlers += [_root(), static_files(), city_css(), live(), ready()]

    def refused(request: Request[Any, Any, Any], error: Any) -> _Later:
        return _Later(lambda: _refused(site_of(request), request, error))

    refusals: dict[int | type[Exception], Any] = {Exception: refused}
    return Litestar(
        route_handlers=handlers,
        exception_handlers=refusals,
        openapi_config=None,
        logging_config=None,
        request_max_body_size=BODY_MOST,
        multipart_form_part_limit=FIELDS_MOST,
    )


def _handler(route: Route) -> HTTPRouteHandler:
    is_post = "POST" in route.methods

    async def endpoint(request: Request[Any, Any, Any]) -> Finished:
        form = Form({})
        if is_post and request.method == "POST" and BODY not in request.scope:
            try:
                data = await request.form()
            except (LookupError, ValueError, RecursionError) as fault:  # A body that is no form.
                raise HTTPException(status_code=400) from fault
            form = Form({name: value for name, value in data.items() if isinstance(value, str)})
        return await in_turn(lambda: _answer(site_of(request), route, request, form))

    path = "/".join(
        f"{{{part[1:-1]}:str}}" if part.startswith("{") else part for part in route.path.split("/")
    )
    name = f"{route.handler.__module__}.{route.handler.__name__}"
    return HTTPRouteHandler(path, http_method=[*route.methods], name=name, status_code=200)(endpoint)  # type: ignore[list-item]


class _Later:
    """A refusal that is made in a thread when it is sent: Litestar calls exception handlers on the event loop."""

    def __init__(self, work: Callable[[], Finished]) -> None:
        self._work = work

    def to_asgi_response(self, *arguments: Any, **named: Any) -> Any:
        """As Litestar asks for it; nothing that it knows of the request is needed."""
        return self._send

    async def _send(self, scope: Any, receive: Any, send: Any) -> None:
        made = await in_turn(self._work)
        await made(scope, receive, send)


def _answer(site: Site, route: Route, request: Request[Any, Any, Any], form: Form) -> Finished:
    """Admit, handle, and turn a refusal into its page: the one wrapper that all routes share."""
    scope: dict[str, Any] = request.scope  # type: ignore[assignment]  # with keys of ours
    body = scope.pop(BODY, None)
    if body is not None:
        try:
            form = take_apart(body, request.headers.get("content-type", ""))
        except (PartsBroken, PartsTooLarge) as fault:
            status = 413 if isinstance(fault, PartsTooLarge) else 400
            raise HTTPException(status_code=status) from fault
        del body  # Some megabytes, which its parts hold once more.
    visit = _visit(site, request, form)
    try:
        if "{language}" in route.path and visit.params["language"] not in visit.city.identity.languages:
            raise NotFound("page_unknown")
        if visit.method == "POST":
            access.check_origin(
                visit,
                origin=request.headers.get("origin", ""),
                fetch_site=request.headers.get("sec-fetch-site", ""),
            )
        access.admit(visit, route)
        if not is_shaped(visit.params):  # Names nothing: not even looked up.
            raise NotFound("page_unknown")
        if visit.viewer is not None:
            visit.language = visit.viewer.language
        with languages.speaking(visit.language):
            reply = route.handler(visit)
    except DomainError as refusal:
        security.refused(refusal, is_staff=visit.viewer is not None)
        if visit.viewer is not None:
            visit.language = visit.viewer.language
        with languages.speaking(visit.language):
            reply = error_pages.answer(visit, refusal)
    return Finished(site.settings, unchanged(reply, request.headers.get("if-none-match", "")))


def _visit(site: Site, request: Request[Any, Any, Any], form: Form | None = None) -> Visit:
    sent = request.cookies
    visit = Visit(
        site=site,
        method=str(request.method),
        path=request.scope["path"],
        params={name: str(value) for name, value in request.scope.get("path_params", {}).items()},
        query={name: str(value) for name, value in request.query_params.items()},
        form=form or Form({}),
        cookies={
            name: sent[full]
            for name, path in COOKIES.items()
            if (full := cookie_prefix(path, is_https=site.settings.is_https) + name) in sent
        },
        accept_language=request.headers.get("accept-language", ""),
        is_machine=is_machine(request.headers.get("accept", "")),
        is_fragment=request.headers.get("hx-request") == "true",
        now=site.now(),
        source=sent_by if isinstance(sent_by := request.scope.get(SOURCE), Source) else Source(UNKNOWN),
    )
    visit.ruling = site.in_force.ruling()
    offered = visit.city.identity.languages
    first = visit.path.split("/", 2)[1]
    visit.language = first if first in offered else languages.choose(visit.accept_language, offered)
    return visit


def _refused(site: Site, request: Request[Any, Any, Any], error: Exception) -> Finished:
    """What no handler could answer: an unknown address, a body that can't be read, a fault of ours."""
    visit = _visit(site, request)
    with languages.speaking(visit.language):
        if isinstance(error, HTTPException) and error.status_code in (404, 405):
            reply = error_pages.answer(visit, NotFound("page_unknown"))
        elif isinstance(error, HTTPException) and error.status_code == 413:
            reply = error_pages.too_large(visit)
        elif isinstance(error, HTTPException):
            reply = error_pages.faulty_request(visit)
        elif is_busy(error):
            _log.warning("too busy")
            reply = error_pages.too_busy(visit)
        else:
            _log.error("fault", exc_info=error)
            reply = error_pages.broken(visit)
    return Finished(site.settings, reply)


def _refused_at_the_edge(site: Site, scope: Any, status: int) -> Finished:
    """The page of a request that came no further, in a language that can be told from it."""
    first = str(scope["path"]).split("/", 2)[1:2]
    is_plain = bool(first) and first[0].isascii() and first[0].isalpha()
    understood = (b"accept", b"accept-language")
    headers = [(name, value) for name, value in scope["headers"] if name in understood and value.isascii()]
    path = f"/{first[0]}/" if is_plain else "/"
    understood_scope: Any = {**scope, "path": path, "query_string": b"", "headers": headers}
    visit = _visit(site, Request(understood_scope))
    with languages.speaking(visit.language):
        reply = error_pages.at_the_edge(visit, status)
    if status == 405:
        reply.headers["Allow"] = ", ".join(sorted(METHODS))
    return Finished(site.settings, reply)


def _root() -> HTTPRouteHandler:
    async def endpoint(request: Request[Any, Any, Any]) -> Finished:
        site = site_of(request)
        return await in_turn(lambda: Finished(site.settings, redirect(f"/{_visit(site, request).language}/")))

    return get_only("/", endpoint)
