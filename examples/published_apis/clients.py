"""The one OAuth client of the demonstration."""

import hmac
import secrets
from dataclasses import dataclass, field
from typing import Self

from examples.host import tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """An application that asks for tokens.

    Attributes:
        id: what it is called.
        secret_digest: what is kept of its secret.
    """

    id: str
    secret_digest: str = field(repr=False)

    @classmethod
    def new(cls) -> tuple[Self, str]:
        """Return a client and its secret, which is kept nowhere."""
        secret = tokens.new_id()
        client = cls(id=secrets.token_urlsafe(16), secret_digest=tokens.digest_of(secret))
        return client, secret

    def is_shown_by(self, client_id: str, secret: str) -> bool:
        """Whether these are the client's."""
        is_id = hmac.compare_digest(client_id.encode(), self.id.encode())
        return hmac.compare_digest(tokens.digest_of(secret), self.secret_digest) and is_id
