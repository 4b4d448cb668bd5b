"""What a message is counted under, and what comes of it: nothing, a small sum first, or a clerk's look first.

Nobody is refused. Past what one source sends in a few minutes the form comes back and its script does a sum
(`portal/proof_of_work.py`); who sends it once more without, is taken in and held. So is what looks as if a program had
sent it, and what is more than the whole town sends in an hour.
"""

from __future__ import annotations

from datetime import timedelta

from msgspec import Struct
from msgspec.structs import replace

from feedback.items import held
from feedback.items.held import HeldFor
from feedback.limits.rules import MAILS, SUBMISSION, TOWN
from portal import proof_of_work
from portal.limits import Taken, Try
from portal.pages import Visit

TRAP = "website"
"""The field that nobody sees: whoever fills it in is a program."""
SUM, ASKED = "sum", "asked"
"""The fields of the solution, and of a form that has asked for one."""


class Screened(Struct, frozen=True, kw_only=True):
    """What comes of a message."""

    challenge: str
    """It is not taken in yet: a sum is asked first. Empty where none is."""
    wait: int
    """Seconds until none would be asked."""
    held: HeldFor | None
    may_mail: bool
    """False: too many mails were asked for from there; it is taken in and causes none."""
    counted: Taken


def screen(visit: Visit, *, bound_to: str, open_for: timedelta, names_address: bool) -> Screened:
    """Count a message that could be taken in, and say what comes of it. Called once for each post.

    `bound_to`: the hash of the form's key. `open_for`: how long the form was open. `names_address`: whether it would
    cause mail.
    """
    town = replace(TOWN, most=visit.site.settings.hourly_messages)
    tries = [Try(SUBMISSION, visit.source), Try(town)]
    if names_address:
        tries.append(Try(MAILS, visit.source))
    counted = visit.site.limits.count(*tries)
    wait, secret = counted.waits[SUBMISSION], visit.site.secret.key
    found = proof_of_work.check(secret, bound_to, visit.form.text(SUM)) if wait else "solved"
    if found == "over" or (found == "none" and not visit.form.flag(ASKED)):
        counted.give_back(*(each.rule for each in tries[1:]))  # It will come once more.
        challenge = proof_of_work.challenge(secret, bound_to)
        return Screened(challenge=challenge, wait=wait, held=None, may_mail=False, counted=counted)
    reason = held.find_reason(
        is_filled=visit.form.flag(TRAP),
        open_for=open_for,
        is_unproven=found != "solved",
        is_crowded=counted.waits[town] > 0,
    )
    if reason not in (None, "crowd"):
        # What is held for another reason does not crowd out those who come in good faith.
        counted.give_back(town)
    may_mail = not names_address or counted.waits[MAILS] == 0
    return Screened(challenge="", wait=0, held=reason, may_mail=may_mail, counted=counted)
