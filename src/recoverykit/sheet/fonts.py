"""The fonts of a PDF: which is asked for which character, and what none of them can show."""

from collections.abc import Iterable, Sequence
from os import PathLike, fspath
from typing import Final

from fpdf import FPDF
from fpdf.fonts import TTFFont

from recoverykit.errors import InvalidArgument
from recoverykit.sheet.contents import NumberedCode

_TEXT: Final = "helvetica"
_CODES: Final = "courier"
_ENCODING: Final = "windows-1252"  # all that these two can show, which every viewer has
_MOST_NAMED: Final = 10

# What takes no ink: the soft hyphen, marks of direction, joiners, variation selectors.
_WITHOUT_INK: Final = frozenset(
    "\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff"
) | frozenset(map(chr, range(0xFE00, 0xFE10)))


class Fonts:
    """The fonts of one document.

    Args:
        pdf: the document; fonts are added to it.
        files: what all but the codes is set in, the first asked first; empty for Helvetica.
        code_file: what the codes are set in; None for Courier.

    Raises:
        InvalidArgument: what is named is no file of a font that can be read.
    """

    def __init__(
        self,
        pdf: FPDF,
        files: Sequence[str | PathLike[str]],
        code_file: str | PathLike[str] | None,
    ) -> None:
        if isinstance(files, str | bytes) or not isinstance(files, Sequence):
            raise InvalidArgument("fonts must be a sequence of files")
        pdf.core_fonts_encoding = _ENCODING
        self._pdf = pdf
        self._families = [
            _added(pdf, f"text{place}", file, name=f"fonts[{place}]")
            for place, file in enumerate(files)
        ]
        self._code_family = (
            _CODES if code_file is None else _added(pdf, "codes", code_file, name="code_font")
        )

    @property
    def has_bold(self) -> bool:
        """Whether there is a bold font; a host's files are taken as they are."""
        return not self._families

    def use_for_text(self, size: float, *, bold: bool = False) -> None:
        """Set all that follows in the fonts of the text, at a size in points."""
        self._pdf.set_fallback_fonts(self._families[1:], exact_match=False)
        family = self._families[0] if self._families else _TEXT
        self._pdf.set_font(family, style="B" if bold and self.has_bold else "", size=size)

    def use_for_codes(self, size: float) -> None:
        """Set all that follows in the font of the codes, at a size in points."""
        self._pdf.set_text_shaping(use_shaping_engine=False)  # ligatures would hide symbols
        self._pdf.set_fallback_fonts([])
        # Courier is thin, and fades in print.
        style = "B" if self._code_family == _CODES else ""
        self._pdf.set_font(self._code_family, style=style, size=size)

    def shape(self, *, right_to_left: bool | None) -> None:
        """Join letters, and turn them round, as their script asks; None: as the first of them is.

        The fonts of every viewer show no script that asks for it.
        """
        if self._families:
            direction = None if right_to_left is None else "rtl" if right_to_left else "ltr"
            self._pdf.set_text_shaping(use_shaping_engine=True, direction=direction)

    def drawn(self, text: str) -> str:
        """Return a text as it is drawn: marks without ink are of use to shaping alone."""
        if self._families:
            return text
        return "".join([char for char in text if char not in _WITHOUT_INK])

    def check(self, texts: Iterable[str], codes: Iterable[NumberedCode]) -> None:
        """Refuse what would be drawn as boxes.

        Args:
            texts: all but the codes.
            codes: the codes, with what stands before them.

        Raises:
            InvalidArgument: no font shows some character of a text, and the first ones are named;
                or some character of a code, and none is named.
        """
        if not all(_has(self._pdf, self._code_family, f"{each.mark}{each.text}") for each in codes):
            raise InvalidArgument("code_font does not show every symbol of the codes")
        missing = sorted(
            char
            for char in set("".join(texts)) - _WITHOUT_INK
            if not any(_has(self._pdf, family, char) for family in self._families or [_TEXT])
        )
        if missing:
            named = ", ".join(f"U+{ord(char):04X}" for char in missing[:_MOST_NAMED])
            raise InvalidArgument(f"no font shows {named}: name one that does in fonts")


def close_fonts(pdf: FPDF) -> None:
    """Close the files of a document's fonts: fpdf2 leaves them open."""
    for font in pdf.fonts.values():
        if isinstance(font, TTFFont):
            font.ttfont.close()


def _added(pdf: FPDF, family: str, file: object, *, name: str) -> str:
    if not isinstance(file, str | PathLike):
        raise InvalidArgument(f"{name} must be a file")
    try:
        pdf.add_font(family, fname=fspath(file))
    except Exception as error:  # a damaged font raises what its tables lead to
        raise InvalidArgument(f"{name} is no file of a font that can be read") from error
    return family


def _has(pdf: FPDF, family: str, text: str) -> bool:
    font = pdf.fonts.get(family)
    if isinstance(font, TTFFont):
        return all(ord(char) in font.cmap for char in text)
    return all(char.encode(_ENCODING, "ignore") for char in text)
