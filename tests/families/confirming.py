"""Families of confirming: an old set counts, and a new one waits beside it."""

from datetime import timedelta

from recoverykit.errors import ConcurrentUpdate
from tests.families.plain import PLAIN, WRONG
from tests.verbs import Family, by_name, codes_of, in_a_word, names, played

TICK = timedelta.resolution
HOUR = timedelta(hours=1)

CONFIRMING = PLAIN.but(confirm=True, pending_for=HOUR)
_OLD, _played = played(PLAIN.issue("old"))
OLD = codes_of(_played, "old")
WAITING, _played = played(CONFIRMING.issue("replace old", replacing=True), before=_OLD)
NEW = codes_of(_played, "replace old")
ONLY_WAITING, _played = played(CONFIRMING.issue("first"))
FIRST = codes_of(_played, "first")


WRONG_ON_ACTIVE = [PLAIN.redeem(f"failure {number}", WRONG) for number in range(5)]


def failing(count, kit=CONFIRMING):
    """Return what stands after so many failures in a row of the set that waits."""
    return played(
        *(kit.confirm(f"failure {number}", WRONG) for number in range(count)), before=WAITING
    )[0]


def confirmed(*words):
    """The calls end so, and the new set counts, alone."""

    def also(history, deeds):
        assert names(history) == sorted(words)
        assert deeds[-1].now.ids == (NEW[0].set_id, None)

    return also


def right_and_wrong(history, deeds):
    assert names(history) == ["InvalidCode", "Status"]
    assert deeds[-1].now.ids == (NEW[0].set_id, None)
    assert sum(deed.kind == "counted" for deed in deeds) == 1


def old_code_before_or_never(history, deeds):
    """The old code succeeds before the confirmation, and after it is a wrong one of the new set."""
    kinds = [(deed.kind, deed.set_id) for deed in deeds]
    old, new = OLD[0].set_id, NEW[0].set_id
    assert kinds in ([("spent", old), ("confirmed", new)], [("confirmed", new), ("counted", new)])


def confirmed_or_replaced(history, deeds):
    """Either the old set waits no more and the replacer is told, or its codes are not the ones."""
    replaced, told = in_a_word(history.ends["replace"]), in_a_word(history.ends["A"])
    kinds = [deed.kind for deed in deeds]
    if told == "InvalidCode":
        assert kinds == ["pended", "counted"]
        assert deeds[-1].now.active.set_id == OLD[0].set_id
    else:
        assert (told, deeds[-1].now.active.set_id) == ("Status", NEW[0].set_id)
        assert (replaced == "ConcurrentUpdate") == (kinds == ["confirmed"])


def nothing_is_left(history, deeds):
    assert all(codes.is_over for codes in deeds[-1].now.sets)
    assert set(names(history)) <= {"Status", "NoActiveCodes", "Redemption", "InvalidCode"}


def confirmed_in_time_or_never(history, deeds):
    told = in_a_word(history.ends["A"])
    assert told in {"Status", "NoActiveCodes"}
    assert (told == "Status") == any(deed.kind == "confirmed" for deed in deeds)


def one_set_is_left(history, deeds):
    """The new set counts, or one of two others waits; whoever was overtaken landed nothing."""
    pended = [deed for deed in deeds if deed.kind == "pended"]
    if in_a_word(history.ends["A"]) == "InvalidCode":
        assert deeds[-1].now.ids == (OLD[0].set_id, pended[-1].set_id)
    else:
        assert deeds[-1].now.active.set_id == NEW[0].set_id
    for name in ("replace 1", "replace 2"):
        if name not in {deed.call for deed in pended}:
            assert type(history.ends[name].error) is ConcurrentUpdate


def one_is_judged_before_the_delay(history, deeds):
    """One guess was left: a wrong one makes the others wait, the right one begins a new count."""
    assert names(history) in (
        ["InvalidCode", "TooManyAttempts", "TooManyAttempts"],
        ["InvalidCode", "InvalidCode", "Status"],
    )


TWO = {
    "two confirms, one code": Family(
        by_name(CONFIRMING.confirm("A", NEW[0]), CONFIRMING.confirm("B", NEW[0])),
        confirmed("Status", "Status"),
        before=WAITING,
        states=20,
    ),
    "two confirms, two codes": Family(
        by_name(CONFIRMING.confirm("A", NEW[0]), CONFIRMING.confirm("B", NEW[1])),
        confirmed("Status", "Status"),
        before=WAITING,
        states=20,
    ),
    "two confirms, right and wrong": Family(
        by_name(CONFIRMING.confirm("A", NEW[0]), CONFIRMING.confirm("B", WRONG)),
        right_and_wrong,
        before=WAITING,
        states=24,
    ),
    "a confirm against a redemption of the old set": Family(
        by_name(CONFIRMING.confirm("A", NEW[0]), CONFIRMING.redeem("B", OLD[0])),
        old_code_before_or_never,
        before=WAITING,
        states=25,
    ),
    "a confirm against a redemption of the new set": Family(
        by_name(CONFIRMING.confirm("A", NEW[0]), CONFIRMING.redeem("B", NEW[0])),
        before=WAITING,
        states=25,
    ),
    "a confirm against a redemption that rotates the same code": Family(
        by_name(CONFIRMING.confirm("A", NEW[0]), CONFIRMING.but(rotate=True).redeem("B", NEW[0])),
        before=WAITING,
        states=25,
    ),
    "a confirm against a replace": Family(
        by_name(CONFIRMING.confirm("A", NEW[0]), CONFIRMING.issue("replace", replacing=True)),
        confirmed_or_replaced,
        before=WAITING,
        states=24,
    ),
    "a confirm against a replace that counts at once": Family(
        by_name(CONFIRMING.confirm("A", NEW[0]), PLAIN.issue("replace", replacing=True)),
        before=WAITING,
        states=22,
    ),
    "a confirm against a revoke": Family(
        by_name(CONFIRMING.confirm("A", NEW[0]), CONFIRMING.revoke("revoke")),
        nothing_is_left,
        before=WAITING,
        states=18,
    ),
    "a first confirm against an issue": Family(
        by_name(CONFIRMING.confirm("A", FIRST[0]), CONFIRMING.issue("issue")),
        before=ONLY_WAITING,
        states=22,
    ),
    "a confirm against the end of its time": Family(
        by_name(CONFIRMING.confirm("A", NEW[0]), CONFIRMING.redeem("B", OLD[0])),
        confirmed_in_time_or_never,
        before=WAITING,
        clock=(HOUR - TICK, TICK),
        states=560,
    ),
    "a confirm while the active set is locked": Family(
        by_name(CONFIRMING.confirm("A", NEW[0]), CONFIRMING.redeem("B", OLD[0])),
        before=played(*WRONG_ON_ACTIVE, before=WAITING)[0],
        states=9,
    ),
    "a confirm against an erase": Family(
        by_name(CONFIRMING.confirm("A", NEW[0]), CONFIRMING.erase("erase")),
        before=WAITING,
        states=18,
    ),
}

THREE = {
    "two confirms against a redemption of the old set": Family(
        by_name(
            CONFIRMING.confirm("A", NEW[0]),
            CONFIRMING.confirm("B", NEW[1]),
            CONFIRMING.redeem("C", OLD[0]),
        ),
        before=WAITING,
        states=250,
    ),
    "two confirms against a replace": Family(
        by_name(
            CONFIRMING.confirm("A", NEW[0]),
            CONFIRMING.confirm("B", NEW[0]),
            CONFIRMING.issue("replace", replacing=True),
        ),
        before=WAITING,
        states=260,
    ),
    "a confirm against two replaces": Family(
        by_name(
            CONFIRMING.confirm("A", NEW[0]),
            *(CONFIRMING.issue(f"replace {number}", replacing=True) for number in (1, 2)),
        ),
        one_set_is_left,
        before=WAITING,
        states=280,
    ),
    "a confirm and a redemption against a revoke": Family(
        by_name(
            CONFIRMING.confirm("A", NEW[0]),
            CONFIRMING.redeem("B", OLD[0]),
            CONFIRMING.revoke("revoke"),
        ),
        nothing_is_left,
        before=WAITING,
        states=240,
    ),
    "right among wrong confirms, one guess left": Family(
        by_name(
            CONFIRMING.confirm("A", NEW[0]),
            CONFIRMING.confirm("B", WRONG),
            CONFIRMING.confirm("C", WRONG),
        ),
        one_is_judged_before_the_delay,
        before=failing(4),
        states=190,
    ),
}
