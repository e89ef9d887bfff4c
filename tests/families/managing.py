"""Families of managing: sets that expire, sessions that unlock, documents that are sealed."""

from datetime import timedelta

from recoverykit.core.keyring import Keyring
from tests.families.plain import PLAIN
from tests.verbs import Family, Kit, by_name, codes_of, in_a_word, names, played, told_to

TICK = timedelta.resolution
HOUR = timedelta(hours=1)


# Expiring

LASTING = PLAIN.but(expires_after=HOUR)
STORED, _played = played(LASTING.issue("old"), LASTING.issue("replace old", replacing=True))
CODES = codes_of(_played, "replace old")
ACROSS = (HOUR - TICK, TICK)


def a_success_in_time(history, deeds):
    """Whatever is told, a set stands whole, and nothing was spent after its end."""
    assert set(names(history)) <= {
        "Redemption",
        "NoActiveCodes",
        "InvalidCode",
        "Issued",
        "CodesAlreadyIssued",
        "ConcurrentUpdate",
    }


def issued_after_the_end(history, deeds):
    """Without ``replace`` a set is issued only once the old one has expired."""
    issued = [deed for deed in deeds if deed.kind == "issued"]
    assert "Issued" in names(history) or not issued
    for deed in issued:
        assert deed.before.has_ended(deed.after.issued_at)


# Unlocking

ONE, OTHER = "1" * 64, "2" * 64  # digests of two sessions
LOCKED = PLAIN.but(management="unlock", unlock_for=HOUR)
_issued, _ = played(PLAIN.issue("old"))
UNLOCKED, _ = played(LOCKED.unlock("unlock before", ONE), before=_issued)
LAPSING = (HOUR - TICK, TICK)


def in_order(verb):
    """The call succeeds, or it is refused and has changed nothing."""

    def also(history, deeds):
        told = in_a_word(history.ends[verb])
        kinds = [deed.kind for deed in deeds if deed.call == verb]
        assert (told == "ManagementLocked") == (not kinds)
        assert told in {"ManagementLocked", "Status", "Issued"}

    return also


def one_session_is_left(history, deeds):
    """Both unlock; the last one stands, and the other one's is over."""
    last = deeds[-1]
    assert last.now.unlock[0] == {"unlock 1": ONE, "unlock 2": OTHER}[last.call]


# Sealing

_KEYS = {"old": bytes(range(16)), "new": bytes(range(16, 32))}
FORMER = Kit(PLAIN.policy, Keyring(_KEYS, primary="old"))
SEALED = Kit(PLAIN.policy, Keyring(_KEYS, primary="new"))
UNDER_OLD, _played = played(FORMER.issue("old"), FORMER.issue("replace old", replacing=True))
SEALED_CODES = codes_of(_played, "replace old")
SEALED_WAITING, _played = played(
    FORMER.but(confirm=True).issue("replace new", replacing=True), before=UNDER_OLD
)
SEALED_NEW = codes_of(_played, "replace new")


def sealed_anew(history, deeds):
    """In the end everything is under the newest seal, and the redemption has succeeded once."""
    assert deeds[-1].now.seal == "new"
    assert names(history).count("Redemption") == any(deed.kind == "spent" for deed in deeds)


def resealed_once(history, deeds):
    assert [deed.kind for deed in deeds] == ["resealed"]
    assert sorted(told_to(end)[0] for end in history.ends.values()) == [False, True]


def one_of_three(history, deeds):
    assert names(history) == ["CodeAlreadyUsed", "CodeAlreadyUsed", "Redemption"]


TWO = {
    "a replace against expiry": Family(
        by_name(LASTING.redeem("A", CODES[0]), LASTING.issue("replace", replacing=True)),
        a_success_in_time,
        before=STORED,
        clock=ACROSS,
        states=580,
    ),
    "an issue against expiry": Family(
        by_name(LASTING.redeem("A", CODES[0]), LASTING.issue("issue")),
        issued_after_the_end,
        before=STORED,
        clock=ACROSS,
        states=130,
    ),
    "two issues against expiry": Family(
        by_name(LASTING.issue("A"), LASTING.issue("B")),
        issued_after_the_end,
        before=STORED,
        clock=ACROSS,
        states=35,
    ),
    "an unlock against a revoke": Family(
        by_name(LOCKED.unlock("unlock", ONE), LOCKED.revoke("revoke", session=ONE)),
        in_order("revoke"),
        before=_issued,
        states=7,
    ),
    "an unlock of another session against a revoke": Family(
        by_name(LOCKED.unlock("unlock", OTHER), LOCKED.revoke("revoke", session=ONE)),
        in_order("revoke"),
        before=UNLOCKED,
        states=14,
    ),
    "an unlock of another session against an issue": Family(
        by_name(
            LOCKED.unlock("unlock", OTHER), LOCKED.issue("replace", replacing=True, session=ONE)
        ),
        in_order("replace"),
        before=UNLOCKED,
        states=17,
    ),
    "an unlock against an issue": Family(
        by_name(LOCKED.unlock("unlock", ONE), LOCKED.issue("replace", replacing=True, session=ONE)),
        in_order("replace"),
        before=_issued,
        states=8,
    ),
    "an unlock of nothing against an issue": Family(
        by_name(LOCKED.unlock("unlock", ONE), LOCKED.issue("issue", session=ONE)),
        in_order("issue"),
        states=6,
    ),
    "a lock against a revoke": Family(
        by_name(LOCKED.lock("lock", ONE), LOCKED.revoke("revoke", session=ONE)),
        in_order("revoke"),
        before=UNLOCKED,
        states=14,
    ),
    "a lock against an issue": Family(
        by_name(LOCKED.lock("lock", ONE), LOCKED.issue("replace", replacing=True, session=ONE)),
        in_order("replace"),
        before=UNLOCKED,
        states=17,
    ),
    "an unlock against a lock": Family(
        by_name(LOCKED.unlock("unlock", OTHER), LOCKED.lock("lock", ONE)),
        before=UNLOCKED,
        states=14,
    ),
    "two unlocks": Family(
        by_name(LOCKED.unlock("unlock 1", ONE), LOCKED.unlock("unlock 2", OTHER)),
        one_session_is_left,
        before=_issued,
        states=16,
    ),
    "an issue against the end of the unlock": Family(
        by_name(
            LOCKED.issue("replace", replacing=True, session=ONE),
            LOCKED.revoke("revoke", session=ONE),
        ),
        before=UNLOCKED,
        clock=LAPSING,
        states=230,
    ),
    "a reseal against a redemption": Family(
        by_name(SEALED.reseal("reseal"), SEALED.redeem("A", SEALED_CODES[0])),
        sealed_anew,
        before=UNDER_OLD,
        states=18,
    ),
    "a reseal against a redemption under the old key": Family(
        by_name(SEALED.reseal("reseal"), FORMER.redeem("A", SEALED_CODES[0])),
        before=UNDER_OLD,
        states=19,
    ),
    "a reseal against a confirm": Family(
        by_name(SEALED.reseal("reseal"), SEALED.but(confirm=True).confirm("A", SEALED_NEW[0])),
        before=SEALED_WAITING,
        states=15,
    ),
    "two reseals": Family(
        by_name(SEALED.reseal("reseal 1"), SEALED.reseal("reseal 2")),
        resealed_once,
        before=UNDER_OLD,
        states=12,
    ),
}

THREE = {
    "a redemption and a replace against an issue and expiry": Family(
        by_name(
            LASTING.redeem("A", CODES[0]),
            LASTING.issue("issue"),
            LASTING.issue("replace", replacing=True),
        ),
        before=STORED,
        clock=(HOUR,),
        states=1020,
    ),
    "an unlock and a lock against a revoke": Family(
        by_name(
            LOCKED.unlock("unlock", ONE),
            LOCKED.lock("lock", ONE),
            LOCKED.revoke("revoke", session=ONE),
        ),
        before=UNLOCKED,
        states=190,
    ),
    "an unlock and a lock against an issue": Family(
        by_name(
            LOCKED.unlock("unlock", OTHER),
            LOCKED.lock("lock", ONE),
            LOCKED.issue("replace", replacing=True, session=ONE),
        ),
        before=UNLOCKED,
        states=140,
    ),
    "a sealed code three times": Family(
        by_name(*SEALED.redemptions(SEALED_CODES[0], SEALED_CODES[0], SEALED_CODES[0])),
        one_of_three,
        before=UNDER_OLD,
        states=350,
    ),
    "a reseal against two redemptions": Family(
        by_name(SEALED.reseal("reseal"), *SEALED.redemptions(SEALED_CODES[0], SEALED_CODES[0])),
        sealed_anew,
        before=UNDER_OLD,
        states=210,
    ),
}
