"""The face of the aids for tests: light, and honest about what is not installed."""

import subprocess
import sys

import pytest

from recoverykit import testing

NEED_HYPOTHESIS = ["strategies", "check_host", "Host"]


def run(script):
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    return done.stdout, done.stderr


def test_nothing_that_draws_is_loaded_before_it_is_asked_for():
    """Neither Hypothesis nor pytest; the names are there all the same."""
    out, err = run(
        "import sys; from recoverykit import testing; testing.ManualClock; "
        "print(*(each in sys.modules for each in ('hypothesis', 'pytest'))); "
        "testing.strategies; print('hypothesis' in sys.modules)"
    )

    assert out == "False False\nTrue\n", err


@pytest.mark.parametrize("name", NEED_HYPOTHESIS)
@pytest.mark.parametrize(
    "form", ["import recoverykit.testing as t; t.{}", "from recoverykit.testing import {}"]
)
def test_without_hypothesis_the_extra_is_named(name, form):
    """Whatever needs it; the clock, the faults and the explorer do not."""
    _, err = run(
        "import sys; sys.modules['hypothesis'] = None; "
        "from recoverykit.testing import FaultyStorage, ManualClock, explore; " + form.format(name)
    )

    assert err.endswith(
        "MissingExtra: this needs an optional dependency: install recoverykit[testing]\n"
    )


def test_every_name_of_the_face_is_told():
    """What can be imported is listed, and a name that is not there is told as by any module."""
    assert set(testing.__all__) <= set(dir(testing))
    with pytest.raises(AttributeError, match=r"module 'recoverykit.testing' has no attribute 'x'"):
        _ = testing.x
