"""The sheet as PDF, on A4.

Each code begins a line and stands alone in it: whoever marks that line in a viewer has the code.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from os import PathLike
from typing import Final, cast

from fpdf import FPDF
from fpdf.enums import MethodReturnValue, XPos, YPos

from recoverykit.sheet.breaks import settled
from recoverykit.sheet.contents import Contents, NumberedCode
from recoverykit.sheet.fonts import Fonts, close_fonts

# Lengths are in millimetres, sizes of letters in points.
_MARGIN: Final = 20.0
_LABEL: Final = 38.0
_MARK: Final = 14.0
_GAP: Final = 4.0
_INDENT: Final = 5.0
_KEPT: Final = 24.0  # a heading stays with as much of what follows
_TITLE, _HEADING, _BODY, _CODE = 20.0, 12.0, 10.0, 12.5
_LEADING: Final = 5.4
_ROW: Final = 6.6

_INK: Final = (29, 36, 48)
_QUIET: Final = (86, 96, 114)
_RULE: Final = (200, 206, 216)
_NOTE: Final = (138, 83, 0)


def pdf_of(
    contents: Contents,
    *,
    fonts: Sequence[str | PathLike[str]],
    code_font: str | PathLike[str] | None,
) -> bytes:
    """Return the sheet as a document; see `Sheet.pdf`."""
    pdf = _Document(format="A4")
    try:
        writing = _Writing(contents, pdf, Fonts(pdf, fonts, code_font))
        writing.check()
        writing.write()
        return bytes(pdf.output())
    finally:
        close_fonts(pdf)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a code that has a line to itself; left out of the repr."""

    text: str = field(repr=False)


def wrapped(code: str, longest: int) -> tuple[Part, ...]:
    """Return a code in lines: broken where a space stands, or before a hyphen, if there is one.

    Some viewers drop a hyphen that ends a line when they copy, and an alphabet may have it.
    """
    parts: list[Part] = []
    while len(code) > longest:
        at = code.rfind(" ", 0, longest + 1) + 1 or code.rfind("-", 1, longest + 1)
        at = at if at > 0 else longest
        parts.append(Part(code[:at].rstrip()))
        code = code[at:]
    return (*parts, Part(code))


class _Document(FPDF):
    """Numbers its pages from the second on."""

    def footer(self) -> None:
        """Write the number of a page that is not the first."""
        if self.page_no() == 1:
            return
        self.set_text_shaping(use_shaping_engine=False)
        self.set_y(-12)
        self.set_font("helvetica", size=9)
        self.set_text_color(*_QUIET)
        self.cell(0, 5, str(self.page_no()), align="C")


class _Writing:
    """The parts of a sheet in the order in which they are written and read."""

    def __init__(self, contents: Contents, pdf: FPDF, fonts: Fonts) -> None:
        self._contents = contents
        self._pdf = pdf
        self._fonts = fonts
        self._is_rtl = contents.wording.right_to_left

    def check(self) -> None:
        contents = self._contents
        words = contents.wording
        self._fonts.check(
            [
                *(words.title, words.codes, *contents.notes),
                *(text for fact in contents.facts for text in fact),
                *(text for heading, said in contents.advice for text in (heading, *said)),
            ],
            contents.codes,
        )

    def write(self) -> None:
        pdf, words = self._pdf, self._contents.wording
        # A name may spell what would become the number of pages.
        pdf.alias_nb_pages("")
        pdf.set_title(words.title)
        pdf.set_lang(words.language)
        pdf.set_creation_date(self._contents.issued_at)
        pdf.set_margin(_MARGIN)
        pdf.set_auto_page_break(auto=True, margin=_MARGIN)
        pdf.c_margin = 0
        pdf.add_page()
        self._text(words.title, size=_TITLE, leading=9, bold=True)
        pdf.ln(4)
        self._facts()
        for note in self._contents.notes:
            pdf.ln(4)
            self._text(note, color=_NOTE, bold=True)
        self._heading(words.codes)
        self._codes()
        for heading, sentences in self._contents.advice:
            self._heading(heading)
            for sentence in sentences:
                self._item(sentence)

    def _facts(self) -> None:
        pdf = self._pdf
        self._rule()
        pdf.ln(2)
        for label, value in self._contents.facts:
            top = pdf.y
            self._text(label, color=_QUIET, end=pdf.epw - _LABEL)
            below = pdf.y
            pdf.set_y(top)
            self._text(value, begin=_LABEL, is_name=True)
            pdf.set_y(max(below, pdf.y) + 0.6)
        pdf.ln(1.4)
        self._rule()

    def _heading(self, text: str) -> None:
        self._pdf.ln(7)
        if self._pdf.will_page_break(_KEPT):
            self._pdf.add_page()
        self._text(text, size=_HEADING, leading=6, bold=True)
        self._pdf.ln(1.5)

    def _codes(self) -> None:
        self._rule()
        for code in self._contents.codes:
            self._row(code)
            self._rule()

    def _row(self, code: NumberedCode) -> None:
        pdf = self._pdf
        self._fonts.use_for_codes(_CODE)
        width = max(map(pdf.get_string_width, code.text))
        lines = wrapped(code.text, int((pdf.epw - _MARK) / width))
        if pdf.will_page_break(_ROW * len(lines)):
            pdf.add_page()
            self._fonts.use_for_codes(_CODE)
        pdf.set_text_color(*_QUIET)
        pdf.cell(_MARK - _GAP, _ROW, code.mark, align="R")
        pdf.set_text_color(*_INK)
        for line in lines:
            pdf.set_x(_MARGIN + _MARK)
            pdf.cell(0, _ROW, line.text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _item(self, text: str) -> None:
        pdf = self._pdf
        top = self._text(text, begin=_INDENT)
        x = pdf.w - _MARGIN - 1 if self._is_rtl else _MARGIN + 1
        pdf.set_fill_color(*_QUIET)
        pdf.circle(x, top + _LEADING / 2, 0.5, style="F")
        pdf.ln(0.8)

    def _rule(self) -> None:
        pdf = self._pdf
        pdf.set_draw_color(*_RULE)
        pdf.set_line_width(0.2)
        pdf.line(_MARGIN, pdf.y, pdf.w - _MARGIN, pdf.y)

    def _text(
        self,
        text: str,
        *,
        size: float = _BODY,
        leading: float = _LEADING,
        color: tuple[int, int, int] = _INK,
        bold: bool = False,
        begin: float = 0.0,
        end: float = 0.0,
        is_name: bool = False,
    ) -> float:
        """Write a text over as many lines as it takes, all on one page; return where it begins.

        Args:
            text: what is written.
            size: of its letters.
            leading: the height of a line.
            color: of its letters.
            bold: whether it is, where there is such a font.
            begin: how far in lines begin.
            end: how far from the end of the page they end at the latest.
            is_name: whether it is written in the direction of its own letters.
        """
        pdf = self._pdf
        self._fonts.use_for_text(size, bold=bold)
        self._fonts.shape(right_to_left=None if is_name else self._is_rtl)
        write = partial(
            pdf.multi_cell,
            pdf.epw - begin - end,
            leading,
            align="R" if self._is_rtl else "L",
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
        )
        measure = partial(write, dry_run=True)
        drawn = settled(
            self._fonts.drawn(text),
            lambda some: cast("list[str]", measure(text=some, output=MethodReturnValue.LINES)),
        )
        height = cast("float", measure(text=drawn, output=MethodReturnValue.HEIGHT))
        if pdf.will_page_break(height):
            pdf.add_page()
        pdf.set_text_color(*color)
        pdf.set_x(_MARGIN + (end if self._is_rtl else begin))
        # Where the first character of all is one of a fallback font, fpdf2 never sets the other
        # one: so set it for no text at all, on the line that comes.
        pdf.text(pdf.x, pdf.y + leading / 2 + 0.3 * pdf.font_size, "")
        top = pdf.y
        write(text=drawn)
        return top
