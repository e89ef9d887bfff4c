"""A call: the host that serves it, where it comes from, and who makes it."""

from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request

from examples.fastapi_host.host import Host
from examples.host import clock, codes, sessions, users
from examples.host.sessions import Session
from examples.host.users import User
from examples.published_apis.problems import Kind, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request, before anybody knows who makes it.

    Attributes:
        host: what the application is made of.
        context: what the audit trail shall say about it.
    """

    host: Host
    context: dict[str, str] = field(repr=False)

    async def session(self, token: str | None) -> Session:
        """Return the session of an opaque token.

        Raises:
            Problem: there is none, or it has ended.
        """
        session = None
        if token:
            session = await self.host.read(sessions.find, token, now=clock.now())
        if session is None:
            raise Problem(Kind.UNAUTHENTICATED)
        return session

    async def user(self, name: str, password: str) -> User:
        """Return whose password it is. The problem does not tell whether there is such a user.

        Raises:
            Problem: nobody's.
        """
        user = await self.host.read(users.find, users.folded(name))
        # In this order: the password is hashed where there is no such user, too.
        is_right = await self.host.passwords.is_password_of(user, password)
        if not is_right or user is None:
            raise Problem(Kind.UNAUTHENTICATED)
        return user


async def calling(request: Request) -> Call:
    """Return the call of a request."""
    return Call(
        host=cast("Host", request.state.host),
        context=codes.context_of(request.client.host if request.client else None),
    )


Calling = Annotated[Call, Depends(calling)]
