"""Sweeps: a deed cancelled at each of its moments, one after the other, with all that must hold."""

import threading
from itertools import count

import anyio

from recoverykit import AsyncRecoveryKit, HashLimits, RecoveryKit, Subject
from tests.aio.deeds import RedeemWithin
from tests.aio.moments import Cancelled, Way, run

_PATIENCE = 60  # seconds, for a call that takes milliseconds
_LIMITS = HashLimits(concurrency=2, queue=0)


class Gauge:
    """Counts the hashes that are running."""

    def __init__(self, derive):
        self._derive = derive
        self._lock = threading.Lock()
        self.running = 0

    def derive(self, hasher, secret, salt):
        with self._lock:
            self.running += 1
        try:
            return self._derive(hasher, secret, salt)
        finally:
            with self._lock:
                self.running -= 1


class Sweep:
    """Cancels one deed on one bench, moment by moment."""

    def __init__(self, deed, bench, gauge, *, is_cold=False):
        self.deed = deed
        self.bench = bench
        self.gauge = gauge
        self.is_cold = is_cold
        equipment = {"policy": deed.policy, "keyring": deed.keyring, "hashing": _LIMITS}
        self.kit = AsyncRecoveryKit(bench.storage, **equipment)
        self.elsewhere = RecoveryKit(bench.elsewhere, **equipment)
        self.numbers = count()
        self.events = 0  # that there are when the call has landed

    async def cancel_everywhere(self, way, *, again=()):
        """Cancel at the first moment, at the second and so on, until the call ends before.

        Args:
            way: how.
            again: how many moments later to cancel once more, one after the other.

        Returns:
            How many moments that were.
        """
        await self._undisturbed()
        number, fired = 0, True
        while fired:
            number, fired = number + 1, False
            for at in {(number, number + later) for later in again or (0,)}:
                fired |= bool(await self._cancel(way, at))
        return number - 1

    async def _undisturbed(self):
        deed = self._deed()
        record = self.bench.elsewhere.load(deed.subject)
        outcome, _ = await self._run(deed, Way.NATIVE, ())
        assert not isinstance(outcome, Cancelled)
        assert (self.bench.elsewhere.load(deed.subject) != record) is deed.writes
        self.events = self.bench.events_of(deed.subject)

    async def _cancel(self, way, at):
        deed = self._deed()
        owner = deed.subject.id
        before, events = self.bench.elsewhere.load(deed.subject), self._events_of(deed)
        if self.is_cold:
            await self.bench.cool()
        outcome, moments = await self._run(deed, way, at)
        if way is Way.ALL:
            await self._threads_are_over()
        self.assert_free()
        record, events_now = self.bench.settled(deed.subject)
        landed = record != before
        deed.look(landed=landed)
        assert events_now == (self.events if landed else events)
        assert self.bench.rows_of(owner) == (landed and isinstance(deed, RedeemWithin))
        if isinstance(outcome, Cancelled):
            outcome, _ = await self._run(deed, Way.NATIVE, ())
            deed.judge(outcome, landed=landed)
            assert self.bench.rows_of(owner) == isinstance(deed, RedeemWithin)
        else:
            assert not moments.fired or way in {Way.SCOPE, Way.TIMEOUT, Way.LATE}
        return moments.fired

    def _deed(self):
        return self.deed(self.elsewhere, Subject(f"user {next(self.numbers)}"))

    def _events_of(self, deed):
        return self.bench.events_of(deed.subject)

    async def _run(self, deed, way, at):
        within = self.bench.within(deed.subject.id)
        with anyio.fail_after(_PATIENCE):
            return await run(lambda: deed.do(self.kit, within), way, at)

    async def _threads_are_over(self):
        """A task that waits for a thread was cancelled by itself: the thread ends, in its slot."""
        with anyio.fail_after(_PATIENCE):
            while self._desk()._slots.qsize() < _LIMITS.concurrency:  # noqa: ASYNC110
                await anyio.sleep(0.001)

    def assert_free(self):
        """Nothing of the call is left: no connection, no place, no slot, and no thread."""
        self.bench.assert_idle()
        shell, desk = self.kit._runner._shell, self._desk()
        assert (desk._calls, desk._slots.qsize()) == (0, _LIMITS.concurrency)
        assert self.gauge.running == 0
        assert shell._limiter._threads.get().borrowed_tokens == 0
        assert shell._threads.get().borrowed_tokens == 0

    def _desk(self):
        return self.kit._runner._shell._limiter._desk.get()
