"""The audit of a policy, which every kit makes when it is made: under 5 ms."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from recoverykit import CodeFormat, Policy, Throttle

_PROMISED = 0.005  # seconds

_POLICIES = {
    "default": Policy(),
    # Without selectors the chance is a sum over all codes; without an end the year is long.
    "many": Policy(
        count=64, format=CodeFormat.digits(8), throttle=Throttle(factor=1.1, disable_after=10**6)
    ),
}


@pytest.mark.parametrize("name", _POLICIES)
def test_audit(benchmark: BenchmarkFixture, name: str) -> None:
    """Rules, risks and duties of one policy."""
    assert benchmark(_POLICIES[name].audit, peppered=False)
    if benchmark.enabled:
        assert benchmark.stats.stats.median < _PROMISED
