"""Screens of 128 x 64 in one colour: four rows of sixteen cells.

Head in the first row, foot in the last; between them the mood's picture at the left and what the
page is about at double size, an amount as a rule. An amount never shrinks for a picture: beside a
long one the picture is small and stands in the head's corner.
"""

from . import moods
from .screen import PICTURE, ROW, Canvas, first_row

_SMALL = 16  # pixels of a picture among text


class Layout:
    """display: at least 128 x 64."""

    def __init__(self, display):
        self.canvas = Canvas(display)

    def page(self, mood, head, big, foot, code=""):
        """One screen. big may be "", then the code is large; foot may be ""."""
        canvas = self.canvas
        canvas.clear()
        canvas.middle(head, 0, 0)
        if not big:
            big, code = code, ""
        need, scale = canvas.width_of(big), 2
        if code or 2 * need > canvas.width:
            scale = 1
        left = self._picture(mood, head, max(need * scale, canvas.width_of(code)))
        canvas.middle(big, left, ROW, scale)
        canvas.middle(code, left, 2 * ROW)
        canvas.middle(foot, 0, 3 * ROW)
        canvas.show()

    def _picture(self, mood, head, need):
        """Draw the mood's picture beside `need` pixels; returns where what is beside it begins."""
        canvas, name = self.canvas, moods.PICTURES[mood]
        if name is None:
            return 0
        if PICTURE + need <= canvas.width:
            x = 0 if need else (canvas.width - PICTURE) // 2
            canvas.picture(name, x, ROW)
            return PICTURE
        if canvas.width_of(head) + 2 * _SMALL <= canvas.width:
            canvas.text(name, 0, 0)
        return 0

    def rows(self, title, rows, selected=None):
        """As many rows as fit around the selected one, which is inverted."""
        canvas = self.canvas
        canvas.clear()
        canvas.middle(title, 0, 0)
        shown = canvas.height // ROW - 1
        first = first_row(len(rows), shown, selected)
        for number in range(first, min(first + shown, len(rows))):
            y, is_selected = (1 + number - first) * ROW, number == selected
            if is_selected:
                canvas.bar(y, ROW)
            canvas.text(rows[number], 0, y, 1, is_selected)
        canvas.show()
