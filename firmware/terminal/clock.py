"""The terminal's wall clock: UTC seconds carried on by the runtime's millisecond ticks.

It starts from the board's battery-backed clock if there is one, else from the time of the last
journal record (it can only be late, never before what was already recorded) until the host sets
it.
"""

import time

from ocwire import calendar

_NEVER_SET_S = calendar.unix(2024, 1, 1)


class Clock:
    """rtc: read_s() -> UTC seconds or None, write_s(seconds); or None for a board without one.

    Both may raise OSError, write_s() also ValueError for a time it cannot keep: a chip that fails
    is as good as none.
    """

    def __init__(self, rtc=None):
        self._rtc = rtc
        self._base_s = _ask(rtc)
        self._base_ms = time.ticks_ms()

    def not_before(self, unix_s):
        """Move on to `unix_s` if the clock is behind it; True if it was."""
        is_behind = self.now_s() < unix_s
        if is_behind:
            self._start(unix_s)
        return is_behind

    def now_s(self):
        """UTC seconds. Must be asked at least once in six days, or the ticks wrap."""
        passed_s = time.ticks_diff(time.ticks_ms(), self._base_ms) // 1000
        if passed_s > 3600:
            self._base_s += passed_s
            self._base_ms = time.ticks_add(self._base_ms, passed_s * 1000)
            passed_s = 0
        return self._base_s + passed_s

    def set(self, unix_s):
        """Set by the host. Returns what the clock said before."""
        before = self.now_s()
        self._start(unix_s)
        if self._rtc is not None:
            try:
                self._rtc.write_s(unix_s)
            except (OSError, ValueError):
                pass  # the ticks carry the time on until the power goes
        return before

    def is_set(self):
        """False if the time cannot be right: a purse wants the date in every debit."""
        return self.now_s() >= _NEVER_SET_S

    def bcd(self):
        """Now as 7 BCD bytes YYYYMMDDHHMMSS, China Standard Time."""
        return calendar.to_bcd(self.now_s())

    def _start(self, unix_s):
        self._base_s = unix_s
        self._base_ms = time.ticks_ms()


def _ask(rtc):
    """UTC seconds, 0 if nobody knows."""
    try:
        return (rtc.read_s() if rtc is not None else None) or 0
    except OSError:
        return 0


def text(unix_s):
    """China Standard Time in 14 cells: "11-27 19:50:06"."""
    t = calendar.to_bcd(unix_s)
    return "%02x-%02x %02x:%02x:%02x" % tuple(t[2:])
