"""The rules about wrong guesses: how many, how fast, and what ends them."""

from datetime import timedelta
from typing import Final

from recoverykit.core import amounts, attack
from recoverykit.core.standards.rule import NIST, Audited, Profile, Rule
from recoverykit.errors import Severity

_HOUR: Final = timedelta(hours=1)
_MOST_FAILURES: Final = 100
_MOST_AN_HOUR: Final = 100
_LEAST_ATTEMPTS: Final = 10
_PCI_FAILURES: Final = 10
_PCI_LOCK: Final = timedelta(minutes=30)
_PSD2_FAILURES: Final = 5
_PSD2_BLOCK: Final = timedelta(seconds=30)  # the article names none; NIST begins with this one
_NO_LIMIT: Final = "no limit"


def _unthrottled(audited: Audited) -> str | None:
    return _NO_LIMIT if audited.policy.throttle is None else None


def _never_disabled(audited: Audited) -> str | None:
    throttle = audited.policy.throttle
    if throttle is None:
        return _NO_LIMIT
    if throttle.disable_after <= _MOST_FAILURES:
        return None
    return f"{throttle.disable_after:,} failures"


def _too_fast(audited: Audited) -> str | None:
    guesses = attack.guesses_within(audited.policy.throttle, _HOUR)
    return f"{guesses:,} in an hour" if guesses > _MOST_AN_HOUR else None


def _too_few_attempts(audited: Audited) -> str | None:
    throttle = audited.policy.throttle
    if throttle is None or throttle.disable_after >= _LEAST_ATTEMPTS:
        return None
    return f"{throttle.disable_after} attempts"


def _not_locked_for_pci(audited: Audited) -> str | None:
    throttle = audited.policy.throttle
    if throttle is None:
        return _NO_LIMIT
    if throttle.disables_at(_PCI_FAILURES):
        return None  # until somebody's identity is confirmed and a new set issued
    lock = throttle.delay_after(_PCI_FAILURES)
    if lock >= _PCI_LOCK:
        return None
    return f"{amounts.span(lock)} after failure {_PCI_FAILURES}"


def _not_blocked_for_psd2(audited: Audited) -> str | None:
    throttle = audited.policy.throttle
    if throttle is None:
        return _NO_LIMIT
    if throttle.free > _PSD2_FAILURES:
        return f"no block before failure {throttle.free}"
    block = throttle.delay_after(_PSD2_FAILURES)
    if throttle.disables_at(_PSD2_FAILURES) or block >= _PSD2_BLOCK:
        return None
    return f"{amounts.span(block)} after failure {_PSD2_FAILURES}"


def _blocked_for_a_time(audited: Audited) -> str | None:
    throttle = audited.policy.throttle
    if throttle is None or _not_blocked_for_psd2(audited) or throttle.disables_at(_PSD2_FAILURES):
        return None
    block = amounts.span(throttle.delay_after(_PSD2_FAILURES))
    return f"{block} after failure {_PSD2_FAILURES}, for good by failure {throttle.disable_after}"


_SET_THROTTLE: Final = "give the policy a Throttle"

THROTTLE_RULES: Final = (
    Rule(
        id="N4-LS-RATE",
        source=f"{NIST}, 3.1.2.2",
        severity=Severity.ERROR,
        figure="a limit on failed attempts",
        mend=_SET_THROTTLE,
        check=_unthrottled,
    ),
    Rule(
        id="N4-SRC-THROTTLE",
        source=f"{NIST}, 4.2.1.1",
        severity=Severity.ERROR,
        figure="a limit on failed attempts, however long the code that recovers an account",
        mend=_SET_THROTTLE,
        check=_unthrottled,
    ),
    Rule(
        id="N4-THR-100",
        source=f"{NIST}, 3.2.2",
        severity=Severity.ERROR,
        figure="disabled after at most 100 failures in a row",
        mend="lower Throttle.disable_after",
        check=_never_disabled,
    ),
    Rule(
        id="A4-2.2.1",
        source="OWASP ASVS 4.0.3, 2.2.1 (L1); no longer in 5.0",
        severity=Severity.WARNING,
        figure="at most 100 failures in an hour",
        mend="lower Throttle.free, or lengthen Throttle.first_delay",
        check=_too_fast,
    ),
    Rule(
        id="N4-UX-10",
        source=f"{NIST}, 8.1.1 (informative)",
        severity=Severity.INFO,
        figure="at least 10 attempts",
        mend="nothing, where another rule asks for fewer; else raise Throttle.disable_after",
        check=_too_few_attempts,
    ),
    Rule(
        id="PCI-8.3.4",
        source="PCI DSS v4.0.1, 8.3.4",
        severity=Severity.ERROR,
        figure="locked for at least 30 min after at most 10 failures",
        mend="set Throttle.free to 10 or less and Throttle.first_delay to 30 minutes or more",
        check=_not_locked_for_pci,
        profiles=frozenset({Profile.PCI}),
    ),
    Rule(
        id="PSD2-4.3b",
        source="Regulation (EU) 2018/389, article 4(3)(b)",
        severity=Severity.ERROR,
        figure="blocked, for a time or for good, after at most 5 failures in a row",
        mend="set Throttle.free to 5 or less, and first_delay to 30 s or more",
        check=_not_blocked_for_psd2,
        profiles=frozenset({Profile.PSD2}),
    ),
    Rule(
        id="PSD2-4.3b",
        source="Regulation (EU) 2018/389, article 4",
        severity=Severity.INFO,
        figure="a block for a time as long as the service and its risks ask for",
        mend="say why it does, or set Throttle.disable_after to 5",
        check=_blocked_for_a_time,
        profiles=frozenset({Profile.PSD2}),
    ),
)
