"""What a purge takes out of a document: every state, on both sides of the time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from recoverykit import Policy, Throttle
from recoverykit.core.document import EMPTY, Unlock
from recoverykit.core.purging import outdated_at, purge
from recoverykit.core.record import SetState
from recoverykit.core.state import StoredCode, Use
from tests.core.test_redeemer import AGO, LATE, NOW, a_set

DAY = timedelta(days=1)
POLICY = Policy(count=2, replay_for=timedelta(minutes=10), unlock_for=timedelta(minutes=10))
END = NOW - 10 * DAY
LONG_AGO = END - 90 * DAY
FOREVER = NOW + 90 * DAY


def used(at, ordinal=0):
    use = Use(at=at, attempt="a", revision="d" * 32)
    return StoredCode(ordinal=ordinal, digest=f"digest-{at.timestamp()}", use=use)


def spent(at):
    return used(at).use


def a_document(active=None, pending=None, unlock_at=None):
    unlock = None if unlock_at is None else Unlock(session="1" * 64, at=unlock_at)
    return replace(EMPTY, active=active, pending=pending, unlock=unlock)


def old_set(*uses, **changes):
    return a_set(*uses, **({"issued_at": LONG_AGO} | changes))


EXPIRED = old_set(expires_at=END)
REVOKED = old_set(revoked_at=END)
LAPSED = old_set(lapses_at=END)
ACTIVE = old_set()
EXHAUSTED = old_set(spent(LONG_AGO), spent(LONG_AGO))
DISABLED = old_set(disabled_at=LONG_AGO, failures=100, failed_at=LONG_AGO)
WAITING = replace(old_set(lapses_at=FOREVER), id="9" * 32)


def purged(document, *, before, now=NOW, policy=POLICY):
    return purge(document, before=before, now=now, policy=policy)


ENDED = {
    "expired": (a_document(EXPIRED), SetState.EXPIRED),
    "expired before it would have lapsed": (
        a_document(None, old_set(expires_at=END, lapses_at=FOREVER)),
        SetState.EXPIRED,
    ),
    "lapsed": (a_document(None, LAPSED), SetState.EXPIRED),
    "lapsed before it would have expired": (
        a_document(None, old_set(expires_at=FOREVER, lapses_at=END)),
        SetState.EXPIRED,
    ),
    "revoked": (a_document(REVOKED), SetState.REVOKED),
    "revoked before it would have expired": (
        a_document(old_set(revoked_at=END, expires_at=FOREVER)),
        SetState.REVOKED,
    ),
    "revoked after it had expired": (
        a_document(old_set(revoked_at=END, expires_at=LONG_AGO)),
        SetState.REVOKED,
    ),
    "revoked when exhausted": (
        a_document(replace(EXHAUSTED, revoked_at=END)),
        SetState.REVOKED,
    ),
    "revoked while pending": (
        a_document(None, old_set(revoked_at=END, lapses_at=FOREVER)),
        SetState.REVOKED,
    ),
    "both": (a_document(old_set(revoked_at=LONG_AGO), LAPSED), SetState.REVOKED),
    "with an unlock": (a_document(REVOKED, None, LONG_AGO), SetState.REVOKED),
    "an unlock alone": (
        a_document(None, None, END - POLICY.unlock_for),
        SetState.NONE,
    ),
}


@pytest.mark.parametrize("name", ENDED)
def test_what_has_ended_goes_whole(name):
    """Once the time is past its end, and not a moment sooner."""
    document, state = ENDED[name]
    assert document.state_at(NOW) is state
    assert purged(document, before=END + LATE) == EMPTY
    assert purged(document, before=NOW) == EMPTY
    assert purged(document, before=END).first == document.first
    assert purged(document, before=LONG_AGO) == document


KEPT = {
    "active": a_document(ACTIVE),
    "active until later": a_document(old_set(expires_at=FOREVER)),
    "pending": a_document(None, WAITING),
    "exhausted": a_document(EXHAUSTED),
    "exhausted and past its expiry": a_document(replace(EXHAUSTED, expires_at=END)),
    "disabled": a_document(DISABLED),
    "disabled and past its expiry": a_document(replace(DISABLED, expires_at=END)),
    "disabled, then revoked": a_document(replace(DISABLED, revoked_at=END)),
    "disabled while pending": a_document(None, replace(DISABLED, lapses_at=END)),
    "revoked beside a pending one": a_document(REVOKED, WAITING),
    "expired beside a disabled one": a_document(EXPIRED, replace(DISABLED, lapses_at=END)),
    "expired beside an unlock": a_document(EXPIRED, None, NOW),
    "an unlock alone": a_document(None, None, NOW),
    "an unlock of a clock that runs ahead": a_document(None, None, NOW + DAY),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_still_counts_or_tells_something_stays(name):
    """However late the time is; and what stands beside it stays with it."""
    assert purged(KEPT[name], before=NOW) == KEPT[name]


@pytest.mark.parametrize("active", [ACTIVE, EXHAUSTED, DISABLED], ids=["active", "spent", "off"])
def test_what_has_lapsed_goes_from_a_document_that_stays(active):
    """A pending set that nobody confirmed, and an unlock."""
    document = a_document(active, LAPSED, END - POLICY.unlock_for)
    assert purged(document, before=END + LATE) == a_document(active)
    assert purged(document, before=END) == document
    unlocked = a_document(active, WAITING, END - POLICY.unlock_for)
    assert purged(unlocked, before=NOW) == a_document(active, WAITING)
    running = a_document(active, LAPSED, NOW)
    assert purged(running, before=NOW) == a_document(active, None, NOW)


def test_a_set_that_ended_later_keeps_what_is_not_pending():
    """The pending one goes, the revoked one has still to wait."""
    document = a_document(old_set(revoked_at=NOW - DAY), LAPSED)
    assert purged(document, before=END + LATE) == replace(document, pending=None)


WINDOWS = {
    "a success": (
        POLICY.replay_for,
        lambda codes, at: replace(codes, codes=(used(at), *codes.codes[1:])),
    ),
    "a success whose code was replaced": (
        POLICY.replay_for,
        lambda codes, at: replace(codes, former=(used(at),)),
    ),
    "a delay": (
        POLICY.throttle.delay_after(7),
        lambda codes, at: replace(codes, failures=7, failed_at=at),
    ),
}


@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("ended", [EXPIRED, REVOKED, LAPSED], ids=["expired", "revoked", "lapsed"])
def test_nothing_goes_while_something_still_runs_for_it(name, ended):
    """A success that may be told again, a delay: the set ends no earlier than they do."""
    span, happened = WINDOWS[name]
    for at, is_kept in (
        (NOW - span, True),  # it ends now, which is not before now
        (NOW - span + LATE, True),
        (NOW, True),
        (NOW + DAY, True),  # noted by a host whose clock runs ahead
        (NOW - span - LATE, False),
    ):
        codes = happened(ended, at)
        document = a_document(None, codes) if codes.is_pending else a_document(codes)
        assert purged(document, before=NOW) == (document if is_kept else EMPTY), at


def test_failures_without_a_delay_hold_nothing_up():
    """The first few of them, or any where there is no throttle."""
    few = a_document(replace(EXPIRED, failures=4, failed_at=NOW - LATE))
    assert purged(few, before=NOW) == EMPTY
    many = a_document(replace(EXPIRED, failures=9, failed_at=NOW - LATE))
    unthrottled = Policy(throttle=None, accept=frozenset({"N4-LS-RATE"}))
    assert purged(many, before=NOW) == many
    assert purged(many, before=NOW, policy=unthrottled) == EMPTY
    slow = Policy(throttle=Throttle(first_delay=DAY))
    late = a_document(replace(EXPIRED, failures=5, failed_at=NOW - DAY))
    assert purged(late, before=NOW, policy=slow) == late


def test_a_time_ahead_of_the_clock_takes_no_more():
    """What has not ended by now has not ended."""
    document = a_document(old_set(expires_at=NOW + LATE))
    assert purged(document, before=FOREVER) == document
    just = a_document(old_set(expires_at=NOW))
    assert purged(just, before=FOREVER) == just
    unlocked = a_document(None, None, NOW - POLICY.unlock_for)
    assert purged(unlocked, before=FOREVER) == unlocked


def rotated(*times, **changes):
    return old_set(former=tuple(used(at) for at in times), **changes)


def test_former_codes_go_when_nobody_remembers_them():
    """All but the last one, which tells when the set was last used."""
    times = [END + n * timedelta(hours=1) for n in range(4)]
    codes = rotated(*times)
    for gone in range(4):
        before = times[gone] + POLICY.replay_for
        left = purged(a_document(codes), before=before).active
        assert [each.use.at for each in left.former] == times[gone:]
        assert left.last_used_at == times[-1]
    assert purged(a_document(codes), before=NOW).active.former == codes.former[-1:]


def test_the_code_that_was_used_last_may_stand_in_the_set():
    """Then every former one may go; and those of one time stay together."""
    late = rotated(END, END + DAY, codes=(used(NOW - DAY, 0), used(NOW - DAY, 1)))
    assert purged(a_document(late), before=NOW).active.former == ()
    twins = rotated(LONG_AGO, END, END)
    assert purged(a_document(twins), before=NOW).active.former == twins.former[1:]


def test_former_codes_within_their_window_stay():
    """A success may still be on its way again."""
    codes = rotated(NOW - POLICY.replay_for, NOW - LATE)
    assert purged(a_document(codes), before=NOW) == a_document(codes)


OUTDATED = {
    "nothing": (EMPTY, NOW),
    "active": (a_document(ACTIVE), None),
    "exhausted": (a_document(replace(EXHAUSTED, expires_at=END)), None),
    "disabled": (a_document(replace(DISABLED, expires_at=END)), None),
    "pending": (a_document(None, WAITING), FOREVER),
    "active until later": (a_document(old_set(expires_at=FOREVER)), FOREVER),
    "active beside a pending one": (a_document(ACTIVE, LAPSED), END),
    "unlocked": (a_document(ACTIVE, None, NOW), NOW + POLICY.unlock_for),
    "rotated once": (a_document(rotated(AGO)), None),
    "rotated twice": (a_document(rotated(AGO, NOW)), AGO + POLICY.replay_for),
    "the first of all": (a_document(REVOKED, WAITING, NOW), END),
    "used": (a_document(replace(EXPIRED, former=(used(NOW),))), NOW + POLICY.replay_for),
} | {name: (document, END) for name, (document, _) in ENDED.items() if name != "both"}


@pytest.mark.parametrize("name", OUTDATED)
def test_a_document_says_from_when_on_it_is_worth_a_look(name):
    """Never later than the first thing goes that a purge may take."""
    document, expected = OUTDATED[name]
    if name == "with an unlock":
        expected = LONG_AGO + POLICY.unlock_for
    assert outdated_at(document, policy=POLICY, now=NOW) == expected


@pytest.mark.parametrize("name", KEPT | ENDED)
def test_a_purge_changes_only_what_said_so(name):
    """Before that time nothing goes."""
    document = KEPT[name] if name in KEPT else ENDED[name][0]
    when = outdated_at(document, policy=POLICY, now=NOW)
    if when is not None:
        assert purged(document, before=when) == document
