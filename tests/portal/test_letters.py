"""What stands in the mails: to whom what is told, the way back, the languages; and never what must not."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from feedback.columns import table_of
from feedback.items.tables import Contact, Link
from portal import jobs
from tests.post_office import Mail, read_mails
from tests.town import Report, Town

WORDS = "The lamp in front of my house does not burn since Tuesday."
OURS = "127.0.0.1"


@pytest.fixture(autouse=True)
def in_a_folder_of_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With PostgreSQL mails are written to `var/mail` below the working directory."""
    monkeypatch.chdir(tmp_path)


def mails_of(town: Town) -> list[Mail]:
    jobs.run_due(town.site, now=town.now)
    return read_mails(town.settings.mail_folder)


def last_mail(town: Town, count: int) -> Mail:
    mails = mails_of(town)
    assert len(mails) == count, [mail.subject for mail in mails]
    return mails[-1]


def reports(town: Town, language: str = "en", **fields: str) -> Report:
    given = {"service": "street-lighting", "email": "rea@example.org", "name": "Rea of the Mill", **fields}
    return town.citizen_reports(WORDS, language=language, **given)


def confirms(town: Town, mail: Mail) -> None:
    page = town.visitor().post(mail.link("confirm"))
    assert page.status == 200, page.text


def test_the_receipt_names_number_dates_department_and_whom_to_turn_to(town: Town) -> None:
    report = reports(town)
    mail = last_mail(town, 1)
    assert mail.to == "rea@example.org"
    assert str(mail.message["From"]) == "Town of Riverton <town@example.org>"
    assert report.reference in mail.subject
    department = town.city.departments["dept-a"]
    for words in (
        report.reference,
        "Monday 9 November 2026",  # promise: 5 working days
        "Monday 30 November 2026",  # law: 20 working days
        "Riverton Act, article 10",
        "You may turn to the Ombudsman when the day has passed.",
        department.name["en"],
        department.phone,
        "The Ombudsman of Riverton",
    ):
        assert words in " ".join(mail.text.split()), words
        assert words in " ".join(mail.soup.get_text(" ").split()), words


def test_the_receipt_holds_no_word_of_the_person_no_code_and_leads_to_no_other_host(town: Town) -> None:
    report = reports(town, place="12 Mill Lane", phone="+370 600 00000")
    mail = last_mail(town, 1)
    groups = [report.code[start : start + 4] for start in range(0, 28, 4)]
    for secret in (
        "lamp",
        "Tuesday.",
        "12 Mill Lane",
        "+370 600 00000",
        "Rea of the Mill",
        report.code,
        *groups[:2],
    ):
        assert not mail.holds(secret), secret
    assert {urlsplit(address).hostname for address in mail.addresses} == {OURS}


def test_without_a_legal_deadline_and_without_a_department_the_receipt_says_so(town: Town) -> None:
    town.citizen_reports("Good day to all of you", kind="praise", email="rea@example.org")
    text = last_mail(town, 1).text
    assert "No law sets a day for this kind of message." in text
    assert "A clerk assigns the department" in text
    assert "Our promise" not in text


def test_the_link_of_the_receipt_confirms_the_address(town: Town) -> None:
    reports(town)
    mail = last_mail(town, 1)
    browser = town.visitor()
    assert browser.get(mail.link("confirm")).status == 200
    assert town.rows(Contact)[0].confirmed_at is None, "a GET confirms nothing"
    assert browser.post(mail.link("confirm")).status == 200
    assert town.rows(Contact)[0].confirmed_at == town.now


def test_the_link_of_the_receipt_ends_after_two_days(town: Town) -> None:
    reports(town)
    mail = last_mail(town, 1)
    town.later(hours=47)
    assert town.visitor().get(mail.link("confirm")).status == 200
    town.later(hours=1)
    assert town.visitor().get(mail.link("confirm")).status == 410


def test_an_unconfirmed_address_gets_news_without_a_quotation_and_a_new_link(town: Town) -> None:
    report = reports(town)
    first = last_mail(town, 1)
    town.later(days=3)
    town.answers(report, "The bulb of pole 4711 was changed.")
    mail = last_mail(town, 2)
    assert mail.subject == f"News about your case ({report.reference})"
    assert mail.preview.startswith("We have answered."), "the subject says already that it is news"
    for words in ("4711", "bulb", "Done", "lamp"):
        assert not mail.holds(words), words
    assert not mail.link("open")
    assert mail.link("confirm") != first.link("confirm")
    confirms(town, mail)
    assert town.rows(Contact)[0].confirmed_at is not None


def test_an_unconfirmed_address_is_told_that_something_is_asked_but_not_what(town: Town) -> None:
    report = reports(town)
    town.asks(report, "Which side of pole 4711?")
    mail = last_mail(town, 2)
    assert "We need one thing from you to go on." in mail.text
    assert not mail.holds("4711")


def test_a_confirmed_address_gets_the_answer_in_full_and_a_link_that_opens_the_case(town: Town) -> None:
    report = reports(town)
    confirms(town, last_mail(town, 1))
    town.later(days=1)
    town.answers(report, "We changed the bulb.\nPole <4711>.\n\nThank you.", outcome="done")
    mail = last_mail(town, 2)
    assert "We changed the bulb.\nPole <4711>.\n\nThank you." in mail.text
    assert "Pole &lt;4711&gt;." in mail.html
    assert "Done" in mail.text
    assert "Thursday 3 December 2026" in mail.text, "until when a second look can be asked for"
    assert not mail.link("confirm")
    browser = town.visitor()
    assert browser.get("/track").field("#code") == "" and report.reference not in browser.get("/track").text
    assert browser.get(mail.link("open")).status == 200
    opened = browser.post(mail.link("open"), follow=True)
    assert "We changed the bulb." in opened.text and report.reference in opened.text


def test_a_planned_and_a_forwarded_answer_say_when_and_to_whom(town: Town) -> None:
    planned, forwarded = reports(town), reports(town)
    for mail in mails_of(town):
        confirms(town, mail)
    town.later(hours=1)
    town.answers(planned, "In spring.", outcome="planned", planned_on=town.today.replace(month=12, day=1))
    town.answers(forwarded, "It is theirs.", outcome="not_ours", forwarded_to="River Water Company")
    texts = [mail.text for mail in mails_of(town)[2:]]
    assert any("Planned" in text and "Tuesday 1 December 2026" in text for text in texts)
    assert any("Not ours" in text and "River Water Company" in text for text in texts)


def test_a_confirmed_address_gets_the_question_in_full(town: Town) -> None:
    report = reports(town)
    confirms(town, last_mail(town, 1))
    town.later(minutes=1)
    town.asks(report, "Which side of the street?")
    mail = last_mail(town, 2)
    assert mail.subject.startswith("A question about your case")
    assert "Which side of the street?" in mail.text
    assert "Our promise is paused until then." in " ".join(mail.text.split())
    browser = town.visitor()
    browser.post(mail.link("open"))
    assert "Which side of the street?" in browser.get("/track").text


def test_more_time_and_a_delay_are_told_with_the_day_and_the_reason(town: Town) -> None:
    report, other = reports(town), reports(town)
    confirms(town, last_mail(town, 2))
    town.later(minutes=1)
    town.lengthens(other, "extended", 5, reason="The expert is ill.")
    mail = last_mail(town, 3)
    assert mail.subject.startswith("When we answer you")
    for words in ("We need more time.", "The expert is ill.", "The deadline set by law is now"):
        assert words in " ".join(mail.text.split()), words
    town.lengthens(other, "announced", reason="The pole must be made first.")
    mail = last_mail(town, 4)
    for words in (
        "Our answer will come later.",
        "The pole must be made first.",
        "The deadline set by law stays",
    ):
        assert words in " ".join(mail.text.split()), words
    town.lengthens(report, "several", reason="The harbour decides as well.")
    mail = last_mail(town, 5)
    assert mail.subject.startswith("News about your case")
    assert "There is news about when we answer you." in mail.text
    assert not mail.holds("harbour")


def test_the_survey_goes_to_an_unconfirmed_address_too_and_its_link_takes_the_ratings(town: Town) -> None:
    report = reports(town)
    town.answers(report, "The bulb of pole 4711 was changed.")
    assert len(mails_of(town)) == 2
    town.at("2026-11-05 10:00")  # three working days later
    mail = last_mail(town, 3)
    assert "How did we do?" in mail.subject
    for words in ("4711", "lamp"):
        assert not mail.holds(words), words
    browser = town.visitor()
    assert browser.get(mail.link("survey")).status == 200
    page = browser.post(mail.link("survey"), outcome="4", handling="5", comment="", follow=True)
    assert page.status == 200, page.text
    town.at("2026-11-19 10:00")
    assert browser.get(mail.link("survey")).status == 410, "the link ends with the invitation, after 14 days"


@pytest.mark.parametrize("language", ["en", "el", "lt"])
def test_mails_speak_the_language_of_the_page_that_was_written_on(town: Town, language: str) -> None:
    reports(town, language)
    mail = last_mail(town, 1)
    assert mail.soup.find("html")["lang"] == language
    assert mail.message["Content-Language"] == language
    assert town.city.identity.name[language] in str(mail.message["From"])
    assert town.city.departments["dept-a"].name[language] in mail.text
    assert mail.link("confirm").startswith(f"/{language}/confirm/")


def test_every_mail_has_the_way_back_and_begins_with_its_news(town: Town) -> None:
    report = reports(town)
    confirms(town, last_mail(town, 1))
    town.later(minutes=1)
    town.asks(report)
    jobs.run_due(town.site, now=town.now)
    town.later(minutes=1)
    town.answers(report)
    jobs.run_due(town.site, now=town.now)
    town.later(days=8)
    mails = mails_of(town)
    begins = [
        "We have it. Thank you for writing to us. You will have an answer by Monday 9",
        "We need one thing from you",
        "We have answered.",
        "How did we do?",
    ]
    assert [mail.preview.startswith(words) for mail, words in zip(mails, begins, strict=True)] == [True] * 4
    for mail in mails:
        way_back = "http://127.0.0.1:8000/en/track"
        assert way_back in mail.text
        assert mail.soup.find("a", href=way_back) is not None
        assert report.reference in mail.text
        is_receipt = mail.subject.startswith("We have your message")
        assert mail.message["Auto-Submitted"] == ("auto-replied" if is_receipt else "auto-generated")
        assert mail.id.endswith("@[127.0.0.1]>")
        assert "<script" not in mail.html and "<img" not in mail.html
        assert "Demonstration" not in mail.html


@pytest.mark.parametrize("language", ["en", "el", "lt"])
def test_subjects_and_lines_are_short_and_each_mail_names_the_telephone_of_the_department(
    town: Town, language: str
) -> None:
    town.site.demonstration = True
    confirmed, other = reports(town, language), reports(town, language)
    confirms(town, next(mail for mail in mails_of(town) if confirmed.reference in mail.subject))
    for report in (confirmed, other):
        town.later(days=1)  # Three mails a day go to an address that nobody has confirmed.
        town.asks(report, "Which side? " * 30)
        jobs.run_due(town.site, now=town.now)
        town.answers(report)
        jobs.run_due(town.site, now=town.now)
    town.later(days=8)
    mails = mails_of(town)
    assert len(mails) == 8
    phone = town.city.departments["dept-a"].phone
    for mail in mails:
        assert len(mail.subject) < 60, mail.subject
        long = [line for line in mail.text.split("\n") if len(line) > 72]
        assert all(line.startswith("http") and " " not in line for line in long), long
        assert phone in mail.text and phone in mail.soup.get_text(" ")


def test_a_demonstration_labels_its_mails(town: Town) -> None:
    town.site.demonstration = True
    reports(town)
    mail = last_mail(town, 1)
    assert mail.subject.startswith("Demonstration: ")
    assert mail.text.startswith("Demonstration.") and mail.preview.startswith("Demonstration.")


def test_tokens_are_stored_hashed_and_end_when_the_mail_says(town: Town) -> None:
    report = reports(town)
    mail = last_mail(town, 1)
    token = mail.link("confirm").rsplit("/", 1)[1]
    (link,) = town.rows(Link)
    assert token not in str(tuple(link))
    assert (link.purpose, link.item_id, (link.ends_at - town.now).total_seconds()) == (
        "confirm",
        report.id,
        48 * 3600,
    )


def test_an_erased_address_gets_nothing(town: Town) -> None:
    reports(town)
    with town.database.write() as session:
        session.execute(sa.update(table_of(Contact)).values(email=""))
    assert mails_of(town) == []
    assert town.count(Link) == 0
