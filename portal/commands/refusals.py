"""What a terminal says of a refused deed: the code's sentence with its facts, in English like the commands."""

from __future__ import annotations

from collections.abc import Mapping

from feedback.city.load import ProfileFaults
from feedback.errors import DomainError, Invalid
from portal.commands import city_faults

_SENTENCES = {
    "email_shape": "{value!r} is not an e-mail address.",
    "name_missing": "A name is needed, of at most 120 characters.",
    "role_unknown": "There is no role {value!r}: choose one of {known}.",
    "department_unknown": "There is no department {value!r}: choose one of {known}.",
    "department_missing": "The role {value} needs at least one --department.",
    "language_unknown": "The city does not speak {value!r}: choose one of {known}.",
    "password_length": "The password must have {least} to {most} characters.",
    "password_guessable": "The password is easy to guess: take several words that do not belong together.",
    "account_exists": "There is an account {email} already.",
    "account_unknown": "There is no account {email}.",
    "no_city": "The database holds no city: run kanali init --city DIR first.",
    "period_not_over": "{period} is not over: it can be closed after {last}.",
    "period_not_closed": "{period} is not closed: there is nothing to restate.",
    "nothing_changed": "Every case of {period} counts as it did when it was closed.",
    "reason_missing": "Say why, with --reason.",
    "too_long": "The text has {length} characters, the most is {most}.",
    "closed_by_another": "{period} is being closed by somebody else at this moment.",
    "period_unknown": "{period!r} is no month: write it as 2026-10.",
    "period_before_first": "{period} lies before the first case, which came in {first}.",
    "no_cases_yet": "No case has come in yet: there is no month to close.",
    "head_faulty": "this is no head of a log: give a file as it was fetched from /data/log-head.json.",
    "head_of_another": "this is the head of {theirs}, and the log here is that of {ours}: give one of its own.",
    "webhook_url": "{value!r} is no address for a webhook: give https://, a host by its name, and a path.",
    "webhook_port": "A webhook goes to port 443 or 8443, not to {value}.",
    "webhook_event": "There is no event {value!r}: choose among {known}.",
    "webhook_exists": "This address is told already: remove that subscription first.",
    "webhook_many": "There are {most} subscriptions already: remove one first.",
    "webhook_unknown": "There is no subscription {number}: kanali webhook list shows them.",
    "changed_meanwhile": "Somebody else changed it meanwhile: run the command again.",
}


def sentences(error: DomainError) -> list[str]:
    """One line for each fault of a refusal."""
    if isinstance(error, ProfileFaults):
        return [city_faults.sentence(fault) for fault in error.faults]
    if isinstance(error, Invalid):
        return [_sentence(fault.code, fault.facts) for fault in error.faults]
    return [_sentence(error.code, error.facts)]


def _sentence(code: str, facts: Mapping[str, object]) -> str:
    words = {
        name: ", ".join(map(str, fact)) if isinstance(fact, list | tuple) else fact
        for name, fact in facts.items()
    }
    if code in _SENTENCES:
        return _SENTENCES[code].format(**words)
    told = ", ".join(f"{name} {fact}" for name, fact in words.items())
    return f"Refused: {code.replace('_', ' ')}{f' ({told})' if told else ''}."
