"""The sheet, in each of its forms."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import ClassVar, Never, cast

from recoverykit.extras import module_of
from recoverykit.sheet.contents import Contents
from recoverykit.sheet.html import POLICY, html_of
from recoverykit.sheet.text import text_of


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the person who holds the codes keeps: print it, or let it be downloaded.

    `recoverykit.Issued.sheet` makes it. Every code on every form is read as that code, also where a
    line is pasted with its number, or over several lines. The codes are left out of the repr, and
    the object cannot be pickled or copied. Whatever holds a form holds the codes: hand it out once,
    with ``Cache-Control: no-store``, and keep it nowhere.

    Attributes:
        content_security_policy: the header ``Content-Security-Policy`` for the HTML: nothing is
            loaded, and no style but its own is used. It is the same for every sheet.
    """

    content_security_policy: ClassVar[str] = POLICY

    _contents: Contents = field(repr=False)

    def __repr__(self) -> str:
        return f"<Sheet of {len(self._contents.codes)} codes of set {self._contents.set_id}>"

    def __reduce__(self) -> Never:
        raise TypeError("a sheet cannot be pickled or copied")

    def text(self) -> str:
        r"""Return the sheet as plain text: to be sent in UTF-8, as a download.

        Lines end in ``\n``. Each code has one line, however long it is.

        Raises:
            InvalidArgument: the wording's ``write_date`` gave something that is no line of text.
        """
        return text_of(self._contents)

    def html(self) -> str:
        """Return the sheet as one document that needs nothing else: no script, no font, no image.

        It is to be sent in UTF-8. Codes break over lines where the screen is narrow.

        Raises:
            InvalidArgument: as for `text`.
        """
        return html_of(self._contents)

    def pdf(
        self,
        *,
        fonts: Sequence[str | PathLike[str]] = (),
        code_font: str | PathLike[str] | None = None,
    ) -> bytes:
        """Return the sheet as a PDF document, on A4.

        Args:
            fonts: files of TrueType or OpenType fonts for all but the codes, in the order in which
                they are asked for each character. Without any, the document names a font that
                every viewer has, and which shows Windows-1252 only.
            code_font: a file of a monospaced font for the codes. Without one they are set in
                Courier, which shows 0 and O much alike: where the codes have both, name another.

        Raises:
            InvalidArgument: a font cannot be read; no font shows some character (the error names
                its code point, unless it is one of a code); or as for `text`.
            MissingExtra: the extra ``pdf`` is not installed.
        """
        module_of("fpdf", needs="fpdf", extra="pdf")
        module_of("uharfbuzz", needs="uharfbuzz", extra="pdf")
        pdf = module_of("recoverykit.sheet.pdf", needs="fpdf", extra="pdf")
        return cast("bytes", pdf.pdf_of(self._contents, fonts=fonts, code_font=code_font))
