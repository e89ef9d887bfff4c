"""What a sheet says, in which words, and what it refuses to say."""

import copy
import pickle
import subprocess
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

import pytest

import recoverykit
from recoverykit import CodeFormat, InvalidArgument, MissingExtra, Policy, RecoveryKit
from recoverykit.sheet import Sheet, SheetWording
from recoverykit.sheet.line import isolated
from recoverykit.storage.memory import MemoryStorage
from recoverykit.testing import cheapened
from tests.sheet.sheets import (
    ENGLISH,
    HOSTILE,
    NAMES,
    Items,
    block,
    issued,
    pdf_text,
    read,
    sheet,
)

SOURCE = Path(recoverykit.__file__).parent
END = datetime(2027, 1, 31, 12, tzinfo=UTC)
TEXT = """Recovery codes

Service: Example
Account: ada@example.com
Issued: 2026-11-26 09:30 UTC
Valid until: 2027-01-31 12:00 UTC
Set: 0123456789abcdef0123456789abcdef

{pending}

Your codes

1. {}
2. {}

How to use them

- {use[0]}
- {use[1]}
- {use[2]}

If you lose them

- {lost[0]}
- {lost[1]}
- {lost[2]}
"""
FORMS = [
    pytest.param(Sheet.text, id="text"),
    pytest.param(Sheet.html, id="html"),
    pytest.param(lambda sheet: pdf_text(sheet.pdf()), id="pdf"),
]


def test_the_text_of_a_sheet():
    """Names, dates, set, what must be done first, codes, and what to do with them."""
    codes = issued(count_=2, pending=True, expires_at=END)

    text = codes.sheet(**NAMES).text()

    assert text == TEXT.format(
        *codes.codes,
        pending=ENGLISH.pending,
        use=ENGLISH.use_sentences,
        lost=ENGLISH.lost_sentences,
    )


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same(form):
    """What stands in the text stands in HTML and PDF, in the same order."""
    codes = issued(count_=2, pending=True, expires_at=END)
    said = [line.lstrip("- ") for line in codes.sheet(**NAMES).text().split("\n") if line]
    words = [word for line in said for word in line.replace(": ", " ").split()]

    shown = form(codes.sheet(**NAMES))

    place = 0
    for word in words:
        if word not in {"1.", "2."}:  # a browser numbers a list by itself
            place = shown.index(word, place)


@pytest.mark.parametrize("form", FORMS)
def test_what_does_not_hold_is_not_said(form):
    """No end without one, and nothing of confirming or of another code's place."""
    shown = form(sheet())

    for text in (ENGLISH.expires, ENGLISH.pending[:20], ENGLISH.replacing[:20]):
        assert text not in shown


def test_issued_codes_make_a_sheet_of_their_set():
    """Through the kit: what was issued stands on the sheet, and whether it waits."""
    policy = cheapened(Policy(confirm=True))
    codes = RecoveryKit(MemoryStorage(), policy=policy).issue("ada")

    text = codes.sheet(**NAMES).text()

    assert block(text) == [f"{at}. {code}" for at, code in enumerate(codes.codes, start=1)]
    assert codes.set_id in text
    assert ENGLISH.pending in text


@pytest.mark.parametrize(
    "shape", [CodeFormat.default(), CodeFormat.base32(24)], ids=["named", "unnamed"]
)
def test_a_replacement_has_the_number_of_the_code_whose_place_it_takes(shape):
    """A sheet of one code says so, and leaves the others as they are."""
    count = 3 if shape.selector else 1
    policy = cheapened(Policy(format=shape, count=count, rotate=True))
    kit = RecoveryKit(MemoryStorage(), policy=policy)
    codes = kit.issue("ada")

    redemption = kit.redeem("ada", codes.codes[-1])

    one = redemption.replacement
    assert (one.replaces, one.format) == (count - 1, shape)
    made = one.sheet(**NAMES)
    assert block(made.text()) == [f"{count}. {one.codes[0]}"]
    assert ENGLISH.replacing in made.text()
    assert Items(made.html()).items == [f"    {count}. {one.codes[0]}"]
    assert f"\n{count}. {one.codes[0]}\n" in pdf_text(made.pdf())


def test_a_set_of_one_is_no_replacement():
    """Its only code is number one, and nothing is said of another one."""
    text = sheet(count_=1).text()

    assert block(text)[0].startswith("1. ")
    assert ENGLISH.replacing not in text


@pytest.mark.parametrize(
    ("symbols", "mark"),
    [("abc", "7."), (".abc", "7)"), (".)abc", "#7"), (".)#abc", "\u2022"), (HOSTILE, "\u2022")],
)
def test_a_mark_is_one_that_the_alphabet_cannot_spell(symbols, mark):
    """A full stop before all others; a bullet where every numbered mark is a code."""
    assert CodeFormat.symbols(symbols, 5).list_mark(7) == mark


def test_numbers_go_as_far_as_they_are_read():
    """Three digits are a mark, four are not."""
    shape = CodeFormat.words(4)
    assert (shape.list_mark(999), shape.list_mark(1000)) == ("999.", "\u2022")


def test_a_list_that_browsers_would_number_wrongly_is_none_of_theirs():
    """Where codes have a full stop, the marks are text, and the list is one by its role."""
    items = Items(sheet(CodeFormat.symbols(".abc", 20), 2).html())

    assert items.lists == ["div"]
    assert [item[:3] for item in items.items] == ["1) ", "2) "]


# --- Names ---------------------------------------------------------------------------------------

BAD = {
    "no text": 7,
    "none": None,
    "bytes": b"Example",
    "empty": "",
    "blank": " \u00a0\u3000",
    "unseen": "\u200b\u202e\u2069",
    "too long": "a" * 256,
    "a new line": "Example\n1. AAAAA-AAAAA-AAAAA",
    "a return": "a\rb",
    "NUL": "a\0b",
    "an escape": "a\x1b[31mb",
    "a control of C1": "a\x85b",
    "a line separator": "a\u2028b",
    "a paragraph separator": "a\u2029b",
    "a lone surrogate": "a\ud800b",
}


@pytest.mark.parametrize("field", ["issuer", "account"])
@pytest.mark.parametrize("name", BAD.values(), ids=BAD)
def test_a_name_that_is_none_is_refused(field, name):
    """One error that says which name, and does not show it."""
    with pytest.raises(InvalidArgument, match=f"^{field} must ") as refusal:
        issued().sheet(**(NAMES | {field: name}))
    assert "AAAAA" not in str(refusal.value)


@pytest.mark.parametrize("name", ["a", "a" * 255, "\u05d0\u202e", "<script>&amp;\"'", "{nb}", "0"])
def test_a_name_of_any_other_kind_stands_on_the_sheet(name):
    """Markup is text, and so is what looks like a place-holder."""
    made = sheet(account=name)

    assert name in made.text()
    assert "<script" not in made.html()


def test_markup_in_words_and_codes_is_text():
    """In HTML nothing of a host's or of a code's is markup."""
    wording = SheetWording(title="<b>&", use="<i>", use_sentences=("<u>",), pending="<s>")
    html = sheet(
        CodeFormat.symbols("<&>\"'", 30), issuer='"><img src=x>', wording=wording, pending=True
    ).html()

    for tag in ("<b>", "<i>", "<u>", "<s>", "<img", "<&"):
        assert tag not in html


def test_a_name_in_the_pdf_is_no_place_holder():
    """What fpdf2 takes for the number of pages stays as it is."""
    assert "Account {nb}\n" in pdf_text(sheet(account="{nb}").pdf())


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("abc", "abc"),
        ("\u2069\u2069a", "a"),
        ("\u2066a", "\u2066a\u2069"),
        ("\u2066\u2067a\u2069", "\u2066\u2067a\u2069\u2069"),
        ("\u2069\u2068a\u2069\u2069b\u2067", "\u2068a\u2069b\u2067\u2069"),
    ],
)
def test_marks_of_direction_stay_within_a_name(name, whole):
    """What begins in it ends in it, and what does not begin in it does not end in it."""
    assert isolated(name) == f"\u2068{whole}\u2069"


def test_only_what_needs_it_is_isolated():
    """A sheet of plain letters is plain ASCII; another one keeps names and codes apart."""
    assert sheet().text().isascii()
    assert "Account: \u2068\u05d0\u2069\n" in sheet(account="\u05d0").text()
    leftward = sheet(wording=SheetWording(right_to_left=True)).text()
    assert "Account: \u2068ada\u2069\n" in leftward
    assert "\n\u20661. " in leftward


# --- Wording -------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "html", "pdf"])
@pytest.mark.parametrize("language", ["HEBREW", "JAPANESE"])
def test_all_that_is_written_is_the_hosts(drawn, fonts, form, language):
    """A wording replaces every word of English."""
    wording = drawn[language]
    made = sheet(wording=wording, pending=True, expires_at=END, replaces=0, count_=1)

    shown = pdf_text(made.pdf(fonts=fonts)) if form == "pdf" else getattr(made, form)()

    assert not {"Recovery", "Service", "codes", "Account"} & set(shown.split())
    if form != "pdf":  # programs that extract text put what runs from the right in other orders
        for text in (wording.title, wording.pending, wording.replacing, *wording.use_sentences):
            assert text in shown


LINES = ["title", "issuer", "account", "issued", "expires", "set_id", "codes", "use", "lost"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        *[({name: "a\nb"}, f"{name} must not contain control characters") for name in LINES],
        ({"title": "a" * 101}, "title must not be longer than 100 characters"),
        ({"pending": ""}, "pending must not be empty"),
        ({"replacing": "a" * 501}, "replacing must not be longer than 500 characters"),
        ({"use_sentences": ()}, "use_sentences must be a tuple of 1 to 10 sentences"),
        ({"use_sentences": ("a",) * 11}, "use_sentences must be a tuple of 1 to 10 sentences"),
        ({"use_sentences": "abc"}, "use_sentences must be a tuple of 1 to 10 sentences"),
        ({"lost_sentences": (7,)}, "a sentence of lost_sentences must be a text"),
        ({"language": 'en"'}, "language must be a BCP 47 tag"),
        ({"language": "e"}, "language must be a BCP 47 tag"),
        ({"right_to_left": 1}, "right_to_left must be True or False"),
        ({"write_date": "%Y"}, "write_date must be a function"),
    ],
)
def test_a_wording_that_cannot_be_written_is_refused(changes, sentence):
    """One error that names the field."""
    with pytest.raises(InvalidArgument, match=f"^{sentence}"):
        SheetWording(**changes)


@pytest.mark.parametrize("form", [Sheet.text, Sheet.html, Sheet.pdf])
@pytest.mark.parametrize("written", [7, "", "a\nb", "a" * 101])
def test_a_date_that_is_no_line_is_refused(form, written):
    """What the host's function gives is looked at like all else that is the host's."""
    made = sheet(wording=SheetWording(write_date=lambda _: written))
    with pytest.raises(InvalidArgument, match=r"^what write_date returns must "):
        form(made)


@pytest.mark.parametrize("wrong", ["en", {"title": "a"}, SheetWording])
def test_translations_are_a_wording(wrong):
    """Neither a language nor a mapping of words is one."""
    with pytest.raises(InvalidArgument, match=r"^translations must be a SheetWording$"):
        issued().sheet(**NAMES, translations=wrong)


# --- Secrets -------------------------------------------------------------------------------------


def test_a_sheet_shows_no_code_by_itself():
    """Its repr says of which set it is."""
    made = sheet(count_=2)
    assert repr(made) == "<Sheet of 2 codes of set 0123456789abcdef0123456789abcdef>"
    assert str(made) == repr(made)
    assert not [code for code in issued(count_=2).codes if code in repr(made._contents)]


@pytest.mark.parametrize("part", [lambda made: made, lambda made: made._contents])
@pytest.mark.parametrize("way", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_sheet_is_neither_pickled_nor_copied(part, way):
    """Nor is what stands on it."""
    with pytest.raises(TypeError, match=r"sheet cannot be pickled or copied$"):
        way(part(sheet()))


def locals_of_ours(error):
    return [
        f"{frame.f_code.co_name}: {name} = {value!r}"
        for frame, _ in traceback.walk_tb(error.__traceback__)
        if Path(frame.f_code.co_filename).is_relative_to(SOURCE)
        for name, value in frame.f_locals.items()
    ]


def test_no_local_of_a_refusal_shows_a_code():
    """Neither where the names are refused, nor where a character has no font."""
    codes = issued(CodeFormat.hex(64, group=4))
    for refused in (
        lambda: codes.sheet(issuer="", account="a"),
        lambda: codes.sheet(issuer="\u05d0", account="a").pdf(),
    ):
        with pytest.raises(InvalidArgument) as refusal:
            refused()
        told = locals_of_ours(refusal.value)
        assert told
        assert not [text for text in told for code in codes.codes if code[:19] in text]


@pytest.mark.parametrize("broken", ["cell", "line", "get_string_width", "output"])
def test_no_local_of_a_failure_in_the_middle_shows_a_code(monkeypatch, broken):
    """Whatever the library that draws does: our frames hold no code that shows itself."""
    from fpdf import FPDF  # noqa: PLC0415

    codes = issued(CodeFormat.hex(64, group=4))

    def fail(*_, **__):
        raise OSError("out of memory")

    monkeypatch.setattr(FPDF, broken, fail)
    with pytest.raises(OSError, match="out of memory") as failure:
        codes.sheet(**NAMES).pdf()
    told = locals_of_ours(failure.value)
    assert told
    assert not [text for text in told for code in codes.codes if code[:19] in text]


# --- What is loaded ------------------------------------------------------------------------------


@pytest.mark.parametrize("absent", ["fpdf", "uharfbuzz"])
def test_without_the_extra_there_is_no_pdf(monkeypatch, absent):
    """The error names it; text and HTML need nothing."""
    monkeypatch.setitem(sys.modules, absent, None)
    made = sheet()
    with pytest.raises(MissingExtra) as missing:
        made.pdf()
    assert missing.value.extra == "pdf"
    assert made.text()
    assert made.html()


def test_whoever_issues_loads_no_sheet():
    """It is loaded by the first sheet, and what draws PDF by the first PDF."""
    script = """if True:
        import sys
        from recoverykit import Policy, RecoveryKit
        from recoverykit.storage.memory import MemoryStorage
        issued = RecoveryKit(MemoryStorage(), policy=Policy(count=1)).issue("ada")
        assert not [name for name in sys.modules if name.startswith("recoverykit.sheet")]
        issued.sheet(issuer="a", account="b").html()
        assert "fpdf" not in sys.modules
    """
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == 0


def test_codes_of_different_sets_are_read_by_their_own_format():
    """The format that a set was issued with goes with its codes."""
    codes = issued(CodeFormat.digits(10))
    assert read(codes.format, codes.codes[0]) is not None
