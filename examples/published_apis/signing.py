"""Signed tokens: JWTs by RS256, and the keys by which anybody verifies them."""

import time
from dataclasses import dataclass, field
from typing import Final, Self

from joserfc import jwt
from joserfc.jwk import KeyParameters, RSAKey

ALGORITHM: Final = "RS256"
LIFETIME: Final = 86_400  # seconds
_KEY_BITS: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Signs tokens in the name of one issuer.

    Attributes:
        issuer: who says so.
        key: the key to sign with.
    """

    issuer: str
    key: RSAKey = field(repr=False)

    @classmethod
    def new(cls, issuer: str) -> Self:
        """Return a signer with a key of its own, which lives as long as this process.

        In production the key comes from where your secrets come from, and outlives a restart.
        """
        about: KeyParameters = {"use": "sig", "alg": ALGORITHM}
        key = RSAKey.generate_key(_KEY_BITS, about, auto_kid=True)
        return cls(issuer=issuer, key=key)

    def sign(self, subject: str, *, audience: str, **claims: object) -> str:
        """Return a token about somebody.

        Args:
            subject: about whom.
            audience: whom it is for.
            claims: what else it says.
        """
        now = int(time.time())
        said = claims | {
            "iss": self.issuer,
            "sub": subject,
            "aud": audience,
            "iat": now,
            "exp": now + LIFETIME,
        }
        header = {"alg": ALGORITHM, "kid": self.key.kid, "typ": "JWT"}
        return jwt.encode(header, said, self.key)

    @property
    def published(self) -> dict[str, list[dict[str, str | list[str]]]]:
        """The public half of the key, for everybody, as a set of keys (RFC 7517, 5)."""
        return {"keys": [dict(self.key.as_dict(private=False))]}
