"""Families of rotating: another code takes the place of the one that is spent."""

from recoverykit.core.format import CodeFormat
from tests.families.plain import PLAIN, WRONG
from tests.verbs import Code, Family, InTurn, by_name, codes_of, in_a_word, names, played, told_to

ROTATING = PLAIN.but(rotate=True)
SHARED = ROTATING.but(format=CodeFormat.base32(16))
UNROTATING = SHARED.but(rotate=False)  # a host that is not set up to rotate yet
SINGLE = SHARED.but(count=1, low_at=0)
ROTATED, _played = played(ROTATING.issue("old"), ROTATING.issue("replace old", replacing=True))
CODES = codes_of(_played, "replace old")
SHARED_STORED, _played = played(SHARED.issue("old"))
SHARED_CODES = codes_of(_played, "old")
SINGLE_STORED, _played = played(SINGLE.issue("old"))
(ONLY,) = codes_of(_played, "old")


def redeem_the_replacement(name, kit, code):
    """Redeem a code and, where that succeeds, the code that was shown in its place."""

    def again(told):
        shown = getattr(told, "replacement", None)
        return shown and kit.redeem(name, Code(shown.codes[0], shown.set_id))

    return InTurn(name, kit.redeem(name, code), again)


def one_replacement(history, deeds):
    """One succeeds, and its replacement stands; the spent code is a wrong one now."""
    words = names(history)
    assert words.count("Redemption") == 1
    assert words.count("InvalidCode") == len(words) - 1
    assert [deed.is_replacing for deed in deeds].count(True) == 1
    assert not deeds[-1].after.spent


def two_replacements(history, deeds):
    assert names(history) == ["Redemption", "Redemption"]
    assert [deed.is_replacing for deed in deeds] == [True, True]
    assert not deeds[-1].after.spent


def told_twice(history, deeds):
    assert names(history) == ["Redemption", "Redemption again"]
    assert len(deeds) == 1
    again = [told_to(end)[0] for end in history.ends.values() if told_to(end)[0].replayed]
    assert again[0].reissue_required


def replaced_or_used(history, deeds):
    """Whichever host spends it, once: it is a wrong one where the other host has replaced it."""
    first, second = ("A", "B") if deeds[0].is_replacing else ("B", "A")
    told = in_a_word(history.ends[first]), in_a_word(history.ends[second])
    assert told == ("Redemption", "InvalidCode" if first == "A" else "CodeAlreadyUsed")


def one_replacement_of_two(history, deeds):
    """Both succeed; the place of one is taken, and that of the other is spent."""
    assert names(history) == ["Redemption", "Redemption"]
    assert sorted(deed.is_replacing for deed in deeds) == [False, True]
    assert deeds[-1].after.spent == {1}


TWO = {
    "a rotated code twice": Family(
        by_name(*ROTATING.redemptions(CODES[0], CODES[0])),
        one_replacement,
        before=ROTATED,
        states=26,
    ),
    "two rotated codes": Family(
        by_name(*ROTATING.redemptions(*CODES)), two_replacements, before=ROTATED, states=24
    ),
    "two rotated codes that share a salt": Family(
        by_name(*SHARED.redemptions(*SHARED_CODES)),
        two_replacements,
        before=SHARED_STORED,
        states=24,
    ),
    "a rotated code twice, one attempt": Family(
        by_name(*(ROTATING.redeem(name, CODES[0], attempt="same") for name in "AB")),
        told_twice,
        before=ROTATED,
        states=20,
    ),
    "the only code twice, one attempt": Family(
        by_name(*(SINGLE.redeem(name, ONLY, attempt="same") for name in "AB")),
        told_twice,
        before=SINGLE_STORED,
        states=20,
    ),
    "two rotated codes, one attempt": Family(
        by_name(
            *(
                ROTATING.redeem(name, code, attempt="same")
                for name, code in zip("AB", CODES, strict=True)
            )
        ),
        two_replacements,
        before=ROTATED,
        states=24,
    ),
    "a rotation against a redemption of the same code": Family(
        by_name(ROTATING.redeem("A", CODES[0]), PLAIN.redeem("B", CODES[0])),
        replaced_or_used,
        before=ROTATED,
        states=24,
    ),
    "a rotation against a redemption of another code": Family(
        by_name(ROTATING.redeem("A", CODES[0]), PLAIN.redeem("B", CODES[1])),
        one_replacement_of_two,
        before=ROTATED,
        states=24,
    ),
    "a rotation against a redemption of another code that shares its salt": Family(
        by_name(SHARED.redeem("A", SHARED_CODES[0]), UNROTATING.redeem("B", SHARED_CODES[1])),
        one_replacement_of_two,
        before=SHARED_STORED,
        states=24,
    ),
    "a rotation against a replace": Family(
        by_name(ROTATING.redeem("A", CODES[0]), ROTATING.issue("replace", replacing=True)),
        before=ROTATED,
        states=25,
    ),
    "a rotation against a revoke": Family(
        by_name(ROTATING.redeem("A", CODES[0]), ROTATING.revoke("revoke")),
        before=ROTATED,
        states=18,
    ),
}

THREE = {
    "the only code three times": Family(
        by_name(*SINGLE.redemptions(ONLY, ONLY, ONLY)),
        one_replacement,
        before=SINGLE_STORED,
        states=410,
    ),
    "a rotated code twice against a replace": Family(
        by_name(
            *ROTATING.redemptions(CODES[0], CODES[0]), ROTATING.issue("replace", replacing=True)
        ),
        before=ROTATED,
        states=390,
    ),
    "a rotated code and its replacement against a wrong guess": Family(
        by_name(redeem_the_replacement("A", ROTATING, CODES[0]), ROTATING.redeem("B", WRONG)),
        before=ROTATED,
        states=90,
    ),
    "a rotated code and its replacement, twice": Family(
        by_name(*(redeem_the_replacement(name, SINGLE, ONLY) for name in "AB")),
        before=SINGLE_STORED,
        states=140,
    ),
}
