"""How this host uses recovery codes: its policy, its audit trail, and when a code is asked for."""

import logging

from examples.host.sessions import Session
from recoverykit import Event, Policy, SetState, Status

POLICY = Policy(
    # Who reloads the page of the codes, or never gets to see it, has lost nothing: the old codes
    # count until one of the new ones was typed back.
    confirm=True,
    # A stolen session alone can neither make nor revoke codes.
    management="unlock",
)

# Under this policy only a set that was never confirmed expires: nobody has to know its codes.
_OFF = frozenset({SetState.NONE, SetState.PENDING, SetState.EXPIRED, SetState.REVOKED})
_trail = logging.getLogger("host.codes")


def asks_for_code(status: Status) -> bool:
    """Whether the password alone is not enough.

    Codes that are exhausted or disabled do not open the door: whoever has the password can
    disable them by guessing.
    """
    return status.state not in _OFF


def may_unlock(session: Session, status: Status) -> bool:
    """Whether a session may change the codes once it has shown the password again.

    It takes two factors: the password, and the code that opened the session. A host with another
    second factor asks for that one, too.
    """
    # Without it, it was opened by the password alone, before there were codes.
    return session.has_second_factor or not asks_for_code(status)


def context_of(address: str | None) -> dict[str, str]:
    """Return what the audit trail shall say about a request from that address."""
    return {"source": address or ""}


def write_trail(event: Event) -> None:
    """Log what happened to codes. No event holds a code.

    From here a message would go out to the user, too, whenever a code was spent or replaced.
    """
    _trail.info(
        "codes of %s: %s set=%s ordinal=%s reason=%s source=%s",
        event.subject.id,
        event.kind.value,
        event.set_id,
        event.ordinal,
        event.reason and event.reason.value,
        event.context.get("source"),
    )
