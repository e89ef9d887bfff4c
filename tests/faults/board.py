"""What the clients share beside the database: which sets there are, and what to contend for."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A set of codes as its user keeps it. Codes are left out of the repr.

    Attributes:
        set_id: the set.
        codes: its codes, by their places.
    """

    set_id: str
    codes: tuple[str, ...] = field(repr=False)


class Board:
    """A folder of files that are only ever appended to.

    The subjects come in generations: a client goes on to the next one when it has done its share,
    and the others follow it. So many contend for few, and no history gets long.

    Args:
        folder: the folder, which is there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def pin(self, subject: str, sheet: Sheet) -> None:
        """Show a set to all."""
        line = json.dumps([sheet.set_id, *sheet.codes]).encode() + b"\n"
        file = os.open(self._folder / subject, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        try:
            os.write(file, line)
        finally:
            os.close(file)

    def sheets(self, subject: str) -> tuple[Sheet, ...]:
        """Return the sets of a subject, the last one last."""
        path = self._folder / subject
        lines = path.read_text().splitlines() if path.exists() else ()
        rows = (json.loads(line) for line in lines)
        return tuple(Sheet(set_id=row[0], codes=tuple(row[1:])) for row in rows)

    def generation(self) -> int:
        """Return the newest generation."""
        return max((int(path.suffix[1:]) for path in self._folder.glob("generation.*")), default=0)

    def open_generation(self, number: int) -> None:
        """Let all go on to a generation."""
        (self._folder / f"generation.{number}").touch()
