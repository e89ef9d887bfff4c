"""The PDF: pages, fonts, and what they can show."""

import gc
import io
from itertools import pairwise
from pathlib import Path

import pypdfium2
import pytest
from pypdf import PdfReader

from recoverykit import CodeFormat, InvalidArgument
from tests.sheet.conftest import require
from tests.sheet.sheets import HOSTILE, NAMES, block, issued, pdf_text, sheet

INK = 160  # darker than any rule
LONG = "Gesellschaft" * 21
WIDE = "\u6771\u4eac\u7279\u8a31\u8a31\u53ef\u5c40" * 36


def pages(data):
    return PdfReader(io.BytesIO(data)).pages


@pytest.mark.parametrize("count", [1, 10, 16])
def test_an_ordinary_set_has_one_page(count):
    """With all that can be said of it."""
    made = sheet(count_=count, pending=True, expires_at=sheet()._contents.issued_at)
    assert len(pages(made.pdf())) == 1


def test_a_large_set_goes_on_over_numbered_pages():
    """Each code is whole on one page, and the second page has its number."""
    codes = issued(CodeFormat.hex(128, group=4), 64)

    found = pages(codes.sheet(**NAMES).pdf())

    assert len(found) > 3
    texts = [page.extract_text() for page in found]
    assert texts[1].rstrip().endswith("\n2")
    for at, code in enumerate(codes.codes, start=1):
        folded = [text.replace("\n", "") for text in texts]
        assert any(f"{at}. {code}" in text for text in folded)


def test_advice_goes_on_over_pages(drawn):
    """Neither a heading nor a sentence is torn from what it belongs to."""
    wording = type(drawn["HEBREW"])(use_sentences=("word " * 99,) * 10, lost_sentences=("a",) * 10)
    found = [page.extract_text() for page in pages(sheet(count_=30, wording=wording).pdf())]

    assert len(found) == 3
    assert "If you lose them\na" in found[-1]


def test_the_document_says_what_it_is(drawn):
    """Its title, its language, and the date of issue as its own: the same bytes each time."""
    made = sheet(wording=drawn["JAPANESE"], issuer="a")
    reader = PdfReader(io.BytesIO(sheet().pdf()))

    assert reader.metadata.title == "Recovery codes"
    assert reader.root_object["/Lang"] == "en"
    assert sheet().pdf() == sheet().pdf()
    assert made._contents.wording.language == "ja"


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("\u05e9\u05dc\u05d5\u05dd", "U\\+05D5, U\\+05DC, U\\+05DD, U\\+05E9"),
        ("\u6771", "U\\+6771"),
        ("\U0001f512", "U\\+1F512"),
        ("".join(map(chr, range(0x5D0, 0x5DF))), "(U\\+05D.(, )?){10}"),
    ],
)
def test_what_no_font_shows_is_refused(name, points):
    """By code point, and never drawn as a box."""
    with pytest.raises(InvalidArgument, match=f"^no font shows {points}: name one"):
        sheet(issuer=name).pdf()


def test_what_only_another_font_shows_is_refused(fonts):
    """Fonts that a host names are asked, and no others."""
    with pytest.raises(InvalidArgument, match=r"^no font shows U\+6771: "):
        sheet(issuer="\u6771").pdf(fonts=fonts[:1])


def test_the_letters_of_western_europe_need_no_font():
    """Nor do marks that take no ink."""
    text = pdf_text(sheet(issuer="Café “Ö” … 5 €", account="ada\u202e\u200d").pdf())
    assert "Service Café “Ö” … 5 €\nAccount ada\n" in text


@pytest.mark.parametrize(
    "name", ["\u05d1\u05e0\u05e7 2026", "\u0645\u0631\u062d\u0628\u0627", "\u6771\u4eac a"]
)
@pytest.mark.parametrize("field", ["issuer", "account"])
def test_each_character_is_drawn_by_a_font_that_has_it(fonts, name, field):
    """In both orders of the fonts, every character is in the document's text again."""
    for files in (fonts, fonts[::-1]):
        data = sheet(**{field: name}).pdf(fonts=files)
        document = pypdfium2.PdfDocument(data)
        text = document[0].get_textpage().get_text_bounded()
        document.close()
        for char in {*name, *"2026-11-26 09:30 UTC", *"0123456789abcdef"} - {" "}:
            # Letters that are joined are extracted in the forms that they are drawn in, or plain.
            assert char in text or "\u0600" <= char <= "\u06ff"


def test_plain_text_behind_a_line_of_another_font_is_drawn(drawn, fonts):
    """A date and an id stay where labels begin in the font that is asked second."""
    made = sheet(wording=drawn["JAPANESE"], issuer="\u6771", account="\u6771")
    document = pypdfium2.PdfDocument(made.pdf(fonts=fonts))
    picture = document[0].render(scale=2).to_pil().convert("L")
    document.close()

    # Right of the labels stand four facts, then the codes.
    inked = [
        any(picture.getpixel((x, y)) < INK for x in range(330, 700)) for y in range(picture.height)
    ]
    lines = sum(now and not before for before, now in pairwise(inked))
    assert "0123456789abcdef" in pdf_text(made.pdf(fonts=fonts))
    assert lines >= 4 + 10


@pytest.mark.parametrize(
    "name", [LONG, WIDE[:255], "\u05e9\u05dc\u05d5\u05dd " * 42, "a" * 255, "W" * 255]
)
@pytest.mark.parametrize("leftward", [False, True])
def test_no_name_reaches_over_the_margin(drawn, fonts, name, leftward):
    """However long, and in whatever script: nothing is drawn outside of the margins."""
    wording = drawn["HEBREW"] if leftward else None
    data = sheet(issuer=name, account=name, wording=wording).pdf(fonts=fonts)

    assert len(pages(data)) == 1
    document = pypdfium2.PdfDocument(data)
    picture = document[0].render(scale=1).to_pil().convert("L")
    document.close()
    left, _, right, _ = picture.point(lambda value: 255 * (value < 200)).getbbox()
    assert left >= 55
    assert right <= picture.width - 55


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ({"fonts": "a.ttf"}, "fonts must be a sequence of files"),
        ({"fonts": 7}, "fonts must be a sequence of files"),
        ({"fonts": [7]}, r"fonts\[0\] must be a file"),
        ({"fonts": ["/nowhere.ttf"]}, r"fonts\[0\] is no file of a font that can be read"),
        ({"code_font": __file__}, "code_font is no file of a font that can be read"),
    ],
)
def test_what_is_no_font_is_refused(named, sentence):
    """One error that names the argument."""
    with pytest.raises(InvalidArgument, match=f"^{sentence}$"):
        sheet().pdf(**named)


def test_codes_are_set_in_the_font_that_the_host_names(drawn):
    """And are read all the same."""
    font = require(drawn["CODE_FONT"], "fonts-dejavu-core")
    codes = issued(CodeFormat.symbols(HOSTILE, 40), 3)

    lines = block(pdf_text(codes.sheet(**NAMES).pdf(code_font=str(font))))

    assert lines == [f"\u2022 {code}" for code in codes.codes]


def test_a_font_that_lacks_a_symbol_is_refused_without_naming_it(tmp_path, drawn):
    """Which symbols codes have is not told."""
    from fontTools.subset import main  # noqa: PLC0415

    font = require(drawn["CODE_FONT"], "fonts-dejavu-core")
    lacking = tmp_path / "lacking.ttf"
    main([str(font), "--unicodes=30-38,2e", f"--output-file={lacking}"])

    with pytest.raises(InvalidArgument, match=r"^code_font does not show every symbol"):
        sheet(CodeFormat.digits(20)).pdf(code_font=lacking)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="asks Linux which files are open")
def test_no_file_of_a_font_is_left_open(fonts):
    """Neither behind a document nor behind a refusal, without waiting for the collector."""
    gc.collect()
    gc.disable()
    try:
        sheet().pdf(fonts=fonts)
        with pytest.raises(InvalidArgument):
            sheet(issuer="\U0001f512").pdf(fonts=fonts)
        links = [*Path("/proc/self/fd").iterdir()]
        opened = [link.resolve() for link in links]
    finally:
        gc.enable()
    assert not {*opened} & {*fonts}
