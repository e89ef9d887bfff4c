"""The sheet: what the person who holds recovery codes keeps, as text, HTML or PDF.

Nothing here knows what a set or a format is: `recoverykit.Issued.sheet` hands in what to write. It
is loaded when the first sheet is asked for.
"""

from recoverykit.sheet.sheet import Sheet
from recoverykit.sheet.wording import SheetWording

__all__ = ["Sheet", "SheetWording"]
