"""Every page of the public part in each of its states, as citizens come upon them."""

from __future__ import annotations

from contextlib import suppress

import pytest

from feedback.errors import Conflict, DomainError, Expired, MoveRefused, NotAllowed, NotFound
from feedback.items.tables import Contact
from feedback.items.triage import reopen
from feedback.ledger.notes import Actor
from feedback.limits.rules import FOLLOW_UP_CODE, SUBMISSION, Limited
from feedback.satisfaction.respond import COMMENT_MOST
from portal import error_pages, languages, proof_of_work
from portal.access import OriginForeign
from portal.forms import Form
from portal.pages import Visit
from portal.public.quality_view import CHOSEN
from portal.source import Source
from tests.attached import document, photo, vast
from tests.feedback.custody.lived import ask_how_it_went
from tests.feedback.quality import made
from tests.town import BASE, Browser, Report
from tests.upkeep.pseudo import marked
from tests.upkeep.tour import WORDS, Tour

FULL: made.Numbers = {
    "received": (263,),
    "answered": (251,),
    "second_looks": (12,),
    "in_time_law": (251, 241),
    "in_time_promise": (251, 198),
    "time_to_answer": (251, 1860, 5760),
    "satisfied_outcome": (80, 61, 4, 212, 84),
    "satisfied_handling": (82, 70, 2, 212, 84),
}
FEW: made.Numbers = {
    "received": (25,),
    "answered": (1,),
    "second_looks": (0,),
    "in_time_law": (20, 20),
    "in_time_promise": (7, 7),
    "time_to_answer": (4, 50, 100),
    "satisfied_outcome": (4, 3, 1, 12, 5),
}


def empty_house(tour: Tour) -> None:
    """Before anybody has written: every page that needs nothing."""
    browser = tour.visitor()
    for path in ("/", "/submit", "/receipt", "/track", "/help", "/accessibility", "/privacy", "/policy"):
        assert browser.get(path).status == 200, path
    for path in ("/service-quality", "/service-quality/dept-a", "/service-quality/definitions"):
        assert browser.get(path).status == 200, path
    for path in ("/nowhere", "/service-quality/nowhere", "/receipt/code.svg", "/confirm/x", "/open/x"):
        assert browser.get(path).status == 404, path
    assert browser.get("/survey/x").status == 404
    assert browser.get("/data/log-head.json").status == 200
    assert browser.get("/survey/mine").status == browser.post("/track/withdraw").status == 303


def form(tour: Tour) -> None:
    """The form with every fault that it can have."""
    browser = tour.visitor()
    browser.get("/submit", kind="request", service="noise")
    browser.get("/submit", kind="idea")
    many = marked("x" * 5000)
    faulty: list[dict[str, str]] = [
        {"email": "nobody", "phone": "x"},
        {"kind": "riot", "text": f"{WORDS}\x00", "service": "x", "email": "a@b", "phone": "1" * 50},
        {"kind": "idea", "text": many, "service": "water-supply", "place": many, "name": many},
        {"kind": "idea", "text": marked("x" * 3999), "lat": "200", "lon": "200"},
    ]
    for fields in faulty:
        assert browser.sends(**fields).status == 422
    _files(tour, browser)
    key = browser.get("/submit").value("key")
    assert browser.post("/submit", key="x", kind="idea", text=WORDS).status == 422
    assert browser.post("/submit", key=key, kind="idea", text=WORDS).status == 303
    assert browser.post("/submit", key=key, kind="idea", text=marked("other")).status == 409
    key = browser.get("/submit").value("key")
    tour.later(hours=25)
    assert browser.post("/submit", key=key, kind="idea", text=WORDS).status == 422
    assert browser.post("/submit", origin="https://elsewhere.example.org", key=key).status == 403
    busy = tour.visitor()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proof_of_work, "LEAST", 10**9)  # Whoever looks at the kept page has time for it.
        patch.setattr(proof_of_work, "MOST", 2 * 10**9)
        sent = [busy.sends(kind="idea", text=WORDS) for _ in range(SUBMISSION.most + 1)]
    assert [page.status for page in sent] == [303] * SUBMISSION.most + [429]
    headers, submit = {"Origin": BASE}, f"/{tour.language}/submit"
    large = browser.client.post(submit, data={"text": "x" * 300_000}, headers=headers)
    many_fields = browser.client.post(submit, files={str(n): b"x" for n in range(80)}, headers=headers)
    assert (large.status_code, many_fields.status_code) == (413, 400)
    elsewhere = browser.client.get(submit, headers={"Host": "elsewhere.example.org"})
    assert (elsewhere.status_code, browser.client.put(submit).status_code) == (421, 405)


def _files(tour: Tour, browser: Browser) -> None:
    """Every refusal of files that can be had without making large ones, and files that wait for the next try."""
    strange = (b"strange", photo(8, 8)[:200], vast(), b"x" * 10_000_001)
    assert browser.sends(*strange[:3], kind="idea", text=WORDS).status == 422
    assert browser.sends(strange[3], kind="idea", text=WORDS).status == 422
    assert browser.sends(*strange[:1] * 6, kind="idea", text=WORDS).status == 422
    again = browser.sends(photo(8, 8), document(), kind="", text=WORDS)
    assert again.status == 422
    assert browser.attach("/submit", photo(8, 8), key="x", kind="idea", text=WORDS).status == 422
    carried = browser.post("/submit", carried=again.value("carried"), text=WORDS)
    assert carried.value("held2"), "the files go along into another language"
    gone = browser.post("/submit", key=again.value("key"), kind="idea", text=WORDS, held1="x", leave2="yes")
    assert gone.status == 422


def receipts(tour: Tour) -> None:
    """A receipt for each way to a department, and without one."""
    tour.reports(kind="idea")
    tour.citizen_reports(WORDS, kind="praise", service="noise", anonymous="yes")
    tour.reports(kind="complaint", service="street-lighting")
    tour.reports(marked("a deep pothole"), kind="question")
    report = tour.reports(service="street-lighting")
    assert report.browser.get("/receipt/code.svg").status == 200
    assert report.browser.get("/receipt/case").status == 303
    assert report.browser.post("/receipt/case").status == 303
    assert tour.visitor().post("/receipt/case").status == 303


def code(tour: Tour) -> None:
    """The field for the code, with all that can be wrong; words that wait for it."""
    report = tour.reports(service="roads")
    browser = tour.visitor()
    wrong = "".join(reversed(report.code))
    for typed in ("", wrong, "0" * 28):
        assert browser.post("/track", code=typed).status == 422
    for act in ("reply", "add", "second-look"):
        assert browser.get(f"/track/{act}").status == 303
        assert browser.post(f"/track/{act}", text=WORDS).status == 422
    assert browser.post("/track", code=report.code, act="add", text=WORDS).status == 200
    assert browser.post("/track/leave").status == 303
    for _ in range(FOLLOW_UP_CODE.most):
        with suppress(Limited):
            tour.site.limits.take(FOLLOW_UP_CODE, Source(browser.address))
    assert browser.post("/track", code=report.code, act="add", text=WORDS).status == 429


def cases(tour: Tour) -> None:
    """The page of a case in every state, and every act on it."""
    first, second = tour.account(name=marked("Una")), tour.account(name=marked("Otto"))
    report = tour.reports(service="street-lighting")
    citizen = report.opened()
    _look(citizen)
    _look(tour.reports(marked("Good day")).opened())
    _look(tour.reports(kind="idea").opened())
    tour.takes(report, by=first)
    _look(citizen)
    for path in ("/track/add", "/track/withdraw"):
        assert citizen.get(path).status == 200
    for text in ("", marked("x" * 5000)):
        assert citizen.post("/track/add", text=text).status == 422
    for path in ("/track/reply", "/track/leave"):
        assert citizen.get(path).status == 303
    assert citizen.attach("/track/add", photo(30, 20), document(), text=WORDS).status == 303
    assert citizen.attach("/track/add", b"strange", text=WORDS).status == 422
    for name in ("photo-1", "photo-1-small", "document-1"):
        assert citizen.get(f"/track/file/{name}").status == 200
    tour.asks(report, WORDS, by=first)
    _look(citizen)
    assert citizen.post("/track/reply", text="").status == 422
    late = tour.visitor()
    assert late.post("/track", code=report.code, act="reply", text=WORDS).status == 200
    tour.later(days=2)
    assert citizen.post("/track/reply", text=WORDS, follow=True).status == 200
    tour.hands_over(report, "dept-b", reason=WORDS)
    tour.later(days=40)
    _look(citizen)
    tour.answers(report, WORDS, outcome="planned", planned_on=tour.today, by=first)
    _look(citizen)
    assert citizen.get("/track/second-look").status == 200
    assert citizen.post("/track/second-look", text="").status == 422
    assert citizen.post("/track/second-look", text=WORDS, follow=True).status == 200
    _look(citizen)
    tour.answers(report, WORDS, outcome="not_ours", forwarded_to=marked("The harbour"), by=second)
    _look(citizen)
    assert citizen.post("/track/withdraw").status == 409
    for outcome in ("done", "explained", "declined"):
        other = tour.reports(kind="question", service="noise")
        tour.asks(other, WORDS, by=first)
        tour.later(days=1)
        _look(other.opened())
        tour.answers(other, WORDS, outcome=outcome, by=first)
        _look(other.opened())
    _answer_to_a_question_that_nobody_replied_to(tour, first)
    _ends(tour, report)


def links(tour: Tour) -> None:
    """Links of mails: to confirm, to open; done, and over."""
    report = tour.reports()
    for purpose in ("confirm", "open"):
        path = tour.link(report, purpose)
        assert tour.visitor().get(path).status == 200
        assert tour.visitor().post(path).status == (200 if purpose == "confirm" else 303)
        ended = tour.link(report, purpose)
        tour.later(hours=49)
        assert tour.visitor().get(ended).status == 410


def survey(tour: Tour) -> None:
    """The survey by mail and by the opened case: faulty, unhappy, replaced, over."""
    report = tour.reports(service="roads")
    tour.answers(report, WORDS)
    citizen = report.opened()
    _look(citizen)
    tour.later(days=6)
    assert ask_how_it_went(tour) > 0
    _look(citizen)
    mine = "/survey/mine"
    assert citizen.get(mine).status == 200
    assert citizen.post(mine, comment=WORDS).status == 422
    assert citizen.post(mine, outcome="9", handling="x", comment=marked("x" * COMMENT_MOST)).status == 422
    assert citizen.post(mine, outcome="1", handling="0", comment=WORDS).status == 200
    assert citizen.get(mine).status == 200
    assert citizen.post(mine, outcome="5").status == 200
    asked = next(
        mail for mail in tour.reads_mails() if report.reference in mail.subject and mail.link("survey")
    )
    path = asked.link("survey")
    assert tour.visitor().get(path).status == tour.visitor().post(path, outcome="2").status == 200
    tour.later(days=15)
    assert tour.visitor().get(path).status == citizen.get(mine).status == 410


def quality(tour: Tour) -> None:
    """The record: the first month, small numbers, a table that hides most of its rows, a full year."""
    pages = ("/", "/policy", "/service-quality")
    browser = tour.visitor()
    made.close(tour, "2026-05", month=FEW, satisfaction="provisional")
    for path in (*pages, "/service-quality/dept-a"):
        assert browser.get(path).status == 200
    small: made.Numbers = dict.fromkeys(CHOSEN, (2, 1))
    names = [f"earlier-{number}" for number in range(6)]
    made.close(
        tour,
        "2026-06",
        month=FULL,
        window_from="2026-05",
        departments={"dept-a": FULL, "dept-b": FEW, "-": FEW},
        services={**dict.fromkeys(names, small), "roads": FULL, "-": FEW},
    )
    made.close(
        tour,
        "2026-07",
        month=dict.fromkeys(FULL, (0, 0)),
        year=FULL,
        window_from="2026-05",
        departments={"dept-a": FULL},
        satisfaction="provisional",
    )
    missed: made.Numbers = {"in_time_law": (40, 38), "time_to_answer": (40, 30_000, 50_000)}
    made.close(tour, "2026-08", month={**FULL, **missed}, window_from="2026-05")
    for month in ("2026-05", "2026-06", "2026-07", "2026-08"):
        for measure in CHOSEN:
            assert browser.get("/service-quality", period=month, measure=measure).status == 200
        for department in ("dept-a", "dept-b", "dept-c"):
            assert browser.get(f"/service-quality/{department}", period=month).status == 200
    for path in (*pages, "/service-quality/definitions"):
        assert browser.get(path).status == 200
    assert browser.get("/service-quality", department="dept-a").status == 303


def refusals(tour: Tour) -> None:
    """The page of every refusal, also of those that no address of today leads to."""
    kinds: list[DomainError] = [
        NotFound(),
        NotAllowed(),
        Conflict(),
        MoveRefused(),
        Expired(),
        OriginForeign(),
        DomainError(),
        *(Expired(code) for code in ("link_over", "second_look_over", "survey_over")),
        *(NotAllowed(code) for code in ("second_look_by_another", "nobody_to_ask")),
    ]
    for path in (f"/{tour.language}/x", "/staff/x"):
        visit = Visit(
            site=tour.site,
            method="GET",
            path=path,
            params={},
            query={},
            form=Form({}),
            cookies={},
            accept_language="",
            is_fragment=False,
            now=tour.now,
            language=tour.language,
            ruling=tour.ruling,
        )
        with languages.speaking(visit.language):
            made_pages = [error_pages.answer(visit, kind) for kind in kinds]
            made_pages += [page(visit) for page in (error_pages.too_large, error_pages.faulty_request)]
            made_pages.append(error_pages.broken(visit))
        for number, reply in enumerate(made_pages):
            tour.looks_at(f"refusal {number} at {path}", reply.content.decode())


def _look(browser: Browser) -> None:
    page = browser.get("/track")
    assert page.status == 200
    assert page.field("#reference"), "the case is open"


def _answer_to_a_question_that_nobody_replied_to(tour: Tour, by: int) -> None:
    report = tour.reports(service="roads")
    tour.asks(report, WORDS, by=by)
    tour.later(days=3)
    clerk = tour.clerk(name=marked("Carl"))
    desk = clerk.get(f"/staff/item/{report.reference}")
    assert clerk.post(f"/staff/item/{report.reference}/resume", version=desk.value("version")).status == 303
    _look(report.opened())


def _ends(tour: Tour, answered: Report) -> None:
    """Taken up again, too late for a second look, closed, withdrawn, set aside."""
    again = tour.reports(service="noise")
    tour.answers(again, WORDS)
    clerk = Actor("staff", tour.account("clerk", name=marked("Cleo")))
    version, ruling = again.item.version, tour.ruling
    with tour.database.write() as session:
        reopen(
            session,
            item_id=again.id,
            seen_version=version,
            ruling=ruling,
            reason=WORDS,
            by=clerk,
            now=tour.now,
        )
    _look(again.opened())
    withdrawn, void = tour.reports(), tour.reports()
    citizen = withdrawn.opened()
    assert citizen.post("/track/withdraw", follow=True).status == 200
    assert citizen.post("/track/add", text=WORDS).status == 409
    assert citizen.get("/track/withdraw").status == 303
    tour.voids(void, reason=WORDS)
    _look(void.opened())
    late = answered.opened()
    tour.later(days=40)
    assert late.post("/track/second-look", text=WORDS).status == 410
    _look(late)
    assert tour.closes(answered)
    _look(late)
    assert tour.count(Contact) > 0
