"""The issuer's signing key: made once, kept, so that a restart does not invalidate tokens."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)

ALGORITHM: Final = "RS256"
BITS: Final = 2048
# By this the services tell our keys from a real issuer's, and in production believe none.
NAMED: Final = "development-"


@dataclass(frozen=True)
class SigningKey:
    """A private key with the id under which its public half is published."""

    private: RSAPrivateKey

    @cached_property
    def public_jwk(self) -> dict[str, Any]:
        """The public half, as `/jwks` shows it."""
        public: RSAPublicKey = self.private.public_key()
        der = public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        jwk = jwt.algorithms.RSAAlgorithm.to_jwk(public, as_dict=True)
        kid = NAMED + hashlib.sha256(der).hexdigest()[:16]
        return {**jwk, "kid": kid, "use": "sig", "alg": ALGORITHM}

    def sign(self, claims: dict[str, Any]) -> str:
        """The claims as a JWT access token (RFC 9068)."""
        headers = {"kid": self.public_jwk["kid"], "typ": "at+jwt"}
        return jwt.encode(claims, self.private, algorithm=ALGORITHM, headers=headers)


def load_or_make(folder: Path) -> SigningKey:
    """The key of this folder; a new one is written whole or not at all."""
    path = folder / "signing-key.pem"
    if path.exists():
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, RSAPrivateKey):
            raise TypeError(f"{path} holds a key that is not RSA")
        return SigningKey(key)
    key = generate_private_key(public_exponent=65537, key_size=BITS)
    folder.mkdir(parents=True, exist_ok=True)
    # mkstemp makes the file readable by its owner alone.
    handle, partial = tempfile.mkstemp(dir=folder)
    with os.fdopen(handle, "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
    Path(partial).replace(path)
    return SigningKey(key)
