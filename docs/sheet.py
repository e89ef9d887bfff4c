"""Takes the pictures of the sheet that the documentation shows, in three languages.

Run it, and it writes them to where they stand: into ``sheet/``. It needs Chromium, and the fonts of
Debian's ``fonts-dejavu-core`` and ``fonts-droid-fallback``.
"""

import hashlib
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pypdfium2
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from recoverykit import CodeFormat, Issued
from recoverykit.core.generator import generate
from recoverykit.sheet import Sheet, SheetWording

FOLDER: Final = Path(__file__).parent / "sheet"
CHROMIUM: Final = Path("/usr/bin/chromium")
FONTS: Final = (
    Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
    Path("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf"),
)
CODE_FONT: Final = Path("/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf")
_FLAGS: Final = (
    "--no-sandbox",  # which root cannot have
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_COLORS: Final = 24  # enough for letters on paper, and a tenth of the bytes

HEBREW: Final = SheetWording(
    language="he",
    right_to_left=True,
    title="קודי שחזור",
    issuer="שירות",
    account="חשבון",
    issued="הונפקו",
    expires="בתוקף עד",
    set_id="מזהה הסדרה",
    codes="הקודים שלך",
    use="איך משתמשים בהם",
    use_sentences=(
        "כשאי אפשר להיכנס בדרך הרגילה, הקלידו או הדביקו קוד אחד כפי שהוא כתוב כאן.",
        "כל קוד פועל פעם אחת. אפשר להשתמש בהם בכל סדר; מחקו את מה שכבר השתמשתם בו.",
        "שמרו את הדף במקום שרק לכם יש גישה אליו. אף נציג שירות לא צריך לדעת קוד.",
    ),
    lost="אם הקודים אבדו",
    lost_sentences=(
        "היכנסו לחשבון והנפיקו מיד קודים חדשים, גם אם ייתכן שמישהו אחר ראה את הדף.",
        "קודים חדשים מבטלים את הדף הזה: השמידו אותו.",
    ),
    pending="הקודים עדיין אינם בתוקף. הקלידו אחד מהם במקום שבו קיבלתם אותם.",
    replacing="הקוד הזה בא במקום הקוד שבו השתמשתם. שאר הקודים נשארים בתוקף.",
)
JAPANESE: Final = SheetWording(
    language="ja",
    title="リカバリーコード",
    issuer="サービス",
    account="アカウント",
    issued="発行日",
    expires="有効期限",
    set_id="セットID",
    codes="あなたのコード",
    use="使い方",
    use_sentences=(
        "いつもの方法でサインインできないときに、ここにあるコードを一つ入力するか貼り付けます。",
        "各コードは一度だけ使えます。順番は自由です。使ったものは線で消してください。",
        "自分だけが手に取れる場所に保管してください。サポート担当者がコードを尋ねることはありません。",
    ),
    lost="なくしたとき",
    lost_sentences=(
        "すぐにサインインして新しいコードを発行してください。他人に見られたおそれがあるときも同じです。",
        "新しいコードを発行すると、この用紙は無効になります。破棄してください。",
    ),
    pending="このコードはまだ有効ではありません。受け取った画面でコードを一つ入力してください。",
    replacing="このコードは、使用済みのコードの代わりです。ほかのコードはそのまま使えます。",
    write_date=lambda at: f"{at.year}年{at.month}月{at.day}日",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Whose codes a picture shows, and in which words."""

    issuer: str
    account: str
    wording: SheetWording | None = None


SAMPLES: Final[Mapping[str, Sample]] = {
    "english": Sample(issuer="Example Bank", account="ada@example.com"),
    "hebrew": Sample(issuer="בנק לדוגמה", account="עדה לאבלייס", wording=HEBREW),
    "japanese": Sample(issuer="見本銀行株式会社", account="愛田 太郎", wording=JAPANESE),
}


def sheet_of(sample: Sample) -> Sheet:
    """Return a sheet whose codes are the same each time."""
    blocks = count()
    codes = generate(
        CodeFormat.default(),
        10,
        lambda size: hashlib.shake_256(b"a picture %d" % next(blocks)).digest(size),
    )
    issued = Issued(
        codes=tuple(CodeFormat.default().display(code) for code in codes),
        set_id="5a3c0f6e9b1d47288c60e2f7a4d91b35",
        issued_at=datetime(2026, 11, 26, 9, 30, tzinfo=UTC),
        expires_at=None,
        format=CodeFormat.default(),
    )
    return issued.sheet(issuer=sample.issuer, account=sample.account, translations=sample.wording)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium with a home of its own."""
    with TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=_FLAGS, env={"HOME": home}
        )
        try:
            yield browser
        finally:
            browser.close()


def pictures(browser: Browser, sheet: Sheet) -> Iterator[tuple[str, bytes]]:
    """Yield each picture of a sheet, and of what it is one."""
    for name, scheme in (("screen", "light"), ("dark", "dark")):
        page = browser.new_page(viewport={"width": 760, "height": 700}, color_scheme=scheme)
        page.set_content(sheet.html())
        yield name, page.screenshot(full_page=True)
        if name == "screen":
            yield "print", first_page(page.pdf(format="A4", print_background=True))
        page.close()
    yield "pdf", first_page(sheet.pdf(fonts=FONTS, code_font=CODE_FONT))


def first_page(pdf: bytes) -> bytes:
    """Return a picture of the first page of a document."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return small(document[0].render(scale=1.2).to_pil())
    finally:
        document.close()


def small(picture: Image.Image) -> bytes:
    """Return a picture as PNG of few colours."""
    data = io.BytesIO()
    picture.convert("RGB").quantize(_COLORS).save(data, "PNG", optimize=True)
    return data.getvalue()


def take(folder: Path, *names: str) -> None:
    """Write the pictures of the samples with these names into a folder."""
    with chromium() as browser:
        for sample in names:
            for name, data in pictures(browser, sheet_of(SAMPLES[sample])):
                picture = small(Image.open(io.BytesIO(data)))
                (folder / f"{sample}-{name}.png").write_bytes(picture)


if __name__ == "__main__":
    take(FOLDER, *SAMPLES)
