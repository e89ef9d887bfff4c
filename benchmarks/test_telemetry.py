"""What watching costs, where it weighs the most: under a keyed hash, in memory."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider

from benchmarks.account import Account
from benchmarks.race import Race
from recoverykit import CodeFormat, KeyedHasher, Keyring, Policy, RecoveryKit
from recoverykit.core.alphabet import Alphabet
from recoverykit.observer import ObservedCall, ObservedStep, Observer
from recoverykit.storage.memory import MemoryStorage
from recoverykit.telemetry import Telemetry

_ROUNDS = 300
_POLICY = Policy(
    format=CodeFormat(alphabet=Alphabet.CROCKFORD32, length=23, selector=True, check=True),
    hasher=KeyedHasher(),
)
_KEYRING = Keyring({"2026-11": b"k" * 32})


class Blind:
    """An observer that does nothing: what being watched costs by itself."""

    def call(self, _call: ObservedCall) -> AbstractContextManager[None]:
        return nullcontext()

    def step(self, _step: ObservedStep) -> AbstractContextManager[None]:
        return nullcontext()


@pytest.fixture(params=["unwatched", "an observer that does nothing", "no SDK", "the SDK"])
def watched(request: pytest.FixtureRequest) -> Iterator[tuple[str, Observer | None]]:
    """Each observer by its name; the SDK's providers keep nothing."""
    if request.param != "the SDK":
        observers = {"an observer that does nothing": Blind(), "no SDK": Telemetry()}
        yield request.param, observers.get(request.param)
        return
    tracers = TracerProvider(shutdown_on_exit=False)
    meters = MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False)
    yield request.param, Telemetry(tracers, meters)
    meters.shutdown()
    tracers.shutdown()


def test_redeem_watched(race: Race, watched: tuple[str, Observer | None]) -> None:
    """A redemption that is watched, against the same one that is not."""
    name, observer = watched
    ours, bare = an_account(observer), an_account(None)

    def put_back() -> None:
        ours.put_back()
        bare.put_back()

    race.run(
        lambda: ours.redeem(ours.codes[0]),
        bare={"unwatched": lambda: bare.redeem(bare.codes[0])},
        prepare=put_back,
        rounds=_ROUNDS,
    )
    race.report(f"in memory, keyed hash, watched by {name}", over="unwatched")


def an_account(observer: Observer | None) -> Account:
    storage = MemoryStorage()
    kit = RecoveryKit(storage, policy=_POLICY, keyring=_KEYRING, observer=observer)
    return Account(kit, storage, "ada")
