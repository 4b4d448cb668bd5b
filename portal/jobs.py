"""The worker: claims what is due, does it, and marks it done.

A job is claimed under a lease that is renewed while it lasts (`leases.py`), and may run twice: each is harmless then.
The worker looks on a read connection and writes in short pieces, so that nobody who presses "send" waits for it. Mails
go out by several threads, what the house does itself by another one: no message waits for one that hangs. What fails is
put back, longer each time; the error that is kept is a code, never anybody's words. When the periodic ones run is said
by `schedule.py`, what they do by the deeds in `feedback`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta

import msgspec
from sqlmodel import Session

from feedback.errors import DomainError
from feedback.items import converse
from feedback.outbox import deliver, post
from feedback.outbox.post import Lane
from feedback.outbox.tables import Message
from feedback.people import welcome
from feedback.webhooks import deliver as deliveries
from portal import hooks, letters, metrics, schedule
from portal.chores import CHORES, FAULTS, Unfinished, Work
from portal.installation import opened
from portal.leases import Leases
from portal.letters import Composed, Letter
from portal.log import described
from portal.outbound import mail
from portal.outbound.mail import MailRefused
from portal.outbound.webhook import Webhooks
from portal.pages import Site
from portal.settings import Settings
from portal.site import make_site

AT_ONCE: dict[Lane, int] = {"mail": 4, "hook": 4, "rest": 1}
"""Jobs of a lane that one worker does at a time."""

_log = logging.getLogger("kanali")


def run_forever(settings: Settings, stop: threading.Event) -> None:
    """What `kanali work` does until `stop` is set; the jobs at hand are finished first.

    Refuses (OperatorError) an installation that cannot be opened or has no catalogue for one of its languages.
    """
    with opened(settings) as installed:
        work_on(make_site(installed), stop)


def work_on(
    site: Site,
    stop: threading.Event,
    *,
    lease: timedelta = post.LEASE,
    rests: timedelta = schedule.MAIL_RESTS,
    webhooks: Webhooks | None = None,
) -> None:
    """The lanes of one worker, each in a thread; where one of them breaks, all end and its error is raised.

    `rests`: how long a lane waits after what would stop its next job as well.
    """
    with site.database.write() as session:
        schedule.plan(session, site.now())
    worker = _Worker(site, stop, site.now, Leases(site.database, span=lease), webhooks or Webhooks())
    ended = threading.Event()
    lanes: list[Callable[[], None]] = [
        *(lambda lane=lane: worker.keep_running(lane, rests) for lane in post.LANES),
        lambda: worker.leases.keep(ended),
    ]
    if site.database.dialect == "sqlite":
        lanes.append(lambda: _keep_carrying_over(site, stop))
    with ThreadPoolExecutor(len(lanes), thread_name_prefix="lane") as executor:
        running = [executor.submit(lane) for lane in lanes]
        wait(running, return_when=FIRST_COMPLETED)
        stop.set()
        wait(running[: len(post.LANES)])
        ended.set()
    for lane in running:
        lane.result()


def run_due(site: Site, *, now: datetime, lane: Lane | None = None, webhooks: Webhooks | None = None) -> int:
    """One round: everything that is due at `now`, and what comes of it at once; how many jobs were run.

    One job after the other, so that the order is plain. A round of mail ends early where no mail can be delivered.
    """
    with site.database.write() as session:
        schedule.plan(session, now)
    worker = _Worker(site, threading.Event(), lambda: now, Leases(site.database), webhooks or Webhooks())
    return sum(worker.round(part) for part in ((lane,) if lane else post.LANES))


def _keep_carrying_over(site: Site, stop: threading.Event) -> None:
    while not stop.wait(schedule.CHECKPOINT_EVERY.total_seconds()):
        site.database.checkpoint()


class _Worker:
    """What its lanes share."""

    def __init__(
        self,
        site: Site,
        stop: threading.Event,
        clock: Callable[[], datetime],
        leases: Leases,
        webhooks: Webhooks,
    ) -> None:
        self.site, self.stop, self.clock, self.leases = site, stop, clock, leases
        self.webhooks = webhooks

    def keep_running(self, lane: Lane, rests: timedelta) -> None:
        """Do what is due as it comes in, several at a time, until `stop`: none waits with its lease running."""
        most, running = AT_ONCE[lane], set[Future[bool]]()
        with ThreadPoolExecutor(most, thread_name_prefix=lane) as executor:
            while not self.stop.is_set():
                found = self.claim(lane, most - len(running))
                running |= {executor.submit(self.run, work) for work in found}
                if not running:
                    self.stop.wait(schedule.LOOKS_EVERY.total_seconds())
                    continue
                if found and len(running) < most:
                    continue
                ended, running = wait(
                    running, timeout=schedule.LOOKS_EVERY.total_seconds(), return_when=FIRST_COMPLETED
                )
                results = [
                    one.result() for one in ended
                ]  # Each is asked for, so that an error ends the lane.
                if not all(results):
                    self.stop.wait(rests.total_seconds())

    def round(self, lane: Lane) -> int:
        """Claim and run one job after the other until nothing is due or the lane is blocked; how many were run."""
        count = 0
        while not self.stop.is_set():
            found = self.claim(lane, 1)
            if not found:
                break
            count += 1
            if not self.run(found[0]):
                break
        return count

    def claim(self, lane: Lane, most: int) -> list[Work]:
        """Up to `most` due jobs, each with its lease."""
        if most < 1:
            return []
        now, real_now = self.clock(), datetime.now(UTC)
        with self.site.database.read() as session:
            away = deliveries.resting(session, now=now) if lane == "hook" else []
            if not post.is_due(session, now=now, real_now=real_now, lane=lane, without=away):
                return []
        with self.site.database.write() as session:
            claimed = post.claim(
                session,
                now=now,
                real_now=real_now,
                limit=most,
                lane=lane,
                without=away,
                lease=self.leases.span,
            )
        return [Work(self.site, job, now, self.stop) for job in claimed]

    def run(self, work: Work) -> bool:
        """Run a claimed job and mark it done, or put it back; False where the lane is blocked: what stopped this one
        would stop the next."""
        with self.leases.holding(work.claimed):
            return _run(work, self.webhooks)


def _run(work: Work, webhooks: Webhooks) -> bool:
    claimed = work.claimed
    try:
        if claimed.kind == post.SEND:
            _send(work)
        elif claimed.kind == post.HOOK:
            hooks.send(work, webhooks)
        elif claimed.kind == "tell":
            hooks.tell(work)
            _done_and_again(work)
        elif claimed.kind in CHORES:
            CHORES[claimed.kind](work)
            _done_and_again(work)
        else:
            # Put there by a newer program: one of its workers will do it.
            _put_back(work, "kind_unknown")
    except Unfinished:
        with work.site.database.write() as session:
            post.put_back(session, claimed, run_at=work.now, error="")
    except MailRefused as refusal:
        _failed(work, refusal.code, is_permanent=refusal.is_permanent)
        return not refusal.is_general
    except FAULTS as fault:
        _log.error("job %s failed (%s)", claimed.kind, described(fault))
        _failed(work, described(fault))
    return True


def _failed(work: Work, code: str, *, is_permanent: bool = False) -> None:
    """Try again, or give a message up that cannot be delivered; a periodic job is never given up."""
    if work.claimed.kind == post.HOOK:
        hooks.failed(work, code)
        return
    run_at = schedule.next_try(work.now, work.claimed.attempts)
    if work.claimed.kind == post.SEND and (is_permanent or schedule.is_over(work.claimed.since, run_at)):
        if _end(work, "failed", code):
            _log.warning("a mail is given up (%s)", code)
            metrics.mail("given up")
        return
    if work.claimed.kind == post.SEND:
        metrics.mail("put back")
    _put_back(work, code, run_at)


# ── mail ────────────────────────────────────────────────────────────────────────────────────────────────────


def _send(work: Work) -> None:
    """Render a message and keep it, deliver it outside any transaction, mark it sent."""
    letter = _rendered(work)
    if letter is None:
        return
    mail.deliver(work.site.settings, letter, demonstration=work.site.demonstration)
    if _end(work, "sent"):
        metrics.mail("sent")


def _rendered(work: Work) -> Letter | None:
    """The letter as it was rendered first; None where there is nothing to send, and the job is done.

    It is composed on a read connection: nobody who presses "send" waits for that.
    """
    message_id = int(work.claimed.key)
    with work.site.database.read() as session:
        found = deliver.find_waiting(session, message_id)
        composed = None if found is None else _compose(session, work, found)
    with work.site.database.write() as session:
        message = deliver.find_waiting(session, message_id, locked=True)
        if message is None or composed is None:
            post.done(session, work.claimed)
            return None
        if message.rendered is not None:
            return msgspec.json.decode(message.rendered, type=Letter)
        if not isinstance(composed, Composed):
            _end_in(session, work, composed)
            return None
        mailbox = composed.mailbox
        if mailbox and not deliver.admit(session, message, mailbox=mailbox, now=work.now):
            metrics.mail("too many")
            _end_in(session, work, "too_many")
            return None
        for link in composed.links:
            converse.keep_link(session, link)
        if composed.welcome is not None:
            welcome.keep(session, composed.welcome)
        deliver.keep(message, msgspec.json.encode(composed.letter), now=work.now)
        return composed.letter


def _compose(session: Session, work: Work, message: Message) -> Composed | deliver.End:
    """The letter of a message, or the end that it comes to without one."""
    if message.rendered is not None:
        return Composed(msgspec.json.decode(message.rendered, type=Letter), [])
    try:
        composed = letters.compose(session, work.site, message, work.now)
    except DomainError:
        # What it would tell of is over or gone.
        return "lapsed"
    return composed or "erased"


def _end(work: Work, state: deliver.End, reason: str = "") -> bool:
    with work.site.database.write() as session:
        return _end_in(session, work, state, reason)


def _end_in(session: Session, work: Work, state: deliver.End, reason: str = "") -> bool:
    """The message's end; False, and nothing is ended, where the lease has gone to another worker meanwhile."""
    if not post.done(session, work.claimed):
        return False
    deliver.end(session, message_id=int(work.claimed.key), state=state, now=work.now, reason=reason)
    return True


def _put_back(work: Work, code: str, run_at: datetime | None = None) -> None:
    with work.site.database.write() as session:
        run_at = run_at or schedule.next_try(work.now, work.claimed.attempts)
        post.put_back(session, work.claimed, run_at=run_at, error=code)


def _done_and_again(work: Work) -> None:
    """The last transaction of a periodic job: it is done, and its next run stands there."""
    with work.site.database.write() as session:
        if post.done(session, work.claimed):
            schedule.again(session, work.claimed.kind, work.now)
