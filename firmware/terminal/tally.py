"""What each card has spent here in a period: a table in RAM, made anew from the journal."""

import struct

import occrypto
from ocwire import calendar, record

# Fingerprint of the serial (never 0), fen, then purchases from bit 20 on and below them the second
# of the period in which the last one was.
_ENTRY = ">III"
_SIZE = struct.calcsize(_ENTRY)
_TIME_BITS = 20
_MOST_S = (1 << _TIME_BITS) - 1
_MOST_COUNT = 1023  # thirty bits in all: a small integer of MicroPython
_BLOCK = 32  # entries of a block: a heap in pieces has no room for the whole table
_BATCH_SIZE = 2048


class Tally:
    """cards: how many different ones a period are counted; 12 bytes of RAM each.

    start_of(time_s): the UTC second in which the period that time_s lies in began; see day_start.

    A card beyond them finds the table full and is told what the fullest place says: it is refused
    rather than let past its limit.
    """

    def __init__(self, cards, start_of):
        self._count = cards
        self._blocks = [bytearray(_BLOCK * _SIZE) for _ in range(-(-cards // _BLOCK))]
        self._start_of = start_of
        self._start_s = None

    def release(self):
        """Give the memory back: what still asks finds the table full."""
        self._count, self._blocks = 0, ()

    def of(self, serial, now_s):
        """(fen, purchases, time of the last one) of this card in the present period; zeros for a
        new one, the period's begin as the time."""
        self._turn(self._start_of(now_s))
        at = self._place(serial)
        if at is None:
            return 0xFFFFFFFF, _MOST_COUNT, now_s
        _, spent, both = struct.unpack_from(_ENTRY, *at)
        return spent, both >> _TIME_BITS, self._start_s + (both & _MOST_S)

    def add(self, serial, amount, time_s):
        """A purchase of `amount` fen. One of a period before the latest changes nothing."""
        start_s = self._start_of(time_s)
        if self._start_s is not None and start_s < self._start_s:
            return
        self._turn(start_s)
        at = self._place(serial)
        if at is not None:
            _, spent, both = struct.unpack_from(_ENTRY, *at)
            spent = min(spent + amount, 0xFFFFFFFF)
            count = min((both >> _TIME_BITS) + 1, _MOST_COUNT)
            last_s = min(time_s - start_s, _MOST_S)
            struct.pack_into(_ENTRY, *at, _mark(serial), spent, count << _TIME_BITS | last_s)

    def restore(self, journal, now_s):
        """Count the present period's purchases: reads its records of the journal once."""
        self._turn(self._start_of(now_s))
        for intent in done(since(journal, self._start_s)):
            if intent["tti"] not in record.LOADS:
                self.add(intent["serial"], intent["amount"], intent["time_s"])

    def _turn(self, start_s):
        if start_s != self._start_s:
            self._start_s = start_s
            for block in self._blocks:
                for at in range(0, len(block), _SIZE):
                    struct.pack_into(_ENTRY, block, at, 0, 0, 0)

    def _place(self, serial):
        """(block, offset) of the card's entry, or of the empty one it may take; None if all are
        taken."""
        if not self._count:
            return None
        mark = _mark(serial)
        number = mark % self._count
        for _ in range(self._count):
            block, at = self._blocks[number // _BLOCK], number % _BLOCK * _SIZE
            found = struct.unpack_from(">I", block, at)[0]
            if found in (0, mark):
                return block, at
            number = (number + 1) % self._count
        return None


def _mark(serial):
    return occrypto.crc32(serial) or 1


def day_start(time_s):
    """When the day of China Standard Time that time_s lies in began."""
    return time_s - (time_s + calendar.CST_OFFSET_S) % 86400


def done(items):
    """The intents, as fields, of the transactions among these records that moved money."""
    intents = {}
    for item in items:
        if item.kind == record.INTENT:
            intents[item.seq] = item.fields()
        elif record.closes(item.kind):
            result = item.fields()
            intent = intents.pop(result["intent_seq"], None)
            if intent is not None and result["outcome"] in record.COUNTED + (record.WRONG_MAC2,):
                yield intent


def since(journal, time_s):
    """The journal's records from the first one of `time_s` on."""
    low, high = journal.oldest_seq, journal.next_seq
    while low < high:  # the first record that is not older
        middle = (low + high) // 2
        first, raw = journal.read(middle, record.MAX_SIZE)
        if 0 < _first_time_s(first, raw) < time_s:
            low = first + 1
        else:
            high = middle
    while True:
        first, raw = journal.read(low, _BATCH_SIZE)
        if not raw:
            return
        items = record.split(raw, first)
        for item in items:
            yield item
        low = items[-1].seq + 1


def _first_time_s(first, raw):
    """Of the first record that has a time; 0 if none has."""
    for item in record.split(raw, first):
        if item.time_s:
            return item.time_s
    return 0
