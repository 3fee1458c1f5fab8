"""An operator's shift: what was sold and given back since it began, restored after a reset."""

import struct

from ocwire import record

from .engine.order import Refusal
from .files import read_file, replace_file
from .outcomes import NO_SHIFT, Outcome
from .tally import done, since

_FILE = ">BI"  # operator, UTC seconds of its beginning; 0 seconds: no shift


class Shift:
    """path: the file that keeps it. is_needed: nothing is sold outside a shift.

    operator: its number. begun_s: UTC seconds, 0 outside a shift. count, amount: sales and fen;
    refunds, refunded: purchases given back and fen; loads, loaded: loads and fen.
    """

    def __init__(self, path, journal, clock, is_needed=False):
        self._path = path
        self._journal = journal
        self._clock = clock
        self._is_needed = is_needed
        self.operator, self.begun_s = 0, 0
        self._clear()
        raw = read_file(path)
        if raw is not None and len(raw) == struct.calcsize(_FILE):
            self.operator, self.begun_s = struct.unpack(_FILE, raw)
        if self.begun_s:
            for intent in done(since(journal, self.begun_s)):
                self._add(intent["amount"], intent["tti"], intent["payload"])

    def _clear(self):
        self.count = self.amount = self.refunds = self.refunded = self.loads = self.loaded = 0

    @property
    def is_open(self):
        """True within a shift."""
        return self.begun_s != 0

    def begin(self, operator):
        """A new shift, recorded. Raises JournalFull, OSError."""
        now_s = self._clock.now_s()
        self._journal.append(
            record.SHIFT, record.pack(record.SHIFT, now_s, record.BEGUN, operator, 0, 0)
        )
        replace_file(self._path, struct.pack(_FILE, operator, now_s))
        self._clear()
        self.operator, self.begun_s = operator, now_s

    def end(self):
        """The end of the shift, recorded with its totals, which stay readable here."""
        body = record.pack(
            record.SHIFT, self._clock.now_s(), record.ENDED, self.operator, self.count, self.amount
        )
        self._journal.append(record.SHIFT, body)
        replace_file(self._path, struct.pack(_FILE, 0, 0))
        self.begun_s = 0

    # -- as one of the rules' meters ------------------------------------------------------

    def check(self, serial, amount, now_s):
        """Raises Refusal if a shift is needed and none is open."""
        if self._is_needed and not self.begun_s:
            raise Refusal(Outcome(NO_SHIFT))

    def took(self, serial, amount, time_s, tti, payload):
        """A transaction was done."""
        if self.begun_s:
            self._add(amount, tti, payload)

    def _add(self, amount, tti, payload):
        if tti not in record.LOADS:
            self.count += 1
            self.amount += amount
        elif payload[:4] == b"undo":
            self.refunds += 1
            self.refunded += amount
        else:
            self.loads += 1
            self.loaded += amount
