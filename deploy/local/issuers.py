"""Who gives out tokens in the stack: the development issuer, or Keycloak.

`ISSUER=keycloak` in the environment asks for the real one (`deploy/local/keycloak.py`).
"""

from enum import StrEnum
from typing import Final

from deploy.local import choices, keycloak
from deploy.local.ports import HOST

_DISCOVERY: Final = "/.well-known/openid-configuration"


class Issuer(StrEnum):
    """Anyone as anyone, by the name of a role; or people and machines with accounts."""

    DEVELOPMENT = "development"
    KEYCLOAK = "keycloak"

    @property
    def health_path(self) -> str:
        """What answers once tokens are given: of Keycloak, once the realm is in."""
        return f"/realms/{keycloak.NAME}{_DISCOVERY}" if self is Issuer.KEYCLOAK else "/livez"

    @property
    def start_seconds(self) -> float:
        """How long its first start may take: of Keycloak, the making of its database too."""
        return 180.0 if self is Issuer.KEYCLOAK else 30.0


def chosen() -> Issuer:
    """What the environment asks for. Raises `StackError` for an issuer there is not."""
    return choices.chosen("ISSUER", Issuer.DEVELOPMENT)


def addresses(port: int) -> dict[str, str]:
    """How every process finds the chosen issuer, as settings."""
    if chosen() is Issuer.DEVELOPMENT:
        issuer = f"http://{HOST}:{port}"
        return {"OIDC_ISSUER": issuer, "OIDC_TOKEN_URL": f"{issuer}/token"}
    issuer = keycloak.realm_address(port)
    protocol = f"{issuer}/protocol/openid-connect"
    return {
        "OIDC_ISSUER": issuer,
        "OIDC_TOKEN_URL": f"{protocol}/token",
        "OIDC_AUTHORIZATION_URL": f"{protocol}/auth",
    }
