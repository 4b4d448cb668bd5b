"""What a member of staff may do with an item as it stands. Decides nothing that a deed does not decide again."""

from __future__ import annotations

from msgspec import Struct

from feedback.items import lengthen, restrict
from feedback.items.lifecycle import RUNNING, Move, may
from feedback.items.views import ItemView
from feedback.people.viewer import Viewer


class Acts(Struct, frozen=True, kw_only=True):
    """What this person may do with the item as it stands."""

    take: bool
    answer: bool
    ask: bool
    resume: bool
    hand_over: bool
    void: bool
    unvoid: bool
    reopen: bool
    release: bool
    rate: bool
    restrict: bool
    lift: bool
    nature: bool
    deadline: bool
    """The law's time can be spoken of; whether its row allows anything now, its page says."""


def acts_of(item: ItemView, viewer: Viewer) -> Acts:
    """What this person may do: the state's moves, less what a second look leaves to another."""
    barred = is_barred(item, viewer)

    def can(move: Move) -> bool:
        return may(item.state, move, is_held=item.held is not None)

    return Acts(
        take=can("take") and not barred,
        answer=can("answer") and not barred,
        ask=can("ask") and not barred and item.channel != "import",
        resume=can("resume"),
        hand_over=can("hand_over"),
        void=can("void"),
        unvoid=can("unvoid"),
        reopen=can("reopen"),
        release=item.held is not None,
        rate=item.state in RUNNING,
        restrict=item.restricted is None and restrict.may_restrict(viewer),
        nature=lengthen.may_lengthen(item.state, is_held=item.held is not None),
        deadline=item.cycle.clock("law") is not None
        and lengthen.may_lengthen(item.state, is_held=item.held is not None),
        lift=item.restricted is not None and restrict.may_lift(item.restricted, item.grants, viewer),
    )


def is_barred(item: ItemView, viewer: Viewer) -> bool:
    """Whether this person gave an answer that led to a second look, which is another's."""
    return any(cycle.barred_id == viewer.account_id for cycle in item.cycles)
