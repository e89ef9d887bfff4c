"""The oracle: what the changes of a history did, told from the stored JSON alone.

It reads documents with `json` and shares no code with the core. It knows five deeds (issued, spent,
counted, revoked, erased) and when each may be done; a revision that is anything else fails.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

FREE = 5
FIRST_DELAY = timedelta(seconds=30)


@dataclass(frozen=True)
class Standing:
    """A stored set, as its JSON tells."""

    set_id: str
    failures: int
    failed_at: datetime | None
    is_over: bool
    digests: tuple[str, ...]
    uses: tuple[tuple[str, str] | None, ...]  # attempt and time

    @property
    def spent(self):
        return {ordinal for ordinal, use in enumerate(self.uses) if use}

    def is_locked(self, now):
        if self.failures < FREE:
            return False
        return now < self.failed_at + FIRST_DELAY * 2 ** (self.failures - FREE)


@dataclass(frozen=True)
class Deed:
    """What a landed change did to the set ``before`` it; ``after`` stands afterwards."""

    call: str
    kind: str
    replaced: str | None
    document: str | None
    ordinal: int | None = None

    @property
    def before(self):
        return read(self.replaced)

    @property
    def after(self):
        return read(self.document)


@cache
def read(document):
    if document is None:
        return None
    codes = json.loads(document)["active"]
    uses = [code["use"] for code in codes["codes"]]
    return Standing(
        set_id=codes["id"],
        failures=codes["failures"],
        failed_at=codes["failed_at"] and datetime.fromisoformat(codes["failed_at"]),
        is_over=bool(codes["revoked_at"] or codes["disabled_at"]),
        digests=tuple(code["digest"] for code in codes["codes"]),
        uses=tuple(use and (use["attempt"], use["at"]) for use in uses),
    )


@cache
def deed_of(call, before, document):
    """Tell what a change did, and refuse whatever no verb does there.

    Only a call that is named so may replace a set that counts.
    """
    was, now = read(before), read(document)
    if now is None:
        return Deed(call, "erased", before, document)
    if was is None or was.set_id != now.set_id:
        assert not now.failures, "a new set starts with failures"
        assert not now.spent, "a new set starts with a spent code"
        is_asked = was is None or was.is_over or call.startswith("replace")
        assert is_asked, "a set that counts was superseded by a call that did not ask for it"
        return Deed(call, "issued", before, document)
    assert now.digests == was.digests, "a set changed its codes"
    assert not was.is_over, "something was done to a set after its end"
    if now.is_over:
        assert (now.uses, now.failures) == (was.uses, was.failures), "revoking did more than that"
        return Deed(call, "revoked", before, document)
    if now.uses == was.uses:
        assert now.failures == was.failures + 1, "a revision that no verb writes"
        assert not was.is_locked(now.failed_at), "a guess was judged during a delay"
        return Deed(call, "counted", before, document)
    assert len(now.spent ^ was.spent) == 1, "a code was spent twice, or two at a time"
    (ordinal,) = now.spent ^ was.spent
    assert ordinal in now.spent, "a spent code was given back"
    assert not was.is_locked(datetime.fromisoformat(now.uses[ordinal][1])), "spent during a delay"
    assert now.failures == 0, "a success left failures behind"
    return Deed(call, "spent", before, document, ordinal)


def deeds_of(history):
    before = history.before[-1].change.document if history.before else None
    deeds = []
    for landed in history.landed:
        deeds.append(deed_of(landed.call, before, landed.change.document))
        before = landed.change.document
    return deeds
