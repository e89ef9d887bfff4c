"""The user of the demonstration, and what its client is told on standard output."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from examples.fastapi_host.host import Host
from examples.host import clock, signing_in, users
from examples.host.users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What an application prepares its demonstration with.

    Attributes:
        host: what the application is made of.
        base_url: where it is going to listen.
    """

    host: Host
    base_url: str

    @property
    def names(self) -> tuple[str, ...]:
        """Who may sign in; the first of them gets codes."""
        return self.host.settings.users

    async def user(self, name: str) -> User:
        """Return one of those who may sign in."""
        found = await self.host.read(users.find, users.folded(name))
        if found is None:
            raise LookupError("the application was started without this user")
        return found

    async def open_session(self, user: User) -> str:
        """Open a session that has shown the password alone, and return its token."""
        return await self.host.write(signing_in.let_in, user, now=clock.now())


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What came of the preparation.

    Attributes:
        line: what a client needs, beside the address, the name and the password.
        own: what the application's own calls find as ``request.state.own``; None for nothing.
    """

    line: Mapping[str, object] = field(repr=False)
    own: object = None
