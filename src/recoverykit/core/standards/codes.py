"""The rules about the codes themselves: how long, of which symbols, how many and how replaced."""

from typing import Final

from recoverykit.core import amounts, attack
from recoverykit.core.alphabet import Alphabet
from recoverykit.core.spelling import LOOK_ALIKES
from recoverykit.core.standards.rule import ASVS, NIST, Audited, Profile, Rule
from recoverykit.core.wordlist import WordList
from recoverykit.errors import Severity

_LOOK_UP_BITS: Final = 20
_LOOK_UP_DIGITS: Final = 6  # 19.93 bits, and named beside the 20 in both sources
_SAVED_BITS: Final = 64
_GUESS_PROOF_BITS: Final = 128
_DIGITS: Final = frozenset(Alphabet.DIGITS.symbols)
_ONE_TIME_PASSWORD: Final = range(6, 9)  # digits; RFC 4226, 5.3 and RFC 6238


def _too_short(audited: Audited) -> str | None:
    shape = audited.policy.format
    has_digits = shape.alphabet.order == len(_DIGITS) and shape.length >= _LOOK_UP_DIGITS
    if has_digits or audited.bits >= _LOOK_UP_BITS:
        return None
    return amounts.entropy(audited.bits)


def _too_short_to_recover(audited: Audited) -> str | None:
    if audited.bits >= _SAVED_BITS:
        return None
    cost = audited.offline_cost
    return (
        f"{amounts.entropy(audited.bits)}: a chance of {amounts.chance(audited.yearly_chance)} a "
        f"year by {audited.yearly_guesses:,} guesses against {_codes(audited.targets)} at a time, "
        f"and {amounts.money(cost.dollars)} for a code from a stolen database"
        f"{' and keyring' if audited.peppered else ''}"
    )


def _codes(count: int) -> str:
    return "1 code" if count == 1 else f"{count} codes"


def _guessable(audited: Audited) -> str | None:
    return None if audited.bits >= _GUESS_PROOF_BITS else amounts.entropy(audited.bits)


def _like_a_one_time_password(audited: Audited) -> str | None:
    shape = audited.policy.format
    alphabet = shape.alphabet
    if shape.total not in _ONE_TIME_PASSWORD or isinstance(alphabet, WordList):
        return None
    symbols = frozenset(alphabet.symbols)
    if not (symbols <= _DIGITS or symbols >= _DIGITS):
        return None
    share = f"one in {alphabet.order} of them" if shape.check else "each of them"
    return f"{shape.total} symbols, digits among them: {share} is read as a code"


def _look_alikes(audited: Audited) -> str | None:
    alphabet = audited.policy.format.alphabet
    if isinstance(alphabet, WordList):
        return None
    symbols = alphabet.symbols
    own = ["".join(char for char in group if char in symbols) for group in LOOK_ALIKES]
    mixed = [group for group in own if len(group) > 1]
    return f"{' and '.join(mixed)} in one alphabet" if mixed else None


def _not_replaced(audited: Audited) -> str | None:
    return None if audited.policy.rotate else "a used code is not replaced at once"


def _replayed(audited: Audited) -> str | None:
    window = audited.policy.replay_for
    return f"a success is told again for {amounts.span(window)}" if window else None


_ONCE: Final = "a code is accepted once, whatever the attempt"
_NO_REPLAY: Final = "set replay_for to zero"

CODE_RULES: Final = (
    Rule(
        id="N4-LS-MIN",
        source=f"{NIST}, 3.1.2.1; {ASVS}, 6.5.4 (L2)",
        severity=Severity.ERROR,
        figure="at least six decimal digits, or 20 bits",
        mend="make the codes longer",
        check=_too_short,
    ),
    Rule(
        id="N4-SRC-64",
        source=f"{NIST}, 4.2.1.1",
        severity=Severity.ERROR,
        figure="at least 64 bits in a code that recovers an account",
        mend=(
            "make the codes longer, or accept it where a code is only ever the second factor "
            "behind a password"
        ),
        check=_too_short_to_recover,
        assumed=f"{attack.ONLINE_ASSUMED}; {attack.OFFLINE_ASSUMED}",
    ),
    Rule(
        id="A5-11.5.1",
        source=f"{ASVS}, 11.5.1 (L2), beside 6.5.4 which asks less of recovery codes",
        severity=Severity.INFO,
        figure="128 bits in whatever must not be guessed",
        mend="nothing, where the throttle and the slow hash stand",
        check=_guessable,
    ),
    Rule(
        id="ROUTE-TOTP",
        severity=Severity.WARNING,
        figure="a code that cannot be taken for a one-time password of 6 to 8 digits",
        mend="choose another length, or ask for recovery codes in a field of their own",
        check=_like_a_one_time_password,
    ),
    Rule(
        id="N4-UX-FONT",
        source=f"{NIST}, 8.1.1 (informative)",
        severity=Severity.INFO,
        figure="no symbols that look alike, such as O and 0",
        mend="use Crockford's base32, or show the codes in a font that tells them apart",
        check=_look_alikes,
    ),
    Rule(
        id="N4-SRC-REISSUE",
        source=f"{NIST}, 4.2.1.1",
        severity=Severity.INFO,
        figure="a new code for each that was used",
        mend="set rotate, or issue a new set after each redemption",
        check=_not_replaced,
    ),
    Rule(
        id="PCI-8.5.1",
        source="PCI DSS v4.0.1, 8.5.1",
        severity=Severity.ERROR,
        figure=_ONCE,
        mend=_NO_REPLAY,
        check=_replayed,
        profiles=frozenset({Profile.PCI}),
    ),
    Rule(
        id="PSD2-4.1",
        source="Regulation (EU) 2018/389, article 4(1)",
        severity=Severity.ERROR,
        figure=_ONCE,
        mend=_NO_REPLAY,
        check=_replayed,
        profiles=frozenset({Profile.PSD2}),
    ),
)
