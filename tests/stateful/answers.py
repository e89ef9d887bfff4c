"""Answers of the library and of the oracle, in one form."""

from dataclasses import fields, is_dataclass
from enum import Enum

from recoverykit import RecoveryKitError
from tests.stateful.accounts import Refusal
from tests.stateful.benches import HostError


def told(call):
    """Return the name and facts of what a call raised, or None; and what it returned or raised."""
    try:
        return None, call()
    except Refusal as refusal:
        return (refusal.name, refusal.fact), refusal
    except (RecoveryKitError, HostError) as error:
        fact = getattr(error, "retry_at", None) or getattr(error, "key_id", None)
        return (type(error).__name__, fact), error


def plain(answer):
    """Return an answer in plain values, as the oracle gives them."""
    error, value = answer
    return error or _plain(value)


def _plain(value):
    if is_dataclass(value):
        named = {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
        return tuple(named.values()) if set(named) == {"ordinal", "used_at"} else named
    if isinstance(value, Enum):
        return value.value
    return tuple(map(_plain, value)) if isinstance(value, tuple) else value
