"""Sheets to look at, and what is read from them."""

import hashlib
import io
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import count

from pypdf import PdfReader

from recoverykit import CodeFormat, Issued
from recoverykit.core.generator import generate
from recoverykit.sheet import SheetWording

ISSUED_AT = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
ENGLISH = SheetWording()
NAMES = {"issuer": "Example", "account": "ada@example.com"}
HOSTILE = "".join(map(chr, range(ord("!"), ord("~") + 1)))


def issued(shape=None, count_=10, **fields):
    """Return codes of a format, the same ones each time."""
    shape = shape or CodeFormat.default()
    blocks = count()
    codes = generate(
        shape, count_, lambda size: hashlib.shake_256(b"%d" % next(blocks)).digest(size)
    )
    return of_codes(shape, *map(shape.display, codes), **fields)


def of_codes(shape, *codes, **fields):
    known = {"set_id": "0123456789abcdef" * 2, "issued_at": ISSUED_AT, "expires_at": None}
    return Issued(codes=codes, format=shape, **(known | fields))


def sheet(shape=None, count_=10, *, wording=None, issuer="Example", account="ada", **fields):
    return issued(shape, count_, **fields).sheet(
        issuer=issuer, account=account, translations=wording
    )


def read(shape, text):
    return shape.parse(text).canonical


def block(text, wording=ENGLISH):
    """Return what stands between the heading of the codes and the next one, in lines."""
    _, _, rest = text.partition(f"\n{wording.codes}\n")
    return rest.partition(f"\n{wording.use}\n")[0].strip("\n").split("\n")


def pdf_text(data):
    """Return the text of all pages, as a program extracts it."""
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


class Items(HTMLParser):
    """What stands in each item of the list of codes, as a browser copies it."""

    def __init__(self, document):
        super().__init__()
        self.items, self.lists, self._inside, self._number = [], [], False, None
        self.feed(document)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if "codes" in given.get("class", ""):
            self.lists.append(tag)
            # Firefox writes the number of an item, Chromium does not.
            self._number = int(given.get("start", 0)) if tag == "ol" else None
        elif given.get("dir") == "ltr" and tag in {"li", "div"}:
            self._inside = True
            self.items.append("")
            if self._number is not None:
                self.items[-1] = f"    {self._number}. "
                self._number += 1

    def handle_endtag(self, tag):
        self._inside = self._inside and tag not in {"li", "div"}

    def handle_data(self, data):
        if self._inside:
            self.items[-1] += data
