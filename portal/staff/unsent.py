"""What this person wrote for a case and could not send: kept as a draft, and shown in its form or beside it.

What a draft is is `feedback/items/drafts.py`'s business; here is decided what is kept of a form, which draft fills the
open form, and what is said of the others.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from feedback.items import drafts
from feedback.items.drafts import DraftView
from feedback.items.views import ItemView
from portal import languages
from portal.languages import gettext as _
from portal.pages import Visit
from portal.staff.acts import acts_of
from portal.staff.desk_page import Unsent

COMPOSED = ("answer", "question")
"""Deeds whose form stands on the page of the case; the others have a page of their own."""


def keep(visit: Visit, item: ItemView, deed: str, text: str, fields: tuple[str, ...]) -> None:
    """Keep what could not be sent as this person's draft, with what was chosen in other fields beside it."""
    if not deed or not text.strip():
        return
    with visit.site.database.write() as session:
        drafts.keep(
            session,
            account_id=visit.staff.account_id,
            item_id=item.id,
            deed=deed,
            text=text,
            choices={name: visit.form.text(name) for name in fields},
            now=visit.now,
        )


def read(visit: Visit, session: Session, item: ItemView) -> list[DraftView]:
    """This person's drafts for an item that they may see, the newest first."""
    return drafts.drafts_of(session, account_id=visit.staff.account_id, item_id=item.id)


def find_for_composer(
    visit: Visit, item: ItemView, written: Sequence[DraftView], tab: str
) -> DraftView | None:
    """The draft that fills the composer: that of the tab that was asked for, else the newest."""
    possible = _possible(visit, item)
    fitting = [draft for draft in written if draft.deed in COMPOSED and possible[draft.deed]]
    return next((draft for draft in fitting if tab in ("", draft.deed)), None)


def shown(
    visit: Visit, item: ItemView, written: Sequence[DraftView], in_form: DraftView | None, *, trail: str
) -> list[Unsent]:
    """What the page says of each draft, the newest first."""
    possible = _possible(visit, item)
    return [
        Unsent(
            deed=draft.deed,
            title=_("Your text of %(when)s, not sent: %(what)s")
            % {
                "when": languages.moment(draft.at, visit.city.zone, visit.now),
                "what": _deed_word(draft.deed),
            },
            href=_form_of(draft.deed, item, trail) if possible[draft.deed] and draft != in_form else "",
            text="" if possible[draft.deed] else draft.text,
            is_in_form=draft == in_form,
        )
        for draft in written
    ]


def _possible(visit: Visit, item: ItemView) -> dict[str, bool]:
    """Which deeds that can have a draft are open to this person now."""
    acts = acts_of(item, visit.staff)
    return {
        "answer": acts.answer,
        "question": acts.ask,
        "hand-over": acts.hand_over,
        "void": acts.void,
        "reopen": acts.reopen,
        "restrict": acts.restrict,
        "lift": acts.lift,
        "nature": acts.nature,
        "deadline": acts.deadline,
    }


def _form_of(deed: str, item: ItemView, trail: str) -> str:
    address = f"/staff/item/{item.reference}"
    if deed in COMPOSED:
        return f"{address}?{trail}&tab={deed}#composer" if trail else f"{address}?tab={deed}#composer"
    return f"{address}/{deed}?{trail}" if trail else f"{address}/{deed}"


def _deed_word(deed: str) -> str:
    return {
        "answer": _("Answer to the citizen"),
        "question": _("Question to the citizen"),
        "hand-over": _("Hand over"),
        "void": _("Set the case aside"),
        "reopen": _("Open the case again"),
        "restrict": _("Restrict who sees the case"),
        "lift": _("Lift the restriction"),
        "nature": _("Change the legal nature"),
        "deadline": _("The time of the law"),
    }[deed]
