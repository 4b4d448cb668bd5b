"""Addresses that are no pages: static files, the city's colours, whether the process lives and can answer."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

from litestar import Request
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from feedback.city import versions
from portal.pages import Reply, Site, redirect
from portal.turns import in_turn
from portal.wire import Finished

PLAIN = "text/plain; charset=utf-8"

SITE: Final = "kanali.site"
"""Where a request's scope holds the site: the framework is the same for every installation."""


def site_of(request: Request[Any, Any, Any]) -> Site:
    """The site that a request is for."""
    site: Site = request.scope[SITE]  # type: ignore[typeddict-item]
    return site


_Endpoint = Callable[..., Coroutine[Any, Any, Finished]]


def get_only(path: str, endpoint: _Endpoint) -> HTTPRouteHandler:
    """A route that is only asked for."""
    return HTTPRouteHandler(path, http_method=["GET"], status_code=200)(endpoint)


def static_files() -> HTTPRouteHandler:
    """Our own files, found by name; the fingerprint in the question lets a browser keep them for good."""

    async def endpoint(request: Request[Any, Any, Any]) -> Finished:
        site = site_of(request)
        name = str(request.path_params["name"]).lstrip("/")
        asset = site.assets.files.get(name)
        if asset is None:
            raise HTTPException(status_code=404)
        is_current = request.query_params.get("v") == asset.fingerprint
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable" if is_current else "public, max-age=300",
            "Vary": "Accept-Encoding",
        }
        # Pages are never compressed: they hold codes and keys beside words that a stranger may have chosen.
        is_small = asset.gzipped and "gzip" in request.headers.get("accept-encoding", "")
        if is_small:
            headers["Content-Encoding"] = "gzip"
        content = asset.gzipped if is_small else asset.content
        return Finished(site.settings, Reply(content=content, media_type=asset.media_type, headers=headers))

    return get_only("/static/{name:path}", endpoint)


def city_css() -> HTTPRouteHandler:
    """The city's four colours as custom properties: the only style that is not a file."""

    async def endpoint(request: Request[Any, Any, Any]) -> Finished:
        name = str(request.path_params["name"])
        return await in_turn(lambda: _colours(site_of(request), name))

    return get_only("/city/{name:str}", endpoint)


def _colours(site: Site, name: str) -> Finished:
    number = name.removesuffix(".css")
    ruling = site.in_force.ruling()
    if name != f"{ruling.version_id}.css":
        return (
            Finished(site.settings, redirect(f"/city/{ruling.version_id}.css"))
            if number.isdigit()
            else Finished(site.settings, Reply(status=404))
        )
    colours = ruling.city.identity.colours
    css = (
        f":root{{--brand:{colours.brand};--brand-deep:{colours.brand_deep};--mist:{colours.mist};"
        f"--mist-2:{colours.mist_2};--govuk-brand-colour:{colours.brand};--govuk-link-colour:{colours.brand}}}\n"
    )
    kept = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Finished(
        site.settings, Reply(content=css.encode(), media_type="text/css; charset=utf-8", headers=kept)
    )


def live() -> HTTPRouteHandler:
    """Whether the process answers."""

    async def endpoint(request: Request[Any, Any, Any]) -> Finished:
        return Finished(site_of(request).settings, Reply(content=b"alive\n", media_type=PLAIN))

    return get_only("/health/live", endpoint)


def ready() -> HTTPRouteHandler:
    """Whether it can read its database."""

    async def endpoint(request: Request[Any, Any, Any]) -> Finished:
        return await in_turn(lambda: _readiness(site_of(request)))

    return get_only("/health/ready", endpoint)


def _readiness(site: Site) -> Finished:
    with site.database.read() as session:
        versions.current(session)
    return Finished(site.settings, Reply(content=b"ready\n", media_type=PLAIN))
