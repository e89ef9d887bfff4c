"""Hosts that are killed in the middle of a claim; afterwards another process takes over."""

from dataclasses import replace

import pytest

from recoverykit import CodeAlreadyUsed
from tests.hosts.claims import Binding, Claim
from tests.hosts.deaths import Death, claim_and_die
from tests.hosts.levels import OURS


@pytest.fixture
def binding(place):
    """How the host uses the connection: a process is dear, and to a server both are the same."""
    return Binding.ORM if place.flavour == OURS else Binding.CORE


@pytest.mark.parametrize("death", Death, ids=lambda death: death.value)
def test_a_host_that_is_killed_leaves_both_or_nothing(site, binding, outside, death):
    """Before COMMIT was sent: nothing. After it was answered: both, and the attempt is told so."""
    subject, issued = outside.issue()
    claim = Claim(subject=subject, code=issued.codes[0], binding=binding)

    claim_and_die(site, claim, death=death)

    desk = site.opened()
    landed = death is Death.AFTER_COMMIT
    seen = outside.see(subject)
    assert (seen.spent, seen.failed) == ({0} if landed else set(), 0)
    if landed:
        with pytest.raises(CodeAlreadyUsed):
            desk.claim(replace(claim, attempt="another"))
    success = desk.claim(claim)
    assert (success.replayed, success.attempt) == (landed, "attempt")
    assert desk.calls == ([] if landed else ["attempt"])
    seen = outside.see(subject)
    assert (seen.spent, seen.attempts) == ({0}, ("attempt",))
