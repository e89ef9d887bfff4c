"""What OpenTelemetry is told: each verb, each outcome, each step, and nothing secret."""

import re
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from importlib import import_module
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import StatusCode

from recoverykit import (
    CodeFormat,
    InvalidArgument,
    MissingExtra,
    Policy,
    RedemptionRefused,
    RefusalReason,
)
from recoverykit.observer import VerbName
from recoverykit.storage.memory import MemoryStorage
from recoverykit.telemetry import Telemetry
from tests.core.test_foreign import CODE, VECTORS
from tests.test_importing import ALNUM
from tests.watching import (
    CHEAP,
    KEYS,
    SHELLS,
    WEAK,
    Collector,
    Scene,
    broken,
    corrupt,
    kit_of,
    lost,
    raising,
    redeem,
    unknown,
    while_it,
)

PAGE = Path(__file__).parents[1] / "docs/telemetry.md"
SESSION = "s" * 16
OTHER = {"other": b"o" * 16}
SHORT = frozenset({"N4-SRC-64", "OCS-MFA-OTPHASH", "A5-C-KDF"})
SCHEME, LINE = VECTORS["Django pbkdf2 sha256"]
FORMAT = CodeFormat.symbols(ALNUM, 10, group=5)  # the shape of CODE


@dataclass(frozen=True)
class Case:
    """A last call, and how it ends."""

    verb: str
    outcome: str
    make: object = field(repr=False)
    is_failure: bool = False

    def __str__(self):
        return f"{self.verb}-{self.outcome}"

    def play(self, scene):
        """Make the call; return what it raised, or None."""
        call = self.make(scene)
        try:
            call()
        except Exception as error:  # noqa: BLE001  # a case tells which, by its outcome
            return error
        return None


def again(call):
    call()
    return call


def after_misses(scene, misses):
    codes, foreign = scene.codes(), scene.foreign()
    for miss in range(1, misses + 1):
        with pytest.raises(RedemptionRefused):
            scene.kit.redeem("alice", foreign)
        scene.clock.advance(timedelta(days=2) * (miss < misses))
    return partial(scene.kit.redeem, "alice", codes[0])


def by_another_key(scene):
    codes = scene.codes()
    return partial(scene.open(keys=OTHER).redeem, "alice", codes[0])


def to_confirm(scene):
    kit = scene.open(confirm=True)
    return partial(kit.confirm, "alice", kit.issue("alice").codes[0])


def unlocking(scene, verb, **named):
    kit = scene.open(management="unlock")
    kit.unlock("alice", session=SESSION)
    return partial(getattr(kit, verb), "alice", **({"session": SESSION} | named))


def importing(scene, verb, what, **named):
    kit = scene.open(accept=SHORT)
    return partial(getattr(kit, verb), "alice", [what], format=FORMAT, **named)


def resealing(scene):
    scene.codes()
    return scene.open(keys=KEYS | OTHER).reseal


def purging(scene):
    scene.codes()
    scene.kit.revoke("alice")
    scene.clock.advance(timedelta(days=1))
    return partial(scene.kit.purge, before=scene.clock())


CASES = [
    Case("issue", "success", lambda s: partial(s.kit.issue, "alice")),
    Case("issue", "CodesAlreadyIssued", lambda s: s.codes() and partial(s.kit.issue, "alice")),
    Case("issue", "SwitchedOff", lambda s: partial(s.open(count=0).issue, "alice")),
    Case(
        "issue", "ManagementLocked", lambda s: partial(s.open(management="unlock").issue, "alice")
    ),
    Case("confirm", "success", to_confirm),
    Case("confirm", "malformed", lambda s: partial(s.kit.confirm, "alice", "?")),
    Case("redeem", "success", redeem),
    Case("redeem", "replayed", lambda s: again(redeem(s, attempt="a-1"))),
    Case("redeem", "malformed", lambda s: partial(s.kit.redeem, "alice", "?")),
    Case("redeem", "invalid", lambda s: s.codes() and partial(s.kit.redeem, "alice", s.foreign())),
    Case("redeem", "used", lambda s: again(redeem(s))),
    Case("redeem", "no_active_codes", lambda s: partial(s.kit.redeem, "alice", s.foreign())),
    Case("redeem", "too_many_attempts", lambda s: after_misses(s, 2)),
    Case("redeem", "disabled", lambda s: after_misses(s, 3)),
    Case("redeem", "UnknownKey", by_another_key, is_failure=True),
    Case("redeem", "CorruptRecord", lambda s: while_it(s, loading=corrupt), is_failure=True),
    Case("redeem", "StorageError", lambda s: while_it(s, loading=broken), is_failure=True),
    Case(
        "redeem", "ConcurrentUpdate", lambda s: while_it(s, committing=[lost] * 32), is_failure=True
    ),
    Case(
        "redeem",
        "OutcomeUnknown",
        lambda s: while_it(s, committing=[unknown] * 64),
        is_failure=True,
    ),
    Case("redeem", "Overloaded", lambda s: while_it(s, out_of_memory=True), is_failure=True),
    Case("redeem", "InvalidArgument", lambda s: redeem(s, within=7), is_failure=True),
    Case(
        "redeem", "LookupError", lambda s: redeem(s, within=raising(LookupError)), is_failure=True
    ),
    Case("status", "success", lambda s: partial(s.kit.status, "alice")),
    Case("revoke", "success", lambda s: partial(s.kit.revoke, "alice")),
    Case("unlock", "success", lambda s: unlocking(s, "unlock")),
    Case("lock", "success", lambda s: unlocking(s, "lock")),
    Case("erase", "success", lambda s: partial(s.kit.erase, "alice")),
    Case("erase", "success", lambda s: s.codes() and partial(s.kit.erase_scopes, "alice")),
    Case("import_codes", "success", lambda s: importing(s, "import_codes", CODE)),
    Case("import_hashes", "success", lambda s: importing(s, "import_hashes", LINE, scheme=SCHEME)),
    Case("reseal", "success", resealing),
    Case("purge", "success", purging),
]


@pytest.fixture(params=SHELLS)
def scene(request, monkeypatch):
    scene = Scene(request.param, monkeypatch)
    yield scene
    scene.collector.close()


# --- Each verb, each outcome ---------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_call_is_a_span_and_is_counted(scene, case):
    """By verb and outcome; only what has failed has the status of an error, and no description."""
    error = case.play(scene)

    span = scene.collector.span(f"recoverykit.{case.verb}")
    assert span.attributes["recoverykit.verb"] == case.verb
    assert span.attributes["recoverykit.outcome"] == case.outcome
    assert span.attributes["recoverykit.storage.type"] == "Faulty"
    assert span.attributes.get("error.type") == (case.outcome if case.is_failure else None)
    assert span.status.status_code is (StatusCode.ERROR if case.is_failure else StatusCode.UNSET)
    assert (error is None) is (case.outcome in {"success", "replayed"})
    alike = [
        each
        for each in scene.collector.spans
        if each.name == span.name and each.attributes["recoverykit.outcome"] == case.outcome
    ]
    for name in ("recoverykit.calls", "recoverykit.call.duration"):
        assert scene.collector.figure(name, verb=case.verb, outcome=case.outcome) == len(alike)


def test_every_verb_is_called_above():
    """No verb is left out, nor any refusal."""
    assert {case.verb for case in CASES} == {name.value for name in VerbName}
    assert {case.outcome for case in CASES} >= {reason.value for reason in RefusalReason}


@pytest.fixture
def played(scene):
    """Tell one collector of all cases."""
    for case in CASES:
        with pytest.MonkeyPatch.context() as monkeypatch:
            case.play(Scene(scene.shell, monkeypatch, scene.collector))
    return scene.collector


def test_no_span_has_an_event_or_says_what_was_raised(played):
    """Errors are named by their class alone."""
    assert [span.name for span in played.spans if span.events] == []
    assert {span.status.description for span in played.spans} == {None}


def test_the_page_names_all_that_is_told_and_nothing_else(played):
    """The table of `docs/telemetry.md` is complete."""
    told = set(re.findall(r"^\| `([a-z_.]+)`", PAGE.read_text("utf-8"), re.MULTILINE))

    assert played.names() == told


# --- Without the SDK, and without OpenTelemetry --------------------------------------------------


@pytest.mark.parametrize("shell", SHELLS)
def test_without_an_sdk_nothing_happens(shell):
    """The API alone makes spans and figures that nobody records."""
    kit = kit_of(
        shell, MemoryStorage(), policy=Policy(hasher=CHEAP, accept=WEAK), observer=Telemetry()
    )
    assert kit.redeem("alice", kit.issue("alice").codes[0]).remaining == 9
    with pytest.raises(RedemptionRefused):
        kit.redeem("alice", "?")
    with pytest.raises(InvalidArgument):
        kit.redeem("alice", "?", within=7)


@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_not_sampled_is_counted_all_the_same(shell):
    """Spans below it learn that the trace is not kept; the figures do not depend on it."""
    collector = Collector()
    sampled_out = TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)
    seen = []
    kit = kit_of(
        shell,
        MemoryStorage(),
        policy=Policy(hasher=CHEAP, accept=WEAK),
        observer=Telemetry(sampled_out, collector.meters),
        on_event=lambda _event: seen.append(trace.get_current_span().get_span_context()),
    )
    kit.issue("alice")
    assert [(context.is_valid, context.trace_flags.sampled) for context in seen] == [(True, False)]
    assert collector.figure("recoverykit.calls", verb="issue", outcome="success") == 1
    sampled_out.shutdown()
    collector.close()


def test_without_opentelemetry_the_extra_is_named(monkeypatch):
    """Whoever asks for telemetry learns what to install."""
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.delitem(sys.modules, "recoverykit.telemetry")
    with pytest.raises(MissingExtra) as caught:
        import_module("recoverykit.telemetry")
    assert caught.value.extra == "telemetry"
