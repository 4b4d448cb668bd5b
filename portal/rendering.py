"""Templates and static files: the one environment that renders pages and mails, and the files beside them.

What a page holds is its module's and its template's business; who may see it, `access.py`'s.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable, MutableMapping
from functools import lru_cache, partial
from typing import Any, ClassVar

import jinja2
from markupsafe import Markup
from msgspec import Struct

from portal import languages
from portal.settings import STATIC, TEMPLATES


class Asset(Struct, frozen=True):
    content: bytes
    gzipped: bytes
    """Smaller on the wire; empty where it would not be (fonts are compressed already)."""
    media_type: str
    fingerprint: str


class Assets:
    """Our static files, read once, with a fingerprint in their address so that they may be kept for ever."""

    _TYPES: ClassVar[dict[str, str]] = {
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".svg": "image/svg+xml; charset=utf-8",
        ".woff2": "font/woff2",
        ".txt": "text/plain; charset=utf-8",
        ".png": "image/png",
    }

    def __init__(self) -> None:
        self.files: dict[str, Asset] = {}
        for path in sorted(STATIC.rglob("*")):
            if path.is_file() and path.suffix in self._TYPES:
                content = path.read_bytes()
                mark = hashlib.sha256(content).hexdigest()[:12]
                smaller = b"" if path.suffix in (".woff2", ".png") else gzip.compress(content, mtime=0)
                name = path.relative_to(STATIC).as_posix()
                self.files[name] = Asset(content, smaller, self._TYPES[path.suffix], mark)

    def address(self, name: str) -> str:
        """The address of a file; refuses (KeyError) one that does not exist."""
        return f"/static/{name}?v={self.files[name].fingerprint}"


def make_templates(assets: Assets) -> jinja2.Environment:
    """The one environment that renders pages and mails: strict, escaping, speaking the current language."""
    environment = _Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=jinja2.select_autoescape(default=True, disabled_extensions=("txt",)),
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # A changed template is seen after the next start; no file is looked at for each page.
    )
    environment.newstyle_gettext = True  # type: ignore[attr-defined]  # the i18n extension adds it
    environment.globals |= {"_": _say, "gettext": _say, "ngettext": _say_many, "asset": assets.address}
    environment.globals["icon"] = lru_cache(maxsize=None)(partial(icon, assets.address("icons.svg")))
    filters: dict[str, Callable[..., Any]] = {
        "day_long": languages.day_long,
        "day_by": languages.day_by,
        "day_plain": languages.day_plain,
        "day_brief": languages.day_brief,
        "day_short": languages.day_short,
        "month": languages.month,
        "month_short": languages.month_short,
        "moment": languages.moment,
        "moment_long": languages.moment_long,
        "number": languages.number,
        "percent": languages.percent,
        "words": languages.in_language,
        "paragraphs": paragraphs,
    }
    for name, function in filters.items():
        environment.filters[name] = _unfolded(function)
    return environment


class _Environment(jinja2.Environment):
    """Templates share one dictionary of globals: Jinja compares it anew for each import of each page."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return super().make_globals(d) if d else self.globals


def icon(sprite: str, name: str) -> Markup:
    """`icon(name)` in templates: a symbol of static/icons.svg. A decoration beside a word, never alone.

    The symbols: request complaint idea criticism praise question · alert check done flag info lock eye clock pause
    calendar · inbox assign person people building · send hand-over note more plus cross undo again merge copy print
    attach · search filter bell mail phone place file image download forward withdraw previous next down.
    """
    return Markup(
        '<svg class="icon" aria-hidden="true" focusable="false" width="20" height="20"><use href="{}#{}"/></svg>'
    ).format(sprite, name)


def paragraphs(text: str) -> list[str]:
    """A person's words as paragraphs, for templates that print each in its own `<p>`."""
    return [part for part in re.split(r"\n\s*\n", text) if part.strip()]


def _unfolded(function: Callable[..., Any]) -> Any:
    """A filter that depends on the current language must not be folded at compile time: it takes the context."""

    @jinja2.pass_context
    def filtered(context: jinja2.runtime.Context, *arguments: Any, **named: Any) -> Any:
        return function(*arguments, **named)

    return filtered


@jinja2.pass_eval_context
def _say(evaluation: jinja2.nodes.EvalContext, message: str, **values: Any) -> str:
    """A message with its values; what is put in is escaped where the template escapes.

    The extension's own function does the same in three calls through the context: a page says forty messages.
    """
    text = languages.gettext(message)
    return (Markup(text) if evaluation.autoescape else text) % values


@jinja2.pass_eval_context
def _say_many(evaluation: jinja2.nodes.EvalContext, one: str, many: str, n: int, **values: Any) -> str:
    """A message in the plural form of `n`, which it may name as `num`."""
    text = languages.ngettext(one, many, n)
    return (Markup(text) if evaluation.autoescape else text) % {"num": n, **values}
