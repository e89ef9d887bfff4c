"""A host's function of the wrong kind is refused, and what it raises is the host's."""

from functools import partial

import anyio
import anyio.lowlevel
import pytest

from recoverykit import Argon2idHasher, AsyncRecoveryKit, InvalidArgument, Policy, RecoveryKit
from recoverykit.storage.memory import AsyncMemoryStorage, MemoryStorage
from recoverykit.storage.sql import SQLStorage
from tests.weak import WEAK

POLICY = Policy(hasher=Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1), accept=WEAK)
BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])


async def write(_connection):
    await anyio.lowlevel.checkpoint()


def promise(connection):
    """A plain function that returns what has to be awaited."""
    return write(connection)


def note(_connection):
    return 7


@pytest.fixture(params=["memory", "sqlite"])
def storage(request, tmp_path):
    """A storage that is not awaited."""
    if request.param == "memory":
        yield MemoryStorage()
        return
    with SQLStorage(f"sqlite:///{tmp_path / 'codes.db'}") as storage:
        storage.create_tables()
        yield storage


class TestCalled:
    """A kit that is called, or one whose storage is."""

    @pytest.mark.parametrize("within", [write, promise])
    def test_a_function_that_would_have_to_be_awaited_spends_nothing(self, storage, within):
        """It has not run: a success would tell of rows that are not there."""
        kit = RecoveryKit(storage, policy=POLICY)
        code = kit.issue("ada").codes[0]
        with pytest.raises(InvalidArgument, match="not awaited"):
            kit.redeem("ada", code, within=within)
        assert kit.redeem("ada", code, within=note).remaining == 9

    @BACKENDS
    @pytest.mark.parametrize("within", [write, promise])
    def test_in_a_worker_thread_neither(self, storage, within, backend):
        """There is no event loop in the thread that commits."""

        async def main():
            kit = AsyncRecoveryKit(storage, policy=POLICY)
            code = (await kit.issue("ada")).codes[0]
            with pytest.raises(InvalidArgument, match="awaited"):
                await kit.redeem("ada", code, within=within)
            assert (await kit.redeem("ada", code, within=note)).remaining == 9

        anyio.run(main, backend=backend)

    @BACKENDS
    @pytest.mark.parametrize("error", [LookupError("x"), KeyboardInterrupt(), SystemExit(3)])
    def test_what_is_raised_in_a_worker_thread_passes_through(self, storage, error, backend):
        """The very same, not in a group, and the code is unspent."""

        def fail(_connection):
            raise error

        async def main():
            kit = AsyncRecoveryKit(storage, policy=POLICY)
            code = (await kit.issue("ada")).codes[0]
            with pytest.raises(type(error)) as caught:
                await kit.redeem("ada", code, within=fail)
            assert caught.value is error
            assert (await kit.redeem("ada", code)).remaining == 9

        anyio.run(main, backend=backend)

    @pytest.mark.parametrize("error", [StopIteration(7), KeyboardInterrupt(), SystemExit(3)])
    def test_what_ends_generators_or_programs_passes_through(self, storage, error):
        """No generator of ours stands in its way."""
        kit = RecoveryKit(storage, policy=POLICY)
        code = kit.issue("ada").codes[0]

        def fail(_connection):
            raise error

        with pytest.raises(type(error)) as caught:
            kit.redeem("ada", code, within=fail)
        assert caught.value is error
        assert kit.redeem("ada", code).remaining == 9


@BACKENDS
class TestAwaited:
    """A kit whose storage is awaited."""

    def test_a_function_that_is_not_awaited_spends_nothing(self, backend):
        """It may have blocked the loop, and has written nothing through the connection."""

        async def main():
            kit = AsyncRecoveryKit(AsyncMemoryStorage(), policy=POLICY)
            code = (await kit.issue("ada")).codes[0]
            with pytest.raises(InvalidArgument, match="is awaited"):
                await kit.redeem("ada", code, within=note)
            assert (await kit.redeem("ada", code, within=promise)).remaining == 9

        anyio.run(main, backend=backend)

    @pytest.mark.parametrize("error", [LookupError("x"), KeyboardInterrupt()])
    def test_what_it_raises_passes_through(self, backend, error):
        """The very same, and the code is unspent."""

        async def fail(_connection):
            await anyio.lowlevel.checkpoint()
            raise error

        async def main():
            kit = AsyncRecoveryKit(AsyncMemoryStorage(), policy=POLICY)
            code = (await kit.issue("ada")).codes[0]
            with pytest.raises(type(error)) as caught:
                await kit.redeem("ada", code, within=fail)
            assert caught.value is error
            assert (await kit.redeem("ada", code)).remaining == 9

        anyio.run(main, backend=backend)

    def test_only_one_of_two_functions_is_awaited(self, backend):
        """The other commit waits for its turn, and is then lost before its function is begun."""
        called = []

        async def slow(number, _connection):
            called.append(number)
            await anyio.sleep(0.01)

        async def main():
            kit = AsyncRecoveryKit(AsyncMemoryStorage(), policy=POLICY)
            code = (await kit.issue("ada")).codes[0]

            async def redeem(number):
                try:
                    await kit.redeem("ada", code, within=partial(slow, number))
                except Exception as error:  # noqa: BLE001  # which one is asserted below
                    ends.append(type(error).__name__)

            ends = []
            async with anyio.create_task_group() as group:
                for number in range(4):
                    group.start_soon(redeem, number)
            assert len(called) == 1
            assert ends == ["CodeAlreadyUsed"] * 3

        anyio.run(main, backend=backend)


def test_a_kit_that_is_called_refuses_a_storage_that_is_awaited():
    """A coroutine is no record."""
    with pytest.raises(InvalidArgument, match="not awaited"):
        RecoveryKit(AsyncMemoryStorage())
    with pytest.raises(InvalidArgument, match="load and commit"):
        AsyncRecoveryKit(object())


def test_a_listener_that_would_have_to_be_awaited_is_refused_where_nothing_is():
    """It would never be told anything."""

    async def listen(_event):
        await anyio.lowlevel.checkpoint()

    with pytest.raises(InvalidArgument, match="on_event"):
        RecoveryKit(MemoryStorage(), on_event=listen)
    AsyncRecoveryKit(AsyncMemoryStorage(), on_event=listen)


@BACKENDS
def test_a_listener_is_awaited_where_the_kit_is(backend, caplog):
    """What it raises is logged by its type, and changes nothing."""
    heard = []

    async def listen(event):
        await anyio.lowlevel.checkpoint()
        heard.append(event.kind.value)
        raise LookupError("canary")

    async def main():
        kit = AsyncRecoveryKit(AsyncMemoryStorage(), policy=POLICY, on_event=listen)
        await kit.redeem("ada", (await kit.issue("ada")).codes[0])

    anyio.run(main, backend=backend)
    assert heard == ["issued", "redeemed"]
    assert [record.getMessage() for record in caplog.records] == ["on_event raised LookupError"] * 2


class Later:
    """Something to be awaited that is no coroutine."""

    def __await__(self):
        yield


class Wrapped:
    """A storage whose methods return what has to be awaited, but do not say so."""

    def __init__(self):
        self.inner = AsyncMemoryStorage()

    def load(self, subject):
        return self.inner.load(subject) if subject.id == "ada" else Later()

    def commit(self, subject, change):
        return self.inner.commit(subject, change)


@BACKENDS
def test_a_storage_that_hides_that_it_is_awaited_is_told_how_to_say_so(backend):
    """And no coroutine is left behind."""

    async def main():
        with pytest.raises(InvalidArgument, match="async def"):
            await AsyncRecoveryKit(Wrapped(), policy=POLICY).issue("ada")

    for subject in ("ada", "bob"):
        with pytest.raises(InvalidArgument, match="async def"):
            RecoveryKit(Wrapped(), policy=POLICY).status(subject)
    anyio.run(main, backend=backend)


def test_a_class_is_no_storage():
    """Its methods would lack their self."""
    for kit in (RecoveryKit, AsyncRecoveryKit):
        with pytest.raises(InvalidArgument, match="load and commit"):
            kit(MemoryStorage)
