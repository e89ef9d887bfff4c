"""What another system brings along: codes as they are, or its hashes of them."""

import base64
import hashlib
import random
from dataclasses import dataclass
from functools import cache

import bcrypt
from hypothesis import strategies as st

from recoverykit import ForeignScheme
from tests.stateful.reading import (
    BASE58,
    BASE64,
    CROCKFORD,
    DIGITS,
    HEX,
    LONG,
    Shape,
    plain_of,
    read,
    written,
)

_ROUNDS = 1_000  # the fewest that are read
_PBKDF2, _BCRYPT = ForeignScheme.PBKDF2_SHA256, ForeignScheme.BCRYPT
_SCHEMES = (_PBKDF2, _PBKDF2, _BCRYPT, ForeignScheme.DJANGO_PBKDF2_SHA1)


@dataclass(frozen=True)
class Codes:
    """Codes as they are."""

    shape: Shape
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Hashes:
    """Hashes of codes, and what the host says of them, which need not be true.

    Attributes:
        texts: what was hashed.
        scheme: what the host says it was hashed with.
        lines: what came out.
        are_lines: whether all of them are lines of that scheme.
        with_separators: whether the host says that codes were hashed as they are shown.
    """

    shape: Shape
    texts: tuple[str, ...]
    scheme: ForeignScheme
    lines: tuple[str, ...]
    are_lines: bool
    with_separators: bool


@st.composite
def codes(draw, *, sound=False):
    """Draw codes of a system that draws them well, and without mistakes if they must be sound."""
    shape = draw(st.sampled_from((BASE58, BASE64, CROCKFORD, HEX, LONG, DIGITS, DIGITS)))
    texts = draw(_texts(shape, most=64, sound=sound))
    flaw = None if sound else draw(st.sampled_from((*(None,) * 8, "!", " ")))
    if texts and flaw:
        texts = (*texts, texts[0] + flaw)  # with a stranger in it, or the same code twice
    return Codes(shape, texts)


@st.composite
def hashes(draw, *, sound=False):
    """Draw hashes as `codes` does. Even sound ones may be of codes in another spelling."""
    shapes = (BASE58, BASE64, BASE58, BASE64, BASE64, LONG, DIGITS, DIGITS, CROCKFORD)
    shape = draw(st.sampled_from(shapes[: -1 if sound else None]))
    texts = draw(_texts(shape, most=16, sound=sound))
    is_shown = any("-" in text for text in texts)
    scheme = draw(st.sampled_from(_SCHEMES))
    flaw = None if sound else draw(st.sampled_from((*(None,) * 6, "twice", "cut", *_SCHEMES)))
    if flaw == "twice":
        texts += texts[:1]
    said = flaw if flaw in _SCHEMES else scheme
    return Hashes(
        shape=shape,
        texts=texts,
        scheme=said,
        lines=tuple(hashed(scheme, text)[: -1 if flaw == "cut" else None] for text in texts),
        are_lines=flaw != "cut" and said is scheme,
        with_separators=draw(st.sampled_from((is_shown, is_shown, is_shown, not is_shown))),
    )


@st.composite
def _texts(draw, shape, *, most, sound):
    """Draw a few codes, in any order; or as many as can be taken over, one more, or none."""
    sheet = _sheet(shape)
    few = draw(st.permutations(sheet[:5]))[: draw(st.sampled_from((3, 2, 1)))]
    amounts = [few] * 9 if sound else [few] * 9 + [sheet[:most], sheet[: most + 1], sheet[:6], []]
    chosen = draw(st.sampled_from(amounts))
    return tuple(chosen if draw(st.booleans()) else [plain_of(text) for text in chosen])


@cache
def _sheet(shape):
    """Return one code more than can be taken over, as they are shown.

    Where they name their places, there are gaps, and only the sixth names one that was named.
    """
    dice = random.Random(shape.name)  # noqa: S311 - the same codes in every run
    places = (3, 0, len(shape.symbols) - 1, 1, 2, 3) if shape.has_selector else range(65)
    return [_code(shape, place, dice) for place in places]


def _code(shape, place, dice):
    while True:  # the check symbol, if there is one, is right by chance
        values = [dice.randrange(len(shape.symbols)) for _ in range(shape.length)]
        if shape.has_selector:
            values[0] = place
        text = written(shape, values, shown=True)
        if read(shape, text):
            return text


@cache
def hashed(scheme, text):
    """Return the line of a code, always under the same salt: the same code makes the same line."""
    code, salt = text.encode(), hashlib.sha256(text.encode()).hexdigest()[:21]
    if scheme is _BCRYPT:
        return bcrypt.hashpw(code, f"$2b$04${salt}.".encode()).decode()
    if scheme is ForeignScheme.DJANGO_PBKDF2_SHA1:
        digest = hashlib.pbkdf2_hmac("sha1", code, salt.encode(), _ROUNDS)
        return f"pbkdf2_sha1${_ROUNDS}${salt}${base64.b64encode(digest).decode()}"
    digest = hashlib.pbkdf2_hmac("sha256", code, salt.encode(), _ROUNDS)
    return f"$pbkdf2-sha256${_ROUNDS}${_adapted(salt.encode())}${_adapted(digest)}"


def _adapted(data):
    """Return base64 as passlib writes it."""
    return base64.b64encode(data, b"./").decode().rstrip("=")
