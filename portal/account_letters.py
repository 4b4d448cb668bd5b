"""What the mails to staff say: the invitation to an account, and the way back to one whose password is lost.

Each holds one link, which gives the account a password; it is made here and must be kept before the mail goes out.
"""

from __future__ import annotations

from datetime import datetime

from feedback.city.profile import City
from feedback.people import welcome
from feedback.people.tables import Account
from feedback.people.welcome import NewWelcome
from portal import languages
from portal.languages import gettext as _
from portal.letter_drafts import Draft, WelcomeMail


def welcome_href(public_url: str, made: NewWelcome) -> str:
    """The address of a link: always that of the settings, whatever a request called us."""
    return f"{public_url}/staff/welcome/{made.token}"


def draft(
    occasion: welcome.Occasion, *, account: Account, city: City, public_url: str, real_now: datetime
) -> tuple[Draft, NewWelcome]:
    """The mail of an occasion and its link."""
    assert account.id is not None
    made = welcome.make(account_id=account.id, occasion=occasion, now=real_now)
    page = WelcomeMail(
        occasion=occasion,
        name=account.name,
        email=account.email,
        channel=languages.in_language(city.identity.channel),
        href=welcome_href(public_url, made),
        hours=int(welcome.lives(occasion).total_seconds()) // 3600,
    )
    subject = (
        _("Your account as a member of staff") if occasion == "invitation" else _("Choose a new password")
    )
    return Draft("welcome", subject, page), made
