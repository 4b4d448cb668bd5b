"""Routes and pages: what a handler gets (`Visit`), what it gives back (`Reply`), and how a template is rendered.

A handler is a plain function that runs in a worker thread: it reads, calls one deed, chooses the page, returns.
Rendering gives bytes, so that a page is finished before its transaction commits. Who may call a route is said
by its policy and kept by `access.py`; refusals get their page in `error_pages.py`; both are put around the
handlers in `app.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import urlencode

import jinja2
from markupsafe import Markup
from msgspec import Struct, field
from msgspec.structs import replace

from feedback.city.profile import City
from feedback.city.versions import Ruling
from feedback.people.viewer import Viewer
from portal import languages
from portal.database import Database
from portal.files import Files
from portal.forms import Form
from portal.in_force import InForce
from portal.kept import Kept
from portal.languages import gettext as _
from portal.limits import Limits
from portal.oidc import Provider
from portal.rendering import Assets
from portal.secret import Secret
from portal.settings import Settings
from portal.source import UNKNOWN, Source

Policy = Literal["public", "code", "set-up", "staff", "desk", "quality", "admin", "auditor"]
"""Who may call a route: everybody; whoever opened an item; any signed-in account, even one that must set up its second
factor first; any signed-in account; roles with a desk; one role."""


class Site(Struct, kw_only=True):
    """The running portal: what every handler and every job needs. Made once a process."""

    settings: Settings
    database: Database
    secret: Secret
    clock: Callable[[], datetime]
    demonstration: bool
    assets: Assets
    templates: jinja2.Environment
    in_force: InForce
    limits: Limits
    files: Files
    provider: Provider | None = None
    """The city's own provider of identities, where one is configured."""
    frames: Kept = field(default_factory=lambda: Kept(256))
    """What stands around pages, by language and address."""
    rows: Kept = field(default_factory=lambda: Kept(4096))
    """Lines of lists."""

    def now(self) -> datetime:
        return self.clock()

    @property
    def asks_second_factor(self) -> bool:
        """Whether every account of staff must have a second factor; in a demonstration none must."""
        return self.settings.second_factor == "required" and not self.demonstration


class Visit(Struct, kw_only=True):
    """One request, as far as handlers care. It holds no browser of the person, and an address for limits only."""

    site: Site
    method: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    form: Form
    cookies: Mapping[str, str]
    accept_language: str
    is_fragment: bool
    """Asked by htmx: the same address may answer with a fragment."""
    is_machine: bool = False
    """It reads JSON and no pages: refusals are problem details (RFC 9457)."""
    now: datetime
    source: Source = Source(UNKNOWN)
    language: str = languages.SOURCE
    ruling: Ruling | None = None
    viewer: Viewer | None = None
    newcomer: Viewer | None = None
    """Who has signed in and must set up a second factor before anything else (policy `set-up`)."""
    confirmed_at: datetime | None = None
    """When password and factor were shown for a change of these; None where that is not or no longer so."""
    item_id: int | None = None
    """The item that this browser has opened by code or link (policy `code`)."""

    @property
    def city(self) -> City:
        assert self.ruling is not None
        return self.ruling.city

    @property
    def staff(self) -> Viewer:
        """The signed-in account; only on routes whose policy wants one."""
        assert self.viewer is not None
        return self.viewer

    def here(self, path: str) -> str:
        """An address of ours in the current language: `here("/track")`."""
        return f"/{self.language}{path}"


class Cookie(Struct, frozen=True, kw_only=True):
    """A cookie to set; `value` empty removes it. Name without prefix: `app.py` adds what the address allows."""

    name: str
    value: str
    path: str = "/"
    seconds: int = 0
    is_strict: bool = False


class Reply(Struct, kw_only=True):
    """What a handler gives back."""

    content: bytes = b""
    status: int = 200
    media_type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    cookies: list[Cookie] = field(default_factory=list)


class Route(Struct, frozen=True):
    """An address, its methods, who may call it, and the handler."""

    path: str
    methods: tuple[str, ...]
    policy: Policy
    handler: Callable[[Visit], Reply]
    takes_files: bool = False
    """Whether its form may come in parts, with files; everywhere else only plain fields are let in."""


SHAPES: Final = {
    "language": r"[a-z]{2,3}",
    "reference": r"[A-Z]{2,4}-[0-9]{4}-[0-9]{6,9}",
    "token": r"[A-Za-z0-9_-]{43}",
    "department": r"[a-z][a-z0-9-]{1,39}",
    "file": r"(photo|document)-[1-9][0-9]{0,3}(-small)?",
}
"""What a part of an address may look like; what has another shape names nothing and is looked up nowhere."""


def route(
    path: str, *methods: str, policy: Policy, takes_files: bool = False
) -> Callable[[Callable[[Visit], Reply]], Route]:
    """Declare a route. `{language}` in the path is one of the city's languages; each part has its shape."""
    assert set(re.findall(r"{(\w+)}", path)) <= SHAPES.keys(), f"{path} has a part without a shape"

    def declare(handler: Callable[[Visit], Reply]) -> Route:
        return Route(path, methods or ("GET",), policy, handler, takes_files)

    return declare


def template_pattern(path: str) -> re.Pattern[str]:
    """What the addresses of a route look like."""
    parts = re.split(r"({\w+})", path)
    return re.compile(
        "".join(SHAPES[p[1:-1]] if p.startswith("{") else re.escape(p) for p in parts), re.ASCII
    )


def is_machine(accept: str) -> bool:
    """Whether an Accept header asks for JSON and for no page."""
    kinds = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    return bool(kinds & {"application/json", "application/problem+json"}) and "text/html" not in kinds


def is_shaped(params: Mapping[str, str]) -> bool:
    """Whether each part of an address has its shape."""
    return all(re.fullmatch(SHAPES[name], value, re.ASCII) for name, value in params.items())


def redirect(address: str, *, cookies: list[Cookie] | None = None) -> Reply:
    """303 to an address of ours."""
    assert address.startswith("/")
    assert not address.startswith("//")
    return Reply(status=303, headers={"Location": address}, cookies=cookies or [])


def render(
    visit: Visit, template: str, *, status: int = 200, cookies: list[Cookie] | None = None, **page: Any
) -> Reply:
    """A page of this visit in its language, finished to bytes."""
    text = visit.site.templates.get_template(template).render(here=_here(visit), visit=visit, **page)
    return Reply(content=text.encode(), status=status, cookies=cookies or [])


# ── what every page shows around its content ────────────────────────────────────────────────────────────────


class PageLink(Struct, frozen=True):
    label: str
    href: str
    current: bool = False


class LanguageLink(Struct, frozen=True):
    code: str
    label: str
    href: str
    current: bool


class StaffBar(Struct, frozen=True):
    name: str
    role_label: str
    sections: list[PageLink]
    sign_out_key: str


class Here(Struct, frozen=True, kw_only=True):
    """What the frame of a page needs (`templates/base.html`, `templates/staff/base.html`), and its finished pieces."""

    language: str
    languages: list[LanguageLink]
    city_name: str
    channel_name: str
    city_mark: Markup
    city_css: str
    demonstration: bool
    navigation: list[PageLink]
    foot: list[list[PageLink]]
    address_lines: list[str]
    home_href: str
    path: str
    staff: StaffBar | None
    head: Markup = Markup()
    foot_begin: Markup = Markup()
    foot_end: Markup = Markup()


def _here(visit: Visit) -> Here:
    is_staff = visit.path.startswith("/staff")
    if visit.params.keys() - {"language"} or (visit.query and not is_staff):
        return _make_here(visit, is_staff=is_staff)  # Its address is one of many, and may be a key to a case.
    key = (
        visit.path,
        visit.method,
        languages.current(),
        languages.catalogue(languages.current()),
        visit.ruling.version_id if visit.ruling else 0,
        visit.site.demonstration,
        (visit.viewer.name, visit.viewer.role, visit.newcomer is None) if visit.viewer else None,
    )
    return visit.site.frames.get(key, lambda: _make_here(visit, is_staff=is_staff))


def _make_here(visit: Visit, *, is_staff: bool) -> Here:
    city, language = visit.city, visit.language
    here = Here(
        language=language,
        languages=[
            LanguageLink(code, languages.NAMES.get(code, code), _in_other(visit, code), code == language)
            for code in city.identity.languages
        ],
        city_name=languages.in_language(city.identity.name),
        channel_name=languages.in_language(city.identity.channel),
        city_mark=Markup(city.mark),  # `city check` allows plain shapes only
        city_css=f"/city/{visit.ruling.version_id if visit.ruling else 0}.css",
        demonstration=visit.site.demonstration,
        navigation=[
            PageLink(
                label,
                visit.here(path),
                visit.path == visit.here(path) or visit.path.startswith(visit.here(path) + "/"),
            )
            for label, path in (
                (_("Write to us"), "/submit"),
                (_("My case"), "/track"),
                (_("Service quality"), "/service-quality"),
                (_("Quality policy"), "/policy"),
            )
        ],
        foot=[
            [
                PageLink(_("Help and contact"), visit.here("/help")),
                PageLink(_("Quality policy"), visit.here("/policy")),
                PageLink(_("How each figure is counted"), visit.here("/service-quality/definitions")),
            ],
            [
                PageLink(_("Accessibility statement"), visit.here("/accessibility")),
                PageLink(_("Personal data"), visit.here("/privacy")),
                PageLink(_("For municipal staff"), "/staff/"),
            ],
        ],
        address_lines=[languages.in_language(city.identity.contact.address)],
        home_href=("/staff/" if is_staff else visit.here("/")),
        path=visit.path,
        staff=_staff_bar(visit) if is_staff and visit.viewer else None,
    )
    if is_staff:
        return here
    frame: Any = visit.site.templates.get_template("macros/frame.html").module
    return replace(
        here, head=frame.head(here), foot_begin=frame.foot_begin(here), foot_end=frame.foot_end(here)
    )


def _staff_bar(visit: Visit) -> StaffBar:
    viewer = visit.staff
    sections = []
    if viewer.has_desk:
        is_here = visit.path.startswith(("/staff/inbox", "/staff/item", "/staff/undelivered"))
        sections.append(PageLink(_("Cases"), "/staff/inbox", is_here))
    if viewer.role == "admin":
        sections.append(PageLink(_("Other systems"), "/staff/webhooks", visit.path == "/staff/webhooks"))
    return StaffBar(
        name=viewer.name,
        role_label=role_label(viewer.role),
        sections=sections if visit.newcomer is None else [],
        sign_out_key="",
    )


def role_label(role: str) -> str:
    """A role in words."""
    return {
        "clerk": _("Clerk"),
        "responder": _("Responder"),
        "lead": _("Head of department"),
        "quality": _("Quality manager"),
        "admin": _("Administrator"),
        "auditor": _("Auditor"),
    }[role]


def _in_other(visit: Visit, code: str) -> str:
    """This page in another language. An address that means nothing there leads to the home page."""
    parts = visit.path.split("/", 2)
    if len(parts) < 3 or parts[1] not in visit.city.identity.languages:
        return f"/{code}/"
    if visit.method != "GET" and parts[2] not in ("submit", "track"):
        return f"/{code}/"
    query = f"?{urlencode(visit.query)}" if visit.query and visit.method == "GET" else ""
    return f"/{code}/{parts[2]}{query}"
