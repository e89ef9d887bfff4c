"""That the times of refusals can be measured; how far they differ is for `make timing` to tell."""

import pytest

from benchmarks.refusals import Kind
from benchmarks.timing import STORAGES, measured, report
from benchmarks.welch import cropped, t_of, ts_of


@pytest.mark.parametrize("name", ["shelf", "sqlite"])
def test_measuring(name: str) -> None:
    """Every kind of refusal is one, as often as it is asked for."""
    with STORAGES[name]() as storage:
        times = measured(storage, samples=3)
    assert {kind: len(found) for kind, found in times.items()} == dict.fromkeys(Kind, 3)
    assert len(list(report(name, times))) == 1 + 4 + 6 + 1


def test_welch() -> None:
    """A difference that is there is told, one that is not is not, and slow times are left out."""
    one, other = [1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.0]
    # By hand: the means are 2.5 and 5, and the variances 5/3 and 20/3, each over 4.
    assert t_of(one, other) == pytest.approx(-2.5 / (25 / 12) ** 0.5)
    assert t_of(one, one) == 0
    assert cropped(one, [*other, 1e6, 1e6], share=0.8) == (one, other)
    assert list(ts_of(one, other)) == [1.0, 0.99, 0.95, 0.9, 0.75]  # of half, one is left
