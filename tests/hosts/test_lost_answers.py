"""COMMIT, or the answer to it, gets lost on the way; the attempt comes to know what happened."""

from dataclasses import replace

import pytest

from recoverykit import CodeAlreadyUsed, InvalidCode, OutcomeUnknown
from tests.hosts.claims import Claim, nothing
from tests.hosts.levels import places
from tests.proxy import COMMIT, Cut, proxied


@pytest.fixture(scope="module", params=places("postgresql", "mariadb"))
def place(request):
    """A database behind a network, and the flavour of the host's engine."""
    return request.param


@pytest.fixture
def claim(outside, binding):
    subject, issued = outside.issue()
    return Claim(subject=subject, code=issued.codes[0], binding=binding)


class Far:
    """A desk whose connections lead through a proxy, which is to cut the COMMIT of a claim."""

    def __init__(self, proxy, desk):
        self.proxy, self.desk = proxy, desk

    def claim(self, claim, cut, *, then=nothing):
        """Claim; the proxy cuts from the function on, for connecting commits as well."""

        def arm():
            if not self.proxy.cuts:
                self.proxy.cut_at(COMMIT, cut)
            then()

        return self.desk.claim(replace(claim, then=arm))


@pytest.fixture
def far(site):
    with proxied(site.url) as (proxy, url):
        desk = replace(site, url=url).opened()
        yield Far(proxy, desk)


@pytest.mark.parametrize("cut", Cut, ids=lambda cut: cut.value)
def test_a_kit_that_can_look_finds_out_what_landed(far, outside, claim, cut):
    """The host gets its success as if nothing had been; the function runs again where it must."""
    success = far.claim(claim, cut)
    assert far.proxy.cuts == 1
    assert (success.replayed, success.remaining) == (False, 2)
    runs = 1 if cut is Cut.BEFORE_ANSWERING else 2
    assert far.desk.calls == ["attempt"] * runs
    seen = outside.see(claim.subject)
    assert (seen.spent, seen.attempts, seen.failed) == ({0}, ("attempt",), 0)

    assert far.desk.claim(claim).replayed
    with pytest.raises(CodeAlreadyUsed):
        far.desk.claim(replace(claim, attempt="another"))
    assert outside.see(claim.subject) == replace(seen, failures=1, failed=1)


@pytest.mark.parametrize("cut", Cut, ids=lambda cut: cut.value)
def test_a_kit_that_cannot_look_says_so_and_the_attempt_is_told_later(
    far, desk, outside, claim, cut
):
    """The server is out of reach from there on; the same attempt tells the truth elsewhere."""
    with pytest.raises(OutcomeUnknown) as caught:
        far.claim(claim, cut, then=far.proxy.refuse)
    assert caught.value.attempt == claim.attempt
    assert far.proxy.cuts == 1
    landed = cut is Cut.BEFORE_ANSWERING

    success = desk.claim(claim)
    assert success.replayed is landed
    assert desk.calls == ([] if landed else ["attempt"])
    seen = outside.see(claim.subject)
    assert (seen.spent, seen.attempts, seen.failed) == ({0}, ("attempt",), 0)


def test_what_the_host_raises_after_a_lost_commit_is_still_its_own(far, outside, claim):
    """Even an error of the library's tree: the kit's own doubt does not take its place."""
    error = InvalidCode("of another kit")

    def then():
        if len(far.desk.calls) > 1:
            raise error

    with pytest.raises(InvalidCode) as caught:
        far.claim(claim, Cut.BEFORE_FORWARDING, then=then)
    assert caught.value is error
    assert far.desk.calls == ["attempt"] * 2
    seen = outside.see(claim.subject)
    assert (seen.spent, seen.failed) == (frozenset(), 0)
    assert outside.redeem(claim).remaining == 2
