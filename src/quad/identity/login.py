"""Who may log in, and how: at a provider, or with a name alone."""

import ipaddress
import logging
from typing import Final, Literal

from quad.identity.oauth import Fenix, OpenId, Provider
from quad.settings import BadSettings, IdentitySettings, ServerSettings

log = logging.getLogger("quad.identity")

Login = Provider | Literal["guest", "local", "none"]
"""A provider, or whoever says a name, or who does so on this very machine, or nobody."""

_GUESTS_ARE_IN: Final = (
    "GUEST LOGIN IS ON: at /nearby anybody can be anybody, with a name and no password. "
    "This is for trying things out; identity.login = fenix or oidc asks a provider."
)
NOT_FROM_HERE: Final = (
    "GUEST LOGIN REFUSED: asked for as %r, behind a proxy or from elsewhere. Without a login "
    "provider guests are let in on this very machine only "
    "(identity.login = guest lets everybody in)"
)
_NOBODY_IS_IN: Final = (
    "nobody can log in at /nearby: no login provider is configured, and the address is not a "
    "loopback one (identity.login = guest lets everybody in by name)"
)


def choose_login(settings: IdentitySettings, server: ServerSettings) -> Login:
    """Return how people log in, and say so in the log where it matters.

    Raises BadSettings if the chosen provider is not configured.
    """
    match _kind(settings, server):
        case "fenix":
            _demand(settings.client_id, "client_id", "fenix")
            return Fenix(settings.fenix_base, settings.client_id, settings.client_secret)
        case "oidc":
            _demand(settings.oidc_discovery, "oidc_discovery", "oidc")
            _demand(settings.client_id, "client_id", "oidc")
            return OpenId(
                settings.oidc_discovery,
                settings.client_id,
                settings.client_secret,
                claim=settings.oidc_claim,
            )
        case "guest" | "local" as guests:
            log.warning(_GUESTS_ARE_IN)
            return guests
        case "none":
            log.warning(_NOBODY_IS_IN)
            return "none"


def _kind(
    settings: IdentitySettings, server: ServerSettings
) -> Literal["fenix", "oidc", "guest", "local", "none"]:
    if settings.login != "auto":
        return settings.login
    if settings.oidc_discovery:
        return "oidc"
    if settings.client_id:
        return "fenix"
    # A proxy in front makes a loopback address one for the world.
    is_behind = bool(server.trusted_proxies or server.public_url)
    return "local" if _is_loopback(server.host) and not is_behind else "none"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _demand(value: str, name: str, login: str) -> None:
    if not value:
        raise BadSettings([f"identity.login = {login} needs identity.{name}"])
