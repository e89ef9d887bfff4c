"""How this host uses recovery codes: its policy, its audit trail, and when a code is asked for."""

import logging

from recoverykit import Event, Policy, SetState, Status

POLICY = Policy(
    # Who reloads the page of the codes, or never gets to see it, has lost nothing: the old codes
    # count until one of the new ones was typed back.
    confirm=True,
    # A stolen session alone can neither make nor revoke codes.
    management="unlock",
)

_OFF = frozenset({SetState.NONE, SetState.PENDING, SetState.REVOKED})
_trail = logging.getLogger("host.codes")


def asks_for_code(status: Status) -> bool:
    """Whether the password alone is not enough.

    Codes that are exhausted or disabled do not open the door: whoever has the password can
    disable them by guessing.
    """
    return status.state not in _OFF


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
