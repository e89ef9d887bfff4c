"""Draws the life of a code set, as a table and as a diagram, from the table that decides it.

Run it, and it writes both to where they stand: into ``concepts.md`` and ``life-of-a-set.svg``.
"""

from pathlib import Path
from typing import Final

from recoverykit.core.lifecycle import LIFE, STATES, Act, End, Gone
from recoverykit.core.record import SetState

DOCS: Final = Path(__file__).parent
PAGE: Final = DOCS / "concepts.md"
PICTURE: Final = DOCS / "life-of-a-set.svg"
BEGIN: Final = "<!-- life of a set: made by docs/lifecycle.py -->\n"
END: Final = "<!-- end of the life of a set -->\n"

# Where things stand is laid by hand; what leads where is not.
_PLACES: Final = {
    SetState.PENDING: (110, 250),
    SetState.ACTIVE: (420, 250),
    SetState.EXHAUSTED: (770, 250),
    SetState.EXPIRED: (420, 100),
    SetState.REVOKED: (770, 100),
    SetState.DISABLED: (420, 400),
}
_WIDTH, _HEIGHT = 110, 36
_STROKE: Final = 'fill="none" stroke="#345" marker-end="url(#tip)"'
_AROUND: Final = {(SetState.PENDING, SetState.REVOKED): (200, -70)}
"""Where an arrow that would cross another one is drawn to before it turns."""
_BEGINNINGS: Final = {
    SetState.PENDING: (80, 390, "issue, to be confirmed"),
    SetState.ACTIVE: (640, 340, "issue"),
}
_ENDS: Final = (
    "Each is superseded by another set that is issued or confirmed in its place, or erased."
)


def table() -> str:
    """Return what each act makes of a set in each state, as a Markdown table."""
    rows = [
        "| | " + " | ".join(f"`{state.value}`" for state in STATES) + " |",
        "| --- |" + " --- |" * len(STATES),
    ]
    for act in Act:
        ends = (_told(LIFE[state, act], state) for state in STATES)
        rows.append(f"| {act.value} | " + " | ".join(ends) + " |")
    return "\n".join(rows) + "\n"


def diagram() -> str:
    """Return which states lead to which others, as an SVG image."""
    lines = [
        (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 880 480" role="img"'
            ' font-family="sans-serif" font-size="13" text-anchor="middle">'
        ),
        "<title>The states of a code set</title>",
        (
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8"'
            ' markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>'
        ),
        '<rect width="880" height="480" fill="#fff"/>',
        *(_arrow(start, end, acts) for (start, end), acts in arrows().items()),
        *(_beginning(state) for state in _BEGINNINGS),
        *(_box(state) for state in STATES),
        f'<text x="440" y="465">{_ENDS}</text>',
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def arrows() -> dict[tuple[SetState, SetState], list[Act]]:
    """Return by which acts a set comes from one state to another one."""
    found: dict[tuple[SetState, SetState], list[Act]] = {}
    for (state, act), end in LIFE.items():
        if isinstance(end, SetState) and end is not state:
            found.setdefault((state, end), []).append(act)
    return found


def page(text: str) -> str:
    """Return the text of the page with the table in its place."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table() + END + after


def _told(end: End, state: SetState) -> str:
    if isinstance(end, type):
        return f"`{end.__name__}`"
    if isinstance(end, Gone):
        return f"*{end.value}*"
    return "stays" if end is state else f"**{end.value}**"


def _box(state: SetState) -> str:
    x, y = _PLACES[state]
    return (
        f'<rect x="{x - _WIDTH // 2}" y="{y - _HEIGHT // 2}" width="{_WIDTH}" height="{_HEIGHT}"'
        f' rx="8" fill="#eef3fb" stroke="#345"/><text x="{x}" y="{y + 5}">{state.value}</text>'
    )


def _beginning(state: SetState) -> str:
    from_x, from_y, label = _BEGINNINGS[state]
    to_x, to_y = _border(*_PLACES[state], from_x, from_y)
    return (
        f'<circle cx="{from_x}" cy="{from_y}" r="5"/>'
        f'<path d="M{from_x} {from_y}L{to_x} {to_y}" {_STROKE}/>'
        f'<text x="{from_x}" y="{from_y + 22}">{label}</text>'
    )


def _arrow(start: SetState, end: SetState, acts: list[Act]) -> str:
    (x1, y1), (x2, y2) = _PLACES[start], _PLACES[end]
    turn_x, turn_y = _AROUND.get((start, end), ((x1 + x2) // 2, (y1 + y2) // 2))
    from_x, from_y = _border(x1, y1, turn_x, turn_y)
    to_x, to_y = _border(x2, y2, turn_x, turn_y)
    # The middle of a quadratic curve lies half-way between its turn and the middle of its ends.
    middle = (from_x + 2 * turn_x + to_x) // 4, (from_y + 2 * turn_y + to_y) // 4
    return (
        f'<path d="M{from_x} {from_y}Q{turn_x} {turn_y} {to_x} {to_y}" {_STROKE}/>'
        f"{_label(middle, (to_x - from_x, to_y - from_y), acts)}"
    )


def _label(middle: tuple[int, int], along: tuple[int, int], acts: list[Act]) -> str:
    """Return the names of acts beside an arrow: above a level one, to the right of any other."""
    x, y = middle
    dx, dy = along
    if abs(dx) > 4 * abs(dy):
        place = f'x="{x}" y="{y - 8}"'
    elif dx and dy > 0:  # a falling arrow has its free side below, on the left
        place = f'x="{x - 10}" y="{y + 14}" text-anchor="end"'
    else:
        place = f'x="{x + 10}" y="{y + (14 if dx else 5)}" text-anchor="start"'
    return f"<text {place}>{', '.join(act.value for act in acts)}</text>"


def _border(x: int, y: int, towards_x: int, towards_y: int) -> tuple[int, int]:
    """Return where the line from the middle of a box leaves it."""
    dx, dy = towards_x - x, towards_y - y
    reach = max(abs(dx) / (_WIDTH / 2), abs(dy) / (_HEIGHT / 2))
    return round(x + dx / reach), round(y + dy / reach)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
    PICTURE.write_text(diagram(), "utf-8")
