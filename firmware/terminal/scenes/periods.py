"""Periods of the day: a canteen's meals, a museum's time slots."""

from ocwire import calendar

from ..tally import day_start

_DAY_MIN = 1440


class Periods:
    """rows: settings with begin and end, minutes of the day, China Standard Time. One that ends
    before it begins goes on past midnight. Without rows there is one that never ends."""

    def __init__(self, rows):
        self._rows = rows

    def __bool__(self):
        return bool(self._rows)

    def at(self, time_s):
        """The row at that time, or None."""
        minute = _minute(time_s)
        for row in self._rows:
            if (minute - row["begin"]) % _DAY_MIN < (row["end"] - row["begin"]) % _DAY_MIN:
                return row
        return None

    def is_open(self, time_s):
        """True within a period."""
        return not self._rows or self.at(time_s) is not None

    def begun_s(self, time_s):
        """When the period at that time began; between periods, the day's first second."""
        row = self.at(time_s)
        if row is None:
            return day_start(time_s)
        return time_s // 60 * 60 - (_minute(time_s) - row["begin"]) % _DAY_MIN * 60


def _minute(time_s):
    return (time_s + calendar.CST_OFFSET_S) // 60 % _DAY_MIN
