"""What is checked: a login, described by a few functions."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Generic, TypeAlias, TypeVar, cast

from recoverykit.errors import InvalidArgument
from recoverykit.testing.hosts.forms import FORMS, Form

UserT = TypeVar("UserT")

Dump: TypeAlias = bytes | str | Iterable[bytes | str]

_NEEDED: Final = ("new_user", "issue", "redeem")
_FUNCTIONS: Final = (
    *_NEEDED,
    "arrive",
    "regenerate",
    "revoke",
    "remaining",
    "stranger",
    "told",
    "dump",
    "advance",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Host(Generic[UserT]):
    """A login that has recovery codes, described by what can be done with it.

    The functions are called from several threads at once. A user is whatever the host's functions
    take for one: an id, a row, somebody at a browser. All users are new ones, so the login may
    keep what it stores between two checks; it must be one for tests, for it is attacked.

    What else limits guesses, such as the address that they come from, must not stand in the way:
    the check sends a few thousand codes.

    Attributes:
        new_user: makes a user who has no codes.
        issue: gives codes to a user who has none that count, and returns them as they are shown.
        redeem: sends a text as the code of a user. It returns what is true where the user is let
            in, and what is false, or one of ``refusals``, where not.
        refusals: the errors by which ``redeem`` refuses. Any other one is a breach of H11.
        arrive: does all that comes before the code is sent, such as the password, and returns what
            sends a text as the code and answers like ``redeem``. Races gain by it: what comes
            before does not stand between those who arrive at the same moment.
        regenerate: gives new codes in the place of those that count.
        revoke: lets no code of the user count any more.
        remaining: returns how many codes of the user are left.
        stranger: returns a user whom the login does not know.
        told: returns what the person in front of it is told, from what ``redeem`` returned or
            raised when it refused; compared by ``==``.
        dump: returns all that is stored, in any form in which a thief could read it.
        advance: lets time pass for the host. Without it the check takes new users where it
            would have to wait.
        pause: after how long a delay is over.
        set_size: how many codes a set is said to have.
        free_guesses: after so many wrong guesses in a row a right code still counts.
        most_guesses: after so many wrong guesses in a row a right code is refused; None where
            nothing limits them. NIST SP 800-63B-4, 3.2.2 allows 100.
        further_forms: which of the forms that are not usual the login takes.

    Raises:
        InvalidArgument: something of it has another type, or cannot be meant.
    """

    new_user: Callable[[], UserT]
    issue: Callable[[UserT], Iterable[str]]
    redeem: Callable[[UserT, str], object]
    refusals: tuple[type[Exception], ...] = ()
    arrive: Callable[[UserT], Callable[[str], object]] | None = None
    regenerate: Callable[[UserT], Iterable[str]] | None = None
    revoke: Callable[[UserT], object] | None = None
    remaining: Callable[[UserT], int] | None = None
    stranger: Callable[[], UserT] | None = None
    told: Callable[[object], object] | None = None
    dump: Callable[[], Dump] | None = None
    advance: Callable[[timedelta], object] | None = None
    pause: timedelta = timedelta(days=1)
    set_size: int | None = None
    free_guesses: int = 3
    most_guesses: int | None = 100
    further_forms: tuple[Form, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        for name in _FUNCTIONS:
            function: object = getattr(self, name)
            if not callable(function) and (function is not None or name in _NEEDED):
                raise InvalidArgument(f"{name} must be a function")
        if not _is_tuple(
            self.refusals, lambda each: isinstance(each, type) and issubclass(each, Exception)
        ):
            raise InvalidArgument("refusals must be a tuple of classes of exceptions")
        if not _is_tuple(self.further_forms, lambda each: isinstance(each, Form)):
            raise InvalidArgument("further_forms must be a tuple of forms")
        if not is_count(self.free_guesses, least=1):
            raise InvalidArgument("free_guesses must be a whole number, at least 1: people mistype")
        most, size = self.most_guesses, self.set_size
        if most is not None and not is_count(most, least=self.free_guesses + 1):
            raise InvalidArgument("most_guesses must be a whole number, more than free_guesses")
        if size is not None and not is_count(size, least=1):
            raise InvalidArgument("set_size must be a whole number, at least 1")
        if not isinstance(self.pause, timedelta) or self.pause <= timedelta():
            raise InvalidArgument("pause must be a timedelta, longer than nothing")

    @property
    def forms(self) -> tuple[Form, ...]:
        """The forms that are checked."""
        return tuple(each for each in FORMS if each.is_usual or each in self.further_forms)


def is_count(value: object, *, least: int) -> bool:
    """Whether something is a whole number, and not too small."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_tuple(value: object, is_one: Callable[[object], bool]) -> bool:
    return isinstance(value, tuple) and all(map(is_one, cast("tuple[object, ...]", value)))
