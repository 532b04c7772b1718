"""What the issuer reads from its environment at start-up."""

from pathlib import Path

from pydantic import HttpUrl
from pydantic_settings import BaseSettings


class IssuerSettings(BaseSettings):
    """Production unless said otherwise, and in production there is no such issuer."""

    environment: str = "production"
    issuer_state: Path = Path(".local/issuer")
    oidc_issuer: HttpUrl = HttpUrl("http://127.0.0.1:8005")
    oidc_audience: str = "professionalitet"

    @property
    def address(self) -> str:
        """The issuer's own address, which is also the `iss` of its tokens."""
        return str(self.oidc_issuer).rstrip("/")
