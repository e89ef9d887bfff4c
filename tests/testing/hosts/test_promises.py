"""Each promise finds what it names, and is needed: one broken login is found by it alone."""

import pytest

from recoverykit.testing.failure import ConformanceError
from recoverykit.testing.hosts import PROMISES, check_host
from tests.testing.hosts.faults import FAULTS, HashesFast
from tests.testing.hosts.plain import Plain

# What only races find takes as many rounds as a loaded machine may need; all else takes few.
FEW = {"rounds": 1, "examples": 6}
EFFORT = {each: {"rounds": 40, "examples": 6} for each in ("H3", "H4", "H6", "H8")}


def silent(_):
    """The report is looked at elsewhere."""


def test_a_login_that_keeps_all_promises_passes():
    """Every promise is looked at, but for lower case, in which its codes are shown."""
    checked = check_host(Plain().host(), tell=silent)
    assert list(checked.kept) == [each.id for each in PROMISES if each.id != "F1"]
    assert (checked.broken, checked.opted_out, checked.errors) == ((), {}, {})
    assert checked.not_checked == {"F1": "nothing showed it"}


@pytest.mark.parametrize("promise", [each.id for each in PROMISES])
def test_a_broken_login_is_found_by_the_promise_that_names_its_fault(promise):
    """And by no other one: without this promise it would pass."""
    with pytest.raises(ConformanceError) as found:
        check_host(FAULTS[promise]().host(), tell=silent, **EFFORT.get(promise, FEW))
    (breach,) = found.value.breaches
    assert breach.id == promise
    assert breach.sentence == next(each.sentence for each in PROMISES if each.id == promise)
    assert breach.steps
    known = {promise: "it is known"}
    check_host(FAULTS[promise]().host(), without=known, tell=silent, **FEW)


def test_a_fast_hash_is_as_good_as_the_code():
    """What costs nothing to guess is found like what can be read."""
    with pytest.raises(ConformanceError) as found:
        check_host(HashesFast().host(), tell=silent, **FEW)
    (breach,) = found.value.breaches
    assert breach.id == "H15"
    assert breach.steps[-1].endswith(", as its sha256")
