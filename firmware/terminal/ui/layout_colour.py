"""Screens of 320 x 240 in a mood's two colours: head and foot at double size on bands in the
colours turned round, between them a picture of 64 x 64 and the amount in large digits.
"""

from . import moods
from .screen import PICTURE, ROW, Canvas, digits_width, first_row

_LINE = 2 * ROW
_BAND = 48  # pixels of the head's band, of the foot's, and of a line between them
_MARGIN = 8  # left of a list's rows, and around a picture
_PICTURE = 2 * PICTURE


class Layout:
    """display: 320 x 240, with colours()."""

    def __init__(self, display):
        self._display = display
        self.canvas = Canvas(display)

    def page(self, mood, head, big, foot, code=""):
        """One screen. big may be "", then the code is alone; foot may be ""."""
        canvas = self.canvas
        self._begin(mood, True)
        middle, lines = canvas.height // 2, [text for text in (big, code) if text]
        left = self._picture(mood, max([0] + [self._width(text) for text in lines]))
        y = middle - len(lines) * _BAND // 2
        for text in lines:
            self._big(text, left, y)
            y += _BAND
        canvas.middle(head, 0, _MARGIN, 2)
        canvas.middle(foot, 0, canvas.height - _MARGIN - _LINE, 2)
        canvas.show()

    def _begin(self, mood, has_foot):
        """All paper, in the mood's colours."""
        ink, paper = moods.COLOURS[mood]
        pages, band = self.canvas.height // 8, _BAND // 8
        foot = band if has_foot else 0
        self._display.colours(0, band, paper, ink)
        self._display.colours(band, pages - band - foot, ink, paper)
        self._display.colours(pages - foot, foot, paper, ink)
        self.canvas.clear()

    def _picture(self, mood, need):
        """Draw the mood's picture beside `need` pixels; returns where what is beside it begins."""
        canvas, name = self.canvas, moods.PICTURES[mood]
        left = _PICTURE + 2 * _MARGIN
        if name is None or left + need > canvas.width:
            return 0
        x = _MARGIN if need else (canvas.width - _PICTURE) // 2
        canvas.picture(name, x, (canvas.height - _PICTURE) // 2 // 8 * 8, 2)
        return left

    def _width(self, text):
        """Pixels of a line of the middle."""
        return digits_width(text) or 2 * self.canvas.width_of(text)

    def _big(self, text, left, y):
        canvas, width = self.canvas, digits_width(text)
        if 0 < width <= canvas.width - left:
            canvas.digits(text, left + (canvas.width - left - width) // 2, y)
        else:
            scale = 2 if 2 * canvas.width_of(text) <= canvas.width - left else 1
            canvas.middle(text, left, y + _MARGIN, scale)

    def rows(self, title, rows, selected=None):
        """As many rows as fit around the selected one, which is inverted."""
        canvas = self.canvas
        self._begin(moods.IDLE, False)
        canvas.middle(title, 0, _MARGIN, 2)
        shown = (canvas.height - _BAND) // _LINE
        first = first_row(len(rows), shown, selected)
        for number in range(first, min(first + shown, len(rows))):
            y, is_selected = _BAND + (number - first) * _LINE, number == selected
            if is_selected:
                canvas.bar(y, _LINE)
            canvas.text(rows[number], _MARGIN, y, 2, is_selected)
        canvas.show()
