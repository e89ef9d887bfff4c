"""Recovery codes in etcd: one transaction, which compares the revision and writes the rest."""

import json
from base64 import b64decode, b64encode
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any

from recoverykit import Subject
from recoverykit.storage import Change, Record


class EtcdStorage:
    """An etcd cluster, by the JSON gateway of any of its members."""

    def __init__(self, host: str, port: int) -> None:
        self.address = host, port

    def load(self, subject: Subject) -> Record | None:
        stored = self._values(subject, "b", "d")
        return Record(document=stored[0], revision=stored[1]) if stored else None

    def trail(self, subject: Subject) -> list[str]:
        """Return the subject's events, each beginning with its id."""
        return self._values(subject, "e", "f")

    def commit(self, subject: Subject, change: Change) -> bool:
        stands = {"key": _key(subject, "c"), "target": "CREATE", "create_revision": "0"}  # S3
        if change.expected is not None:
            stands = {"key": _key(subject, "c"), "target": "VALUE", "value": _text(change.expected)}
        of_this = f"e {change.revision}"
        values = {f"{of_this} {each.id}": f"{each.id} {each.details()}" for each in change.events}
        old = []
        if change.document is not None:
            values |= {"b": change.document, "c": change.revision}
        else:  # all that stands goes, and the events of this very change stay: S8
            old = [_range(subject, "b", of_this), _range(subject, f"{of_this}!", "f")]
        new = [{"key": _key(subject, name), "value": _text(values[name])} for name in values]
        writes = [{"request_delete_range": each} for each in old]
        writes += [{"request_put": each} for each in new]
        answer = self._ask("txn", compare=[stands], success=writes)
        return answer.get("succeeded", False) is True  # what is false is left out

    def _values(self, subject: Subject, *ends: str) -> list[str]:
        # One range is read at one moment, and by default no member answers from memory: S12.
        answer = self._ask("range", **_range(subject, *ends))
        return [b64decode(pair["value"]).decode("ascii") for pair in answer.get("kvs", ())]

    def _ask(self, what: str, **question: object) -> dict[str, Any]:
        # Whatever this raises leaves open whether something was written, and counts so: S10.
        with closing(HTTPConnection(*self.address, timeout=10)) as connection:
            connection.request("POST", f"/v3/kv/{what}", json.dumps(question))
            answer = connection.getresponse()
            if answer.status != HTTPStatus.OK:
                raise ConnectionError(f"etcd answered {answer.status}")
            return dict(json.load(answer))


def _range(subject: Subject, first: str, end: str) -> dict[str, str]:
    return {"key": _key(subject, first), "range_end": _key(subject, end)}


def _key(subject: Subject, name: str) -> str:
    return _text("/".join(("recoverykit", *map(bytes.hex, subject.parts), name)))


def _text(value: str) -> str:
    return b64encode(value.encode()).decode("ascii")
