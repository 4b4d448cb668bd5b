"""The worker: what is due is done once, what fails is tried again, what a dead worker held comes back."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from feedback.city.load import read_folder
from feedback.columns import table_of
from feedback.items import answer, submit
from feedback.items.answer import Reply
from feedback.items.sent import Sent
from feedback.items.tables import Item, Link, Submission
from feedback.ledger.notes import Actor
from feedback.outbox import post
from feedback.outbox.tables import Job, Message
from feedback.people.tables import StaffSession
from feedback.quality.tables import Record
from feedback.satisfaction.tables import Invitation
from portal import jobs, schedule
from portal.database import Database
from portal.environment import Smtp
from portal.outbound.mail import deliver
from portal.settings import Settings
from tests.post_office import HANG, HANG_UP, MailServer, read_mails
from tests.town import RIVERTON, Report, Town

_JOB, _MESSAGE = table_of(Job), table_of(Message)


@pytest.fixture(autouse=True)
def in_a_folder_of_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With PostgreSQL mails are written to `var/mail` below the working directory."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[MailServer]:
    with MailServer(replies=getattr(request, "param", {})) as running:
        yield running


def work(town: Town) -> int:
    return jobs.run_due(town.site, now=town.now)


def use(town: Town, server: MailServer) -> None:
    smtp = Smtp("127.0.0.1", server.port, is_tls=False)
    town.site.settings = msgspec.structs.replace(town.site.settings, smtp=smtp)


def reports(town: Town) -> Report:
    return town.citizen_reports(service="street-lighting", email="rea@example.org")


def mail_job(town: Town) -> Any:
    """The one job that sends a mail, or None."""
    found = [job for job in town.rows(Job) if job.kind == post.SEND]
    assert len(found) <= 1
    return found[0] if found else None


def message(town: Town) -> Any:
    (found,) = town.rows(Message)
    return found


def change(town: Town, statement: Any) -> None:
    with town.database.write() as session:
        session.execute(statement)


# ── mail ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_mail_is_sent_once_and_kept_as_it_was_sent(town: Town, server: MailServer) -> None:
    use(town, server)
    reports(town)
    assert message(town).state == "waiting"
    work(town)
    sent = message(town)
    assert (sent.state, sent.sent_at) == ("sent", town.now)
    assert b"We have it." in sent.rendered
    assert mail_job(town) is None
    work(town)
    assert len(server.received) == 1


def test_a_job_that_runs_twice_sends_once(town: Town, server: MailServer) -> None:
    use(town, server)
    reports(town)
    work(town)
    with town.database.write() as session:
        post.job(session, kind=post.SEND, key=str(message(town).id), run_at=town.now)
    work(town)
    assert len(server.received) == 1
    assert mail_job(town) is None


@pytest.mark.parametrize("server", [{"RCPT": ["450 later", "451 later", "250 ok"]}], indirect=True)
def test_a_refused_mail_is_tried_again_later_each_time(town: Town, server: MailServer) -> None:
    use(town, server)
    reports(town)
    begun = town.now
    work(town)
    assert (message(town).state, mail_job(town).error, mail_job(town).lease_until) == (
        "waiting",
        "smtp_450",
        None,
    )
    assert timedelta(minutes=1) <= mail_job(town).run_at - begun <= timedelta(minutes=1.1)
    work(town)
    assert mail_job(town).attempts == 1, "not before its time"
    town.later(minutes=1.2)
    work(town)
    assert timedelta(minutes=2) <= mail_job(town).run_at - town.now <= timedelta(minutes=2.2)
    town.later(minutes=2.3)
    work(town)
    assert (message(town).state, len(server.received), mail_job(town)) == ("sent", 1, None)


@pytest.mark.parametrize("server", [{"END": [HANG_UP, "250 ok"]}], indirect=True)
def test_a_mail_that_may_have_arrived_is_sent_again_the_same(town: Town, server: MailServer) -> None:
    use(town, server)
    reports(town)
    work(town)
    town.later(minutes=2)
    work(town)
    first, second = server.received
    assert first.content == second.content
    assert message(town).state == "sent"


@pytest.mark.parametrize("server", [{"RCPT": ["550 nobody", "250 ok"]}], indirect=True)
def test_a_mail_refused_for_good_is_given_up_at_once(town: Town, server: MailServer) -> None:
    use(town, server)
    reports(town)
    work(town)
    given_up = message(town)
    assert (given_up.state, given_up.reason, given_up.failed_at) == ("failed", "smtp_550", town.now)
    assert mail_job(town) is None
    town.later(days=1)
    work(town)
    assert server.received == []


def test_a_mail_is_given_up_after_two_days(town: Town) -> None:
    town.settings.mail_folder.parent.mkdir(exist_ok=True)
    town.settings.mail_folder.write_text("in the way")
    reports(town)
    begun, tries = town.now, 0
    while message(town).state == "waiting" and tries < 60:
        tries += jobs.run_due(town.site, now=town.now, lane="mail")
        if mail_job(town):
            last = town.now
            town.now = mail_job(town).run_at
    assert message(town).state == "failed"
    assert 45 <= tries <= 53
    assert timedelta(hours=44) <= last - begun <= timedelta(hours=54)


def test_a_mail_that_waited_for_a_worker_for_days_is_still_tried_for_two(
    town: Town, server: MailServer
) -> None:
    use(town, server)
    server.replies["RCPT"] = ["450 later", "250 ok"]
    reports(town)
    town.later(days=4)
    work(town)
    assert message(town).state == "waiting"
    town.later(minutes=2)
    work(town)
    assert message(town).state == "sent"


def test_while_no_server_answers_one_mail_a_round_is_tried(town: Town, server: MailServer) -> None:
    use(town, server)
    server.replies["CONNECT"] = ["421 closed", "220 open"]
    for _ in range(3):
        reports(town)
    jobs.run_due(town.site, now=town.now)
    attempts = sorted(job.attempts for job in town.rows(Job) if job.kind == post.SEND)
    assert attempts == [0, 0, 1]
    jobs.run_due(town.site, now=town.now)
    town.later(minutes=2)
    jobs.run_due(town.site, now=town.now)
    assert len(server.received) == 3


def test_a_dead_workers_job_comes_back_when_its_lease_ends(town: Town, server: MailServer) -> None:
    use(town, server)
    reports(town)
    with town.database.write() as session:
        (held,) = post.claim(session, now=town.now, real_now=datetime.now(UTC), lane="mail")
    work(town)
    assert server.received == [], "somebody is at it"
    ended = datetime.now(UTC) - timedelta(seconds=1)
    change(town, sa.update(_JOB).where(_JOB.c.id == held.id).values(lease_until=ended))
    work(town)
    assert len(server.received) == 1
    with town.database.write() as session:
        assert post.done(session, held) is False, "the lease went to somebody else"


def test_a_worker_that_has_lost_its_lease_ends_nothing(town: Town, server: MailServer) -> None:
    use(town, server)
    reports(town)
    with town.database.write() as session:
        (slow,) = post.claim(session, now=town.now, real_now=datetime.now(UTC), lane="mail")
    ended = datetime.now(UTC) - timedelta(seconds=1)
    change(town, sa.update(_JOB).where(_JOB.c.id == slow.id).values(lease_until=ended))
    with town.database.write() as session:
        (quick,) = post.claim(session, now=town.now, real_now=datetime.now(UTC), lane="mail")
    late = jobs.Work(town.site, slow, town.now, threading.Event())
    assert jobs._end(late, "sent") is False
    jobs._failed(late, "smtp_550", is_permanent=True)
    assert (message(town).state, mail_job(town).lease_token) == ("waiting", quick.token)
    with town.database.write() as session:
        post.renew(session, [slow], until=datetime.now(UTC) + timedelta(hours=1))
    assert mail_job(town).lease_until < datetime.now(UTC) + timedelta(minutes=30)


@pytest.mark.parametrize("server", [{"DATA": [HANG]}], indirect=True)
def test_a_lease_is_renewed_while_a_server_is_slow_and_others_are_sent(
    town: Town, server: MailServer
) -> None:
    use(town, server)
    reports(town)
    lease, stop = timedelta(seconds=1), threading.Event()
    worker = threading.Thread(target=jobs.work_on, args=(town.site, stop), kwargs={"lease": lease})
    worker.start()
    try:
        wait_for(server.hanging.is_set)
        (held,) = [job for job in town.rows(Job) if job.kind == post.SEND]
        server.replies["DATA"] = ["354 go on"]
        other = reports(town)
        wait_for(lambda: [found.state for found in town.rows(Message)] == ["waiting", "sent"])
        assert other.reference in server.received[0].mail.subject
        wait_for(lambda: mail_job(town).lease_until > held.lease_until + lease)
        assert (mail_job(town).lease_token, mail_job(town).attempts) == (held.lease_token, 1)
    finally:
        stop.set()
        server.stop.set()
        worker.join(30)
    assert not worker.is_alive()


def test_a_worker_that_dies_between_sending_and_noting_it_sends_the_same_again(
    town: Town, server: MailServer
) -> None:
    use(town, server)
    reports(town)
    server.replies["END"] = ["451 later", "250 ok"]
    work(town)  # rendered and kept, not taken
    kept = msgspec.json.decode(message(town).rendered, type=jobs.Letter)
    deliver(town.site.settings, kept, demonstration=False)  # …then a worker sends it and dies
    town.later(minutes=2)
    work(town)
    first, second = server.received
    assert first.content == second.content


def test_one_broken_message_stops_no_other(
    town: Town, server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    use(town, server)
    broken, whole = reports(town), reports(town)
    change(town, sa.update(_MESSAGE).where(_MESSAGE.c.item_id == broken.id).values(facts="rea@example.org"))
    with caplog.at_level(logging.WARNING, "kanali"):
        work(town)
    assert len(server.received) == 1
    assert whole.reference in server.received[0].mail.subject
    assert mail_job(town).error.startswith("DecodeError at letters.py:")
    assert "DecodeError" in caplog.text and "rea@" not in caplog.text


def test_a_demonstration_sends_nothing(town: Town, server: MailServer) -> None:
    use(town, server)
    town.site.demonstration = True
    reports(town)
    work(town)
    assert server.received == []
    assert len(read_mails(town.settings.mail_folder)) == 1


def test_a_survey_that_ended_before_its_mail_could_go_has_lapsed(town: Town, server: MailServer) -> None:
    use(town, server)
    town.answers(reports(town))
    work(town)
    town.at("2026-11-05 10:00")
    jobs.run_due(town.site, now=town.now, lane="rest")
    assert town.count(Invitation) == 1
    town.later(days=15)
    work(town)
    assert [found.state for found in town.rows(Message)] == ["sent", "sent", "lapsed"]


# ── what runs by the clock ──────────────────────────────────────────────────────────────────────────────────


def test_each_periodic_job_has_one_row_and_its_next_run_lies_ahead(town: Town) -> None:
    for _ in range(3):
        work(town)
        planned = {job.kind: job.run_at for job in town.rows(Job)}
        assert sorted(planned) == sorted(schedule.PERIODIC)
        assert town.count(Job) == len(planned)
        assert all(run_at > town.now for run_at in planned.values())
        town.later(days=9)


def test_after_a_pause_a_periodic_job_runs_once(town: Town) -> None:
    assert work(town) == len(schedule.PERIODIC)
    town.later(days=40)
    assert work(town) == len(schedule.PERIODIC)
    assert work(town) == 0


def test_two_workers_that_plan_at_once_plan_one_row(town: Town) -> None:
    with town.database.write() as session:
        for kind in schedule.PERIODIC:
            schedule.again(session, kind, town.now)
            schedule.again(session, kind, town.now + timedelta(seconds=1))
    assert town.count(Job) == len(schedule.PERIODIC)


def test_daily_runs_stand_at_a_local_time_across_the_change_of_clocks(town: Town) -> None:
    zone = town.city.zone
    before = datetime(2026, 10, 24, 12, 0, tzinfo=zone)  # Saturday; clocks go back in the night
    runs = [schedule.PERIODIC["purge"].after(before, zone)]
    runs.append(schedule.PERIODIC["purge"].after(runs[0], zone))
    assert [f"{run.astimezone(zone):%d %H:%M}" for run in runs] == ["25 04:20", "26 04:20"]
    assert runs[1] - runs[0] == timedelta(hours=24)


def test_answered_citizens_are_invited_once_some_working_days_later(town: Town, server: MailServer) -> None:
    use(town, server)
    town.answers(reports(town))
    town.at("2026-11-04 23:59")
    work(town)
    assert town.count(Invitation) == 0
    town.at("2026-11-05 00:10")  # Monday's answer, three working days later
    work(town)
    work(town)
    with town.database.write() as session:
        post.job(session, kind="invite", key="a second worker's", run_at=town.now)
    work(town)
    assert town.count(Invitation) == 1
    assert [found.kind for found in town.rows(Message)] == ["receipt", "answer", "survey"]
    assert len(server.received) == 3


def test_many_are_invited_in_one_run(town: Town) -> None:
    by = Actor("staff", town.account())
    sent = Sent(kind="request", text="Dark.", service="street-lighting", language="en")
    with town.database.write() as session:
        prepared = submit.prepare(ruling=town.ruling, sent=sent, received_at=town.now)
        for _ in range(60):
            taken = submit.submit(session, prepared=prepared, key=town.key(), now=town.now)
            reply = Reply(outcome="done", text="Done.")
            answer.answer(session, item_id=taken.item_id, seen_version=None, reply=reply, by=by, now=town.now)
    town.at("2026-11-06 10:00")
    work(town)
    assert town.count(Invitation) == 60


def test_answered_items_are_closed_when_the_window_is_over(town: Town) -> None:
    report = reports(town)
    town.answers(report)
    town.at("2026-12-02 12:00")
    work(town)
    assert report.item.state == "answered"
    town.at("2026-12-03 01:00")
    work(town)
    assert report.item.state == "closed"


def test_a_month_is_closed_on_the_citys_day_and_its_satisfaction_frozen_later(town: Town) -> None:
    town.answers(reports(town))
    town.at("2026-12-09 12:00")
    work(town)
    assert town.count(Record) == 0
    town.at("2026-12-10 08:00")
    work(town)
    (record,) = town.rows(Record)
    assert (record.period, record.state, record.satisfaction) == ("2026-11", "closed", "provisional")
    town.at("2026-12-16 08:00")
    work(town)
    assert town.rows(Record)[0].satisfaction == "frozen"


def test_what_has_served_is_purged_and_nothing_else(town: Town) -> None:
    reports(town)
    town.lead("dept-a")
    work(town)
    over = datetime.now(UTC) - timedelta(hours=13)
    change(town, sa.update(table_of(StaffSession)).values(ends_at=over))
    town.later(days=6)
    reports(town)
    work(town)
    assert (town.count(Submission), town.count(Link), town.count(StaffSession)) == (2, 2, 0)
    assert all(found.rendered for found in town.rows(Message))
    town.later(days=2)
    work(town)
    assert (town.count(Submission), town.count(Link)) == (1, 2)
    assert [bool(found.rendered) for found in town.rows(Message)] == [False, True]
    town.later(days=25)
    work(town)
    assert (town.count(Submission), town.count(Link)) == (0, 1)
    assert [found.state for found in town.rows(Message)] == ["sent", "sent"]
    assert town.count(Item) == 2


def test_one_deed_that_fails_stops_no_other(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    broken, whole = reports(town), reports(town)
    for report in (broken, whole):
        town.answers(report)
    # Its next note would get a number that is taken.
    change(town, sa.update(table_of(Item)).where(table_of(Item).c.id == broken.id).values(notes=0))
    town.at("2026-12-05 10:00")
    with caplog.at_level(logging.ERROR, "kanali"):
        work(town)
    assert (broken.item.state, whole.item.state) == ("answered", "closed")
    assert "close_items: one of them failed (IntegrityError at notes.py:" in caplog.text
    (job,) = [job for job in town.rows(Job) if job.kind == "close_items"]
    assert job.run_at > town.now, "it is tried again with the next run"


def test_a_kind_that_this_program_does_not_know_is_left_to_a_newer_one(town: Town) -> None:
    with town.database.write() as session:
        post.job(session, kind="webhook", key="1", run_at=town.now)
    work(town)
    (job,) = [job for job in town.rows(Job) if job.kind == "webhook"]
    assert (job.error, job.lease_until) == ("kind_unknown", None)


# ── the worker ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_worker_does_what_comes_in_and_ends_when_it_is_told_to(town: Town) -> None:
    stop = threading.Event()
    worker = threading.Thread(target=jobs.work_on, args=(town.site, stop))
    worker.start()
    try:
        reports(town)
        wait_for(lambda: message(town).state == "sent")
    finally:
        stop.set()
        worker.join(20)
    assert not worker.is_alive()
    assert len(read_mails(town.settings.mail_folder)) == 1
    assert message(town).state == "sent"


def test_a_lane_that_breaks_ends_the_worker(town: Town) -> None:
    with town.database.write() as session:
        schedule.plan(session, town.now)
    change(town, sa.text("ALTER TABLE job RENAME TO job_gone"))
    with pytest.raises(sa.exc.DBAPIError):
        jobs.work_on(town.site, threading.Event())


def test_a_worker_that_is_killed_while_it_sends_loses_nothing(
    database: Database, settings: Settings, server: MailServer, tmp_path: Path
) -> None:
    whole = read_folder(RIVERTON)
    english = msgspec.structs.replace(
        whole, identity=msgspec.structs.replace(whole.identity, languages=("en",))
    )
    town = Town(database, settings, city=english, start=datetime.now(UTC) - timedelta(minutes=1))
    server.replies["END"] = [HANG]
    reports(town)
    worker = start_worker(town, server, tmp_path)
    wait_for(lambda: server.hanging.is_set())
    worker.kill()
    worker.wait(10)
    held = mail_job(town)
    assert (message(town).state, held.attempts) == ("waiting", 1)
    assert held.lease_until > datetime.now(UTC) and message(town).rendered
    ended = datetime.now(UTC) - timedelta(seconds=1)
    change(town, sa.update(_JOB).where(_JOB.c.id == held.id).values(lease_until=ended))
    server.replies.clear()
    worker = start_worker(town, server, tmp_path)
    wait_for(lambda: message(town).state == "sent")
    worker.terminate()
    assert worker.wait(20) == 0
    assert len(server.received) == 1
    kept = msgspec.json.decode(message(town).rendered, type=jobs.Letter)
    assert server.received[0].mail.id == kept.message_id
    assert mail_job(town) is None


def start_worker(town: Town, server: MailServer, folder: Path) -> subprocess.Popen[bytes]:
    """A worker process as `kanali serve` starts one."""
    root = Path(jobs.__file__).parent.parent
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(root),
        "KANALI_DATABASE_URL": town.database.url,
        "KANALI_SECRET_FILE": str(town.settings.secret_file),
        "KANALI_SMTP_URL": f"smtp://127.0.0.1:{server.port}",
    }
    return subprocess.Popen([sys.executable, "-m", "portal", "work"], env=environ, cwd=folder)


def wait_for(is_there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_there():
        assert time.monotonic() < deadline, "waited for thirty seconds"
        time.sleep(0.05)
