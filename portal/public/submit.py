"""The form by which people write to the city, and taking in what they send.

The order of a post is the design's ("Pressing send"): key, then whether it was used, then every fault at once,
then one write. Nothing typed is lost: a refusal shows the form again with the words and a key that works.

The empty form may be kept by the browser, and is posted to an address of its own (`?send`, which nothing reads): so
"back" after sending, or after a net that failed, leads to the same form with the same key, and sending it once more
makes no second case. Whatever holds somebody's words is never kept.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from msgspec import Struct

from feedback.city.part import KINDS
from feedback.city.profile import City, Service
from feedback.errors import Conflict, Expired, Fault, Invalid
from feedback.items import codes, find, sent
from feedback.items import submit as intake
from feedback.items.codes import KeyForeign
from feedback.items.held import LEAST
from feedback.items.sent import Sent
from feedback.items.submit import Key, Taken
from portal import access, languages, proof_of_work, uploads
from portal.files import FileGone
from portal.forms import FieldError, Form, errors_of
from portal.helper import Busy
from portal.item_words import kind_about, kind_word
from portal.languages import gettext as _
from portal.pages import Reply, Visit, redirect, render, route
from portal.public.screening import screen
from portal.public.stations import Station, stations_of
from portal.uploads import Brought, Held

_FIELDS = ("kind", "text", "service", "place", "lat", "lon", "name", "email", "phone")


class Choice(Struct, frozen=True):
    """One radio or option."""

    value: str
    label: str
    hint: str = ""
    group: str = ""


class Typed(Struct, frozen=True, kw_only=True):
    """The fields of the form as they were typed."""

    kind: str = ""
    text: str = ""
    service: str = ""
    place: str = ""
    lat: str = ""
    lon: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    is_anonymous: bool = False


class SubmitPage(Struct, frozen=True, kw_only=True):
    """The form with what was typed, what is wrong with it, and what will happen to it."""

    typed: Typed
    key: str
    kinds: list[Choice]
    services: list[Choice]
    stations: list[Station]
    text_most: int
    held: list[Held]
    """Files that were chosen before and are kept for an hour."""
    accept: str
    errors: list[FieldError]
    errors_title: str = ""
    is_sent_already: bool = False
    """The form's key was used: what is typed now goes as another message."""
    challenge: str = ""
    """The sum that this browser is asked to do before the message is taken in; empty: none."""
    challenge_most: int = proof_of_work.MOST
    """How many tries it takes at most."""
    carried: str = ""
    """What was typed, packed into one field: it goes along when the language is changed. Empty on an empty form."""


@route("/{language}/submit", "GET", "POST", policy="public", takes_files=True)
def submit(visit: Visit) -> Reply:
    if visit.method == "POST":
        return _post(visit)
    asked = {name: visit.query.get(name, "") for name in ("kind", "service")}
    kind = asked["kind"] if asked["kind"] in KINDS else ""
    service = asked["service"] if asked["service"] in visit.city.services else ""
    reply = _form(visit, Typed(kind=kind, service=service))
    reply.headers["Cache-Control"] = "private, no-cache"
    return reply


def _post(visit: Visit) -> Reply:
    typed = _typed(visit.form)
    if visit.form.flag(
        "carried"
    ):  # From a form in another language, or from a case that takes no more words.
        visit.form = _unpacked(visit.form)
        return _form(visit, _typed(visit.form))
    secret = visit.site.secret
    try:
        random = codes.check_key(secret.key, visit.form.text("key"), now=visit.now)
    except KeyForeign:
        return _expired(visit, typed, _("This form did not come from our page, or it came damaged."))
    except Expired:
        return _expired(visit, typed, _("This page was open for more than a day and has expired."))
    code = codes.code_of(secret.key, random)
    key = Key(codes.key_hash(random), codes.code_hash(secret.key, code), secret.id)
    brought = uploads.brought(visit)
    message, errors = _check(visit, typed, brought)
    taken: Taken | None = None
    try:
        if errors or brought:  # What was taken in already is told before faults of other words are.
            with visit.site.database.read() as session:
                taken = intake.find_taken(session, key_hash=key.key_hash, sent=message)
        if taken is None:
            made, faults = uploads.opened(brought)
            errors += uploads.errors_of(faults)
            if errors:
                return _form(visit, typed, status=422, errors=errors, held=uploads.hold(visit, brought, made))
            screened = screen(
                visit,
                bound_to=key.key_hash,
                open_for=visit.now - codes.issued_at(visit.form.text("key")),
                names_address=message.email != "",
            )
            if screened.challenge:
                with visit.site.database.read() as session:
                    taken = intake.find_taken(session, key_hash=key.key_hash, sent=message)
                if taken is not None:  # It has arrived already.
                    return _to_receipt(visit, random, taken)
                held = uploads.hold(visit, brought, made)
                reply = _form(visit, typed, status=429, challenge=screened.challenge, held=held)
                reply.headers["Retry-After"] = str(screened.wait)
                return reply
            files = uploads.lay_down(visit, brought, made)
            assert visit.ruling is not None
            prepared = intake.prepare(ruling=visit.ruling, sent=message, received_at=visit.now)
            with visit.site.database.write() as session:
                taken = intake.submit(
                    session,
                    prepared=prepared,
                    key=key,
                    files=files,
                    held=screened.held,
                    may_mail=screened.may_mail,
                    now=visit.now,
                )
            if taken.is_repeat:
                screened.counted.give_back()
    except Conflict:
        return _sent_already(visit, typed)
    except Busy:
        return _without_files(visit, typed, brought, "files_busy", status=503)
    except FileGone:
        return _without_files(visit, typed, brought, "files_gone", status=422)
    return _to_receipt(visit, random, taken)


def _without_files(visit: Visit, typed: Typed, brought: Brought, code: str, *, status: int) -> Reply:
    """The form with all that was typed; the files that were just chosen must be chosen again."""
    held = uploads.hold(visit, brought, [])
    reply = _form(visit, typed, status=status, errors=uploads.errors_of([Fault("files", code)]), held=held)
    if status == 503:
        reply.headers["Retry-After"] = "60"
    return reply


def _check(visit: Visit, typed: Typed, brought: Brought) -> tuple[Sent, list[FieldError]]:
    """The message tidied, or as it came with what is wrong with it."""
    message = Sent(
        kind=typed.kind,
        text=typed.text,
        service=typed.service,
        place=typed.place,
        lat=visit.form.decimal("lat"),
        lon=visit.form.decimal("lon"),
        name=typed.name,
        email=typed.email,
        phone=typed.phone,
        is_anonymous=typed.is_anonymous,
        language=visit.language,
        files=brought.marks,
    )
    errors: list[FieldError] = []
    try:
        message = sent.check(visit.city, message)
    except Invalid as refusal:
        errors = errors_of(refusal.faults)
    service = visit.city.services.get(typed.service.strip())
    if service is not None and not service.is_offered:
        errors.append(FieldError("service", _not_offered(service)))
    return message, errors


def _place_of(error: FieldError) -> int:
    """Where a field stands in the form; what is about none of them comes first."""
    order = (*_FIELDS[:6], "files", *_FIELDS[6:])
    return order.index(error.field) if error.field else -1


def _not_offered(service: Service) -> str:
    return _(
        "The municipality does not do this itself. %(where)s "
        "If you want us to read it all the same, choose “I am not sure”."
    ) % {"where": languages.in_language(service.not_offered)}


def _to_receipt(visit: Visit, random: str, taken: Taken) -> Reply:
    """On to the receipt. A repeated post shows the code only while the first one's would still be shown."""
    if taken.is_repeat:
        with visit.site.database.read() as session:
            received_at = find.get_for_citizen(session, item_id=taken.item_id).received_at
        if visit.now - received_at > access.RECEIPT_LIVES:
            return redirect(visit.here("/receipt"))
    return redirect(visit.here("/receipt"), cookies=access.receipt_cookies(visit, random))


def _expired(visit: Visit, typed: Typed, reason: str) -> Reply:
    message = _("%(reason)s Nothing was sent. Please check what you wrote and send it again.") % {
        "reason": reason
    }
    return _form(
        visit,
        typed,
        status=422,
        errors=[FieldError("", message)],
        errors_title=_("Please send it once more"),
    )


def _sent_already(visit: Visit, typed: Typed) -> Reply:
    """409: the key belongs to another message. Its number is not shown: somebody else may sit here now."""
    message = _(
        "A message was already sent from this page and has arrived. "
        "What you see below is different and was not sent. You can send it as another message."
    )
    return _form(
        visit,
        typed,
        status=409,
        errors=[FieldError("", message)],
        errors_title=_("This page was already sent"),
        is_sent_already=True,
    )


def _form(
    visit: Visit,
    typed: Typed,
    *,
    status: int = 200,
    errors: list[FieldError] | None = None,
    errors_title: str = "",
    is_sent_already: bool = False,
    challenge: str = "",
    held: list[Held] | None = None,
) -> Reply:
    """The form. `held`: its files, where the post has laid some down; otherwise those that it held before."""
    # Whoever gets the form back has had it open long enough.
    opened_at = visit.now if visit.method == "GET" else visit.now - LEAST
    errors = errors or []
    if held is None:
        held = uploads.hold(visit, uploads.brought(visit), []) if visit.method == "POST" else []
        if visit.form.files:
            errors = [*errors, *uploads.errors_of([Fault("files", "files_again")])]
    page = SubmitPage(
        typed=typed,
        key=visit.form.text("key") if challenge else codes.issue_key(visit.site.secret.key, now=opened_at),
        kinds=[Choice(kind, kind_word(kind), kind_about(kind)) for kind in KINDS],
        services=_services(visit.city),
        stations=stations_of(visit, kind=typed.kind, service=typed.service),
        text_most=sent.TEXT_MOST,
        held=held,
        accept=uploads.ACCEPT,
        errors=sorted(errors, key=_place_of),
        errors_title=errors_title,
        is_sent_already=is_sent_already,
        challenge=challenge,
        carried=_packed(typed, held) if visit.method == "POST" else "",
    )
    return render(visit, "public/submit.html", status=status, page=page)


def _typed(form: Form) -> Typed:
    return Typed(is_anonymous=form.flag("anonymous"), **{name: form.text(name) for name in _FIELDS})


def _unpacked(form: Form) -> Form:
    """The fields of a form that are sent with it, or packed as `SubmitPage.carried`."""
    return Form({**form.fields, **dict(parse_qsl(form.text("carried")))})


def _packed(typed: Typed, held: list[Held]) -> str:
    fields = {name: getattr(typed, name) for name in _FIELDS} | {one.field: one.note for one in held}
    return urlencode(fields | ({"anonymous": "yes"} if typed.is_anonymous else {}))


def _services(city: City) -> list[Choice]:
    """ "I am not sure" first, then the city's own in its order, then what others do."""
    offered = [s for s in city.service if s.is_offered]
    elsewhere = [s for s in city.service if not s.is_offered]
    return [
        Choice("", _("I am not sure")),
        *(Choice(s.key, languages.in_language(s.name)) for s in offered),
        *(Choice(s.key, languages.in_language(s.name), group=_("Done by others")) for s in elsewhere),
    ]
