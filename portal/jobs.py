"""The worker: claims what is due, does it, and marks it done.

A job is claimed under a lease of the real clock and may run twice: each is harmless then. It looks on a read
connection and writes in short pieces, so that nobody who presses "send" waits for it. What fails is put back,
longer each time; the error that is kept is a code, never anybody's words. When the periodic ones run is said by
`schedule.py`, what they do by the deeds in `feedback`.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from datetime import UTC, datetime

import msgspec
from sqlmodel import Session

from feedback.errors import DomainError
from feedback.items import converse
from feedback.outbox import deliver, post
from feedback.outbox.post import Lane
from feedback.outbox.tables import Message
from portal import letters, metrics, schedule
from portal.chores import CHORES, FAULTS, Unfinished, Work
from portal.installation import opened
from portal.letters import Composed, Letter
from portal.log import described
from portal.outbound import mail
from portal.outbound.mail import MailRefused
from portal.pages import Site
from portal.settings import Settings
from portal.site import make_site

_log = logging.getLogger("kanali")


def run_forever(settings: Settings, stop: threading.Event) -> None:
    """What `kanali work` does until `stop` is set; the job at hand is finished first.

    Refuses (OperatorError) an installation that cannot be opened or has no catalogue for one of its languages.
    """
    with opened(settings) as installed:
        work_on(make_site(installed), stop)


def work_on(site: Site, stop: threading.Event) -> None:
    """The lanes of one worker, each in a thread; where one of them breaks, all end and its error is raised."""
    with site.database.write() as session:
        schedule.plan(session, site.now())
    lanes: list[Callable[[], None]] = [
        lambda: _keep_running(site, stop, "mail"),
        lambda: _keep_running(site, stop, "rest"),
    ]
    if site.database.dialect == "sqlite":
        lanes.append(lambda: _keep_carrying_over(site, stop))
    with ThreadPoolExecutor(len(lanes), thread_name_prefix="lane") as executor:
        running = [executor.submit(lane) for lane in lanes]
        wait(running, return_when=FIRST_COMPLETED)
        stop.set()
    for lane in running:
        lane.result()


def run_due(site: Site, *, now: datetime, lane: Lane | None = None) -> int:
    """One round: everything that is due at `now`, and what comes of it at once; how many jobs were run.

    A round of mail ends early where no mail can be delivered at all.
    """
    with site.database.write() as session:
        schedule.plan(session, now)
    stop = threading.Event()
    lanes: tuple[Lane, ...] = (lane,) if lane else ("rest", "mail")
    return sum(_round(site, lambda: now, stop, part)[0] for part in lanes)


def _keep_running(site: Site, stop: threading.Event, lane: Lane) -> None:
    while not stop.is_set():
        _count, is_blocked = _round(site, site.now, stop, lane)
        pause = schedule.MAIL_RESTS if is_blocked else schedule.LOOKS_EVERY
        stop.wait(pause.total_seconds())


def _keep_carrying_over(site: Site, stop: threading.Event) -> None:
    while not stop.wait(schedule.CHECKPOINT_EVERY.total_seconds()):
        site.database.checkpoint()


def _round(site: Site, clock: Callable[[], datetime], stop: threading.Event, lane: Lane) -> tuple[int, bool]:
    """Claim and run one job after the other until nothing is due: none waits with its lease running.

    How many were run, and whether the lane is blocked: what stopped the last one would stop the next.
    """
    count = 0
    while not stop.is_set():
        now, real_now = clock(), datetime.now(UTC)
        with site.database.read() as session:
            if not post.is_due(session, now=now, real_now=real_now, lane=lane):
                break
        with site.database.write() as session:
            claimed = post.claim(session, now=now, real_now=real_now, limit=1, lane=lane)
        for job in claimed:
            count += 1
            if not _run(Work(site, job, now, stop)):
                return count, True
    return count, False


def _run(work: Work) -> bool:
    """Run a claimed job and mark it done, or put it back; False where the lane is blocked."""
    claimed = work.claimed
    try:
        if claimed.kind == post.SEND:
            _send(work)
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
    """Try again, or give a mail up that cannot be delivered; a periodic job is never given up."""
    is_mail = work.claimed.kind == post.SEND
    if is_mail and (is_permanent or schedule.is_last(work.claimed.attempts)):
        _log.warning("a mail is given up (%s)", code)
        metrics.mail("given up")
        _end(work, "failed")
    else:
        if is_mail:
            metrics.mail("put back")
        _put_back(work, code)


# ── mail ────────────────────────────────────────────────────────────────────────────────────────────────────


def _send(work: Work) -> None:
    """Render a message and keep it, deliver it outside any transaction, mark it sent."""
    letter = _rendered(work)
    if letter is None:
        return
    mail.deliver(work.site.settings, letter, demonstration=work.site.demonstration)
    metrics.mail("sent")
    _end(work, "sent")


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
        return "failed"
    return composed or "erased"


def _end(work: Work, state: deliver.End) -> None:
    with work.site.database.write() as session:
        _end_in(session, work, state)


def _end_in(session: Session, work: Work, state: deliver.End) -> None:
    deliver.end(session, message_id=int(work.claimed.key), state=state, now=work.now)
    post.done(session, work.claimed)


def _put_back(work: Work, code: str) -> None:
    """Try again later, up to a tenth later than planned, so that what failed together does not come back together."""
    pause = schedule.wait_before(work.claimed.attempts)
    late = pause / 1000 * secrets.randbelow(100)
    with work.site.database.write() as session:
        post.put_back(session, work.claimed, run_at=work.now + pause + late, error=code)


def _done_and_again(work: Work) -> None:
    """The last transaction of a periodic job: it is done, and its next run stands there."""
    with work.site.database.write() as session:
        if post.done(session, work.claimed):
            schedule.again(session, work.claimed.kind, work.now)
