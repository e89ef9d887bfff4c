"""The sheet as plain text: a download that every program opens and every screen reader reads."""

from collections.abc import Iterator
from typing import Final

from recoverykit.sheet.contents import Contents, NumberedCode
from recoverykit.sheet.line import isolated

# Around a code, so that nothing turns it round; these marks are not read as part of it.
_LEFT_TO_RIGHT: Final = "\u2066"
_END: Final = "\u2069"


def text_of(contents: Contents) -> str:
    """Return the sheet in lines that end in LF, each code in one line however long it is."""
    return "".join([f"{line}\n" for line in _lines(contents)])


def _lines(contents: Contents) -> Iterator[str]:
    words = contents.wording
    yield words.title
    yield ""
    for label, value in contents.facts:
        yield f"{label}: {_apart(value, contents)}"
    for note in contents.notes:
        yield ""
        yield note
    yield ""
    yield words.codes
    yield ""
    for code in contents.codes:
        yield _line(code, contents)
    for heading, sentences in contents.advice:
        yield ""
        yield heading
        yield ""
        for sentence in sentences:
            yield f"- {sentence}"


def _apart(value: str, contents: Contents) -> str:
    # ASCII has no direction but left to right, and stays as short as it is where all is so.
    return value if value.isascii() and not contents.wording.right_to_left else isolated(value)


def _line(code: NumberedCode, contents: Contents) -> str:
    line = f"{code.mark} {code.text}"
    return f"{_LEFT_TO_RIGHT}{line}{_END}" if contents.wording.right_to_left else line
