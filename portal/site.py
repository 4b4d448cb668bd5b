"""Making the `Site`: what every handler and every job needs, once a process, from an opened installation."""

from __future__ import annotations

from feedback.city import versions
from portal import languages
from portal.installation import Installed
from portal.pages import Assets, Site, make_templates
from portal.settings import OperatorError


def make_site(installed: Installed) -> Site:
    """The site of an installation. Refuses (OperatorError) where one of its city's languages has no catalogue."""
    with installed.database.read() as session:
        spoken = versions.current(session).city.identity.languages
    missing = sorted(set(spoken) - set(languages.known()))
    if missing:
        raise OperatorError(f"There is no compiled catalogue for {', '.join(missing)}. Run: make setup")
    assets = Assets()
    return Site(
        settings=installed.settings,
        database=installed.database,
        secret=installed.secret,
        clock=installed.clock.now,
        demonstration=installed.is_demonstration,
        assets=assets,
        templates=make_templates(assets),
    )
