"""What happens at the doors and fences is told: a line of the log and a count for each security event.

A line names what happened by one of the words of `EVENTS`, which stay as they are, with the request's number, the
account that acts and further facts of the program's own: never a name, an address, a path or what somebody typed. It
is written at the moment itself, so that it stands whatever becomes of the request. Why in the log and in no table:
docs/decisions/0017. Changes of accounts stand in the ledger besides.
"""

from __future__ import annotations

import logging
from typing import Final

from feedback.errors import DomainError, NotAllowed, NotFound
from portal import log, metrics

EVENTS: Final = frozenset(
    {
        *("signed_in", "sign_in_failed", "signed_out", "session_ended", "sessions_ended"),
        *("password_changed", "password_refused", "factors_changed", "factor_refused"),
        *("access_refused", "origin_refused", "request_refused"),
        *("limit_engaged", "code_unknown"),
    }
)
"""What each means stands in docs/operating.md, what to watch."""

_QUIET: Final = frozenset(
    {
        *("signed_in", "signed_out", "session_ended", "sessions_ended"),
        *("password_changed", "factors_changed"),
    }
)
"""What somebody may do. The rest is a warning."""

_log = logging.getLogger("kanali")


def tell(event: str, *, account: int | None = None, **facts: str | int) -> None:
    """Write an event down and count it. `account`: whom it is about, where that is not the one who acts."""
    assert event in EVENTS, event
    metrics.security(event)
    fields = {"what": event, **({"account": account} if account is not None else {}), **facts}
    _log.log(logging.INFO if event in _QUIET else logging.WARNING, "security", extra={"fields": fields})


def refused(refusal: DomainError, *, is_staff: bool) -> None:
    """A refusal on its way to its page: told where somebody asked for what is not theirs.

    A stranger who asks for what does not exist is told nothing of; a member of staff is, since what the role may not
    see is answered in the same way.
    """
    if refusal.code == "origin_foreign":
        tell("origin_refused")
    elif isinstance(refusal, NotAllowed) or (is_staff and isinstance(refusal, NotFound)):
        tell("access_refused", why=log.kind_of(refusal))
