"""Making the `Site`: what every handler and every job needs, once a process, from an opened installation."""

from __future__ import annotations

from feedback.city.profile import City
from portal import languages
from portal.environment import OperatorError
from portal.files import Files
from portal.in_force import InForce
from portal.installation import Installed
from portal.limits import Limits
from portal.oidc import Provider
from portal.pages import Site
from portal.rendering import Assets, make_templates
from portal.settings import Settings


def make_site(installed: Installed) -> Site:
    """The site of an installation. Refuses (OperatorError) where one of its city's languages has no catalogue."""
    in_force = InForce(installed.database)
    check_languages(in_force.ruling().city)
    assets = Assets()
    return Site(
        settings=installed.settings,
        database=installed.database,
        secret=installed.secret,
        clock=installed.clock.now,
        demonstration=installed.is_demonstration,
        assets=assets,
        templates=make_templates(assets),
        in_force=in_force,
        limits=Limits(installed.settings.database_url),
        provider=make_provider(installed.settings),
        files=Files(installed.settings.files_folder),
    )


def make_provider(settings: Settings) -> Provider | None:
    """The provider of identities of the settings, if there is one; it is not asked anything yet."""
    return Provider(settings.oidc, settings.public_url) if settings.oidc else None


def check_languages(city: City) -> None:
    """Refuses (OperatorError) a city whose pages could not be shown in each of its languages."""
    missing = languages.missing(city.identity.languages)
    if missing:
        raise OperatorError(
            f"There is no translation of the pages into {', '.join(missing)}; there is: "
            f"{', '.join(languages.known())}. Take it out of languages in city.toml, "
            "or add locale/LANGUAGE/LC_MESSAGES/kanali.po and run make setup."
        )
