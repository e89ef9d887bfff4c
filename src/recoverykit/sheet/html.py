"""The sheet as HTML: one document that a browser shows, prints, and reads out."""

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html import escape
from typing import Final

from recoverykit.sheet.contents import Contents, NumberedCode
from recoverykit.sheet.line import isolated

_WIDEST_COLUMN: Final = 24  # characters of a code of which two stand side by side

_STYLE: Final = """
:root {
  color-scheme: light dark;
  --paper: #fff; --ink: #1d2430; --quiet: #566072; --line: #d5dae2; --tint: #f4f6f9;
  --note: #8a5300;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #14181f; --ink: #e8ebf0; --quiet: #a3adbd; --line: #38414f; --tint: #1e242e;
    --note: #f0b860;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; padding: 2rem 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
}
main { max-width: 42rem; margin: 0 auto; }
h1 { margin: 0 0 1.25rem; font-size: 1.75rem; line-height: 1.2; font-weight: 650; }
h2 { margin: 2rem 0 .5rem; font-size: 1.0625rem; line-height: 1.3; font-weight: 650; }
dl { margin: 0; border-block: 1px solid var(--line); padding-block: .5rem; }
dl div { display: grid; grid-template-columns: 9rem minmax(0, 1fr); gap: 0 1rem; padding: .2rem 0; }
dt { color: var(--quiet); }
dd { margin: 0; }
.note { margin: 1.25rem 0 0; padding-inline-start: .875rem; border-inline-start: 4px solid; }
.note { color: var(--note); font-weight: 600; }
code { font-family: ui-monospace, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.codes {
  margin: 0; padding: 1rem 1.25rem; border: 1px solid var(--line); border-radius: .5rem;
  background: var(--tint); list-style-position: outside; font-variant-numeric: slashed-zero;
}
.pair { columns: 17rem 2; column-gap: 1.5rem; }
.codes > * { margin-left: 2rem; padding: .3rem 0 .3rem .375rem; break-inside: avoid; }
.codes ::marker { color: var(--quiet); font-variant-numeric: tabular-nums; }
.codes code { font-size: 1.125rem; }
.mark { display: inline-block; width: 2rem; margin-left: -2rem; color: var(--quiet); }
.advice { margin: 0; padding-inline-start: 1.25rem; }
.advice li { padding: .1rem 0; text-wrap: pretty; }
@media (max-width: 30rem) { dl div { grid-template-columns: minmax(0, 1fr); } }
@page { margin: 16mm; }
@media print {
  :root { --ink: #000; --quiet: #444; --line: #999; --tint: #fff; --note: #000; }
  body { padding: 0; font-size: 11pt; line-height: 1.4; }
  main { max-width: none; }
  section { break-inside: avoid-page; }
  .long { break-inside: auto; }
  .codes { -webkit-box-decoration-break: clone; box-decoration-break: clone; }
  h2 { break-after: avoid; }
}
"""

POLICY: Final = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'"
)


def html_of(contents: Contents) -> str:
    """Return the sheet as a document."""
    return "".join([f"{line}\n" for line in _lines(contents)])


def _lines(contents: Contents) -> Iterator[str]:
    words = contents.wording
    direction = "rtl" if words.right_to_left else "ltr"
    yield "<!DOCTYPE html>"
    yield f'<html lang="{escape(words.language)}" dir="{direction}">'
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    # Else a telephone makes links of digits.
    yield '<meta name="format-detection" content="telephone=no">'
    yield f"<title>{escape(words.title)}: {escape(isolated(contents.issuer))}</title>"
    yield f"<style>{_STYLE}</style>"
    yield "</head>"
    yield "<body>"
    yield "<main>"
    yield f"<h1>{escape(words.title)}</h1>"
    yield from _facts(contents)
    yield from (f'<p class="note">{escape(note)}</p>' for note in contents.notes)
    yield from _codes(contents)
    yield from _advice(contents)
    yield "</main>"
    yield "</body>"
    yield "</html>"


def _facts(contents: Contents) -> Iterator[str]:
    yield "<dl>"
    for label, value in contents.facts:
        apart = f'<bdi translate="no">{escape(value)}</bdi>'
        yield f"<div><dt>{escape(label)}</dt><dd>{apart}</dd></div>"
    yield "</dl>"


def _codes(contents: Contents) -> Iterator[str]:
    codes = contents.codes
    kinds = ["codes", *(["pair"] if max(map(_width, codes)) <= _WIDEST_COLUMN else [])]
    yield f'<section class="long">\n<h2>{escape(contents.wording.codes)}</h2>'
    if all(code.has_plain_number for code in codes):
        yield f'<ol class="{" ".join(kinds)}" start="{codes[0].number}">'
        yield from (f'<li dir="ltr">{_code(code)}</li>' for code in codes)
        yield "</ol>\n</section>"
        return
    # A browser that numbers a copied list would do it with a full stop, which the codes may have.
    yield f'<div class="{" ".join(kinds)}" role="list">'
    for code in codes:
        mark = f'<span class="mark">{escape(code.mark)}</span>'
        yield f'<div role="listitem" dir="ltr">{mark} {_code(code)}</div>'
    yield "</div>\n</section>"


def _code(code: NumberedCode) -> str:
    return f'<code translate="no">{escape(code.text)}</code>'


def _width(code: NumberedCode) -> int:
    return len(code.text)


def _advice(contents: Contents) -> Iterator[str]:
    for heading, sentences in contents.advice:
        yield f"<section>\n<h2>{escape(heading)}</h2>"
        yield '<ul class="advice">'
        yield from (f"<li>{escape(sentence)}</li>" for sentence in sentences)
        yield "</ul>\n</section>"
