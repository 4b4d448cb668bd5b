"""`/data/log-head.json`: the head of the sealed log, for anybody to keep.

Whoever fetches it now and then and keeps it where nobody of the municipality can change it, a journalist, an auditor,
the minutes of the council, makes a later change of the past show (`kanali verify --head FILE`). It holds nobody's
data. The other open data will stand beside it.
"""

from __future__ import annotations

import hashlib

from feedback.custody import heads
from portal.pages import Reply, Visit, route

HOLDS_SECONDS = 60
"""So long anybody on the way may keep it: notes are sealed every five minutes."""


@route("/data/log-head.json", policy="public")
def log_head(visit: Visit) -> Reply:
    with visit.site.database.read() as session:
        head = heads.published(
            session, city=visit.city.identity.key, is_demonstration=visit.site.demonstration
        )
    content = heads.written(head)
    return Reply(
        content=content,
        media_type="application/json",
        headers={
            "Cache-Control": f"public, max-age={HOLDS_SECONDS}",
            "ETag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        },
    )
