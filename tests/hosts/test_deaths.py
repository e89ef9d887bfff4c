"""Hosts that are killed in the middle of a claim; afterwards another process takes over."""

from dataclasses import replace

import pytest

from recoverykit import CodeAlreadyUsed
from tests.hosts.claims import Claim
from tests.hosts.deaths import Death, claim_and_die


@pytest.mark.parametrize("death", Death, ids=lambda death: death.value)
def test_a_host_that_is_killed_leaves_both_or_nothing(
    shell, url, place, binding, outside, desk, death
):
    """Before COMMIT was sent: nothing. After it was answered: both, and the attempt is told so."""
    subject, issued = outside.issue()
    claim = Claim(subject=subject, code=issued.codes[0], binding=binding)

    claim_and_die(shell, url, place, claim, death=death)

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
