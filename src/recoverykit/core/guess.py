"""What somebody typed, and the hashes of it, from one round of a call to the next."""

from datetime import datetime

from recoverykit.core.effects import Flow, derive
from recoverykit.core.format import CodeFormat, ParsedCode
from recoverykit.core.masked import Masked
from recoverykit.core.probe import Request
from recoverykit.errors import MalformedCode


class Guess:
    """A text that may be a code. Each hash of it is evaluated once, however often it is needed.

    Args:
        text: what was typed.
    """

    def __init__(self, text: Masked[str]) -> None:
        self._text = text
        self._known: list[tuple[Request, Masked[bytes]]] = []

    def parsed(self, format: CodeFormat) -> ParsedCode | None:
        """Return the code of that format that it spells; None for a typing error."""
        try:
            return format.parse(self._text)
        except MalformedCode:
            return None

    def digests(
        self, *requests: Request, now: datetime
    ) -> Flow[tuple[tuple[Masked[bytes], ...], datetime]]:
        """Evaluate those hashes that are not known yet; return all of them, and the time then."""
        new = tuple(each for each in requests if self._digest(each) is None)
        if new:
            derived = yield from derive(*new)
            self._known.extend(zip(new, derived.digests, strict=True))
            now = derived.now
        return tuple(digest for each in requests if (digest := self._digest(each))), now

    def _digest(self, request: Request) -> Masked[bytes] | None:
        return next((digest for known, digest in self._known if known == request), None)
