"""The order in which a town lives through everything once: every page, every state, every mail."""

from __future__ import annotations

from collections.abc import Callable

from tests.upkeep import public_pages, staff_pages
from tests.upkeep.tour import Tour

STAGES: tuple[Callable[[Tour], object], ...] = (
    public_pages.empty_house,
    staff_pages.empty_inbox,
    public_pages.form,
    public_pages.receipts,
    public_pages.code,
    staff_pages.sign_in,
    staff_pages.welcome,
    staff_pages.provider,
    staff_pages.account,
    staff_pages.second_factor,
    Tour.reads_mails,
    staff_pages.desk,
    public_pages.cases,
    public_pages.links,
    public_pages.survey,
    staff_pages.undelivered,
    staff_pages.other_items,
    staff_pages.restricted_items,
    staff_pages.full_inbox,
    Tour.reads_mails,
    public_pages.quality,
    public_pages.refusals,
)


def live(tour: Tour) -> None:
    """Walk through all of it."""
    for stage in STAGES:
        stage(tour)
