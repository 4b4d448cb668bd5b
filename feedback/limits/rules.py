"""What may be tried how often. A rule counts tries in a window that begins with the first of them."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from feedback.errors import DomainError


class Rule(Struct, frozen=True):
    """So many tries of a subject in so many seconds; the next is limited until the window is over."""

    key: str
    most: int
    seconds: int

    def wait(self, count: int, ends_at: int, now: int) -> int:
        """Seconds to wait before the next try; 0 where this one, counted already, is within the rule."""
        return 0 if count <= self.most else max(1, ends_at - now)


class Limited(DomainError):
    """Too many tries. `wait` says for how many seconds."""

    code = "limited"

    def __init__(self, rule: Rule, wait: int) -> None:
        super().__init__("limited", rule=rule.key, wait=wait)
        self.wait = wait


SIGN_IN_ACCOUNT: Final = Rule("sign_in_account", 10, 15 * 60)
"""Wrong passwords for one account from one source: who else signs in there is not kept out by a stranger."""
SIGN_IN_SOURCE: Final = Rule("sign_in_source", 30, 15 * 60)
"""Wrong passwords from one source, whatever the account."""
SECOND_FACTOR: Final = Rule("second_factor", 5, 15 * 60)
"""Wrong codes of a second factor for one account, from wherever: who tries them has its password already."""
FOLLOW_UP_CODE: Final = Rule("follow_up_code", 20, 60)
"""Follow-up codes of the right shape that open nothing, from one source (reliability P8: at most 20 a minute)."""
SUBMISSION: Final = Rule("submission", 5, 10 * 60)
"""Messages from one source; the next asks for a proof of work, or is held (reliability §5)."""
TOWN: Final = Rule("town", 200, 60 * 60)
"""Messages from everybody together; those that are more are held, none is refused."""
MAILS: Final = Rule("mails", 20, 60 * 60)
"""Messages from one source that name an address for mail; those that are more are taken in and cause no mail."""
WORDS: Final = Rule("words", 10, 10 * 60)
"""Additions, replies, second looks and withdrawals from one source."""
LINKS: Final = Rule("links", 30, 10 * 60)
"""Buttons behind links of mails that were pressed from one source: addresses confirmed, cases opened."""
SURVEYS: Final = Rule("surveys", 30, 10 * 60)
"""Answers to surveys from one source."""
PROVIDER_SOURCE: Final = Rule("provider_source", 60, 15 * 60)
"""Sign-ins by the city's own provider that are begun from one source: a whole town hall may be one source."""
RESET_ACCOUNT: Final = Rule("reset_account", 3, 60 * 60)
"""Links for a lost password that are asked for one address, from wherever: a mailbox is not to be flooded."""
RESET_SOURCE: Final = Rule("reset_source", 20, 60 * 60)
"""The same from one source, whatever the address: a whole town hall may be one source."""

RULES: Final = (
    *(SIGN_IN_ACCOUNT, SIGN_IN_SOURCE, SECOND_FACTOR, PROVIDER_SOURCE, FOLLOW_UP_CODE),
    *(RESET_ACCOUNT, RESET_SOURCE, SUBMISSION, TOWN, MAILS, WORDS, LINKS, SURVEYS),
)
