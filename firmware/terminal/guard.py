"""Slows who guesses operators' PINs: after three wrong ones, longer and longer."""

import time

from ocwire import record

_FREE = 3  # wrong PINs before the first wait
_FIRST_S = 30
_MOST_S = 3600
_LOOK_BACK = 64  # records


class Guard:
    """The wrong PINs since the last right one; the journal has them beyond a restart."""

    def __init__(self):
        self._wrong = 0
        self._since_ms = None  # the last wrong one, or the start

    def restore(self, journal):
        """Count those before the start: switching off and on gives no new tries."""
        seq = max(journal.oldest_seq, journal.next_seq - _LOOK_BACK)
        while seq < journal.next_seq:
            first, raw = journal.read(seq, record.MAX_SIZE)
            if not raw:
                return
            for item in record.split(raw, first):
                seq = item.seq + 1
                if item.kind == record.ADMIN:
                    self._saw(item.fields()["event"])

    def _saw(self, event):
        if event == record.LOCKED_OUT:
            self.wrong()
        elif event == record.ENTERED:
            self.right()

    def wrong(self):
        """A PIN was wrong."""
        self._wrong += 1
        self._since_ms = time.ticks_ms()

    def right(self):
        """A PIN was right."""
        self._wrong, self._since_ms = 0, None

    def left_s(self):
        """Seconds until the next PIN is asked for; 0: now."""
        if self._wrong < _FREE:
            return 0
        wait_s = min(_FIRST_S << min(self._wrong - _FREE, 7), _MOST_S)
        passed_ms = time.ticks_diff(time.ticks_ms(), self._since_ms)
        if passed_ms < 0:  # the ticks have gone round: days
            return 0
        return max(0, wait_s - passed_ms // 1000)
