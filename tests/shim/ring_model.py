"""The journal alone, and beside it a plain list of what it must hold. For any runtime.

Kept plain: no journal code is used to say what is right, but the formats of ocwire/record.py.
"""

import struct

from ocwire import record
from ram_flash import TornFlash
from terminal.journal import Journal, JournalFull

SECTORS = 4
KEY, NEXT_KEY = bytes(range(16)), bytes(range(16, 32))
NOW_S = 1767225600
NO_RECEIPT = 0
SMALLEST_IDENTITY, LARGEST = 28, 199  # in flash


class Item:
    """A record as the host has stored it."""

    def __init__(self, seq, raw):
        self.seq, self.raw = seq, raw
        self.kind, self.body = raw[1], raw[record.HEAD_SIZE : -record.TAIL_SIZE]
        self.mac = raw[-record.TAIL_SIZE : -4]


class Ring:
    """A journal on torn flash, and beside it what it must hold.

    stored: every record that the host ever read, from number 1 on. wrote: (number, kind, body) of
    each append that returned. tried: (kind, body) of appends that did not. receipts: numbers that
    were acknowledged or tried; acked: the highest that returned. is_clearing: see Journal.clear.
    """

    def __init__(self, page_size, bad=()):
        self.page_size = page_size
        self.flash = TornFlash(SECTORS, bad)
        self.journal = None
        self.key = KEY
        self._begin()

    def _begin(self):
        self.stored, self.wrote, self.tried = [], [], []
        self.receipts, self.acked = [], 0
        self.is_clearing = False

    def save(self):
        return (
            bytes(self.flash.data), list(self.stored), list(self.wrote), list(self.tried),
            list(self.receipts), self.acked, self.is_clearing, self.key,
        )  # fmt: skip

    def load(self, saved):
        self.flash.power_on()
        image, stored, wrote, tried, receipts, self.acked, self.is_clearing, self.key = saved
        self.flash.data[:] = image
        self.stored, self.wrote, self.tried = list(stored), list(wrote), list(tried)
        self.receipts = list(receipts)

    # -- what a terminal does ---------------------------------------------------------------

    def mount(self):
        """Power is there: mount, or go through with a clearing."""
        self.journal = Journal(self.flash, self.key, lambda: NOW_S, self.page_size)
        if self.is_clearing:
            self.clear()
        else:
            self.journal.mount()

    def clear(self):
        """The terminal gets another number: everything goes."""
        self.is_clearing, self.key = True, NEXT_KEY
        self.journal.clear(NEXT_KEY)
        self._begin()

    def append(self, kind, body):
        """True if there was room."""
        self.tried.append((kind, body))
        try:
            seq = self.journal.append(kind, body)
        except JournalFull:
            self.tried.pop()
            return False
        self.tried.pop()
        self.wrote.append((seq, kind, body))
        return True

    def _turn(self):
        """A number that no record had before."""
        return len(self.wrote) + len(self.tried)

    def refuse(self):
        """A refusal: the smallest record that is no sale."""
        n = self._turn()
        return self.append(
            record.REFUSED,
            record.pack(record.REFUSED, NOW_S, record.HOTLISTED, n.to_bytes(10, "big"), n),
        )

    def intent(self):
        """A card is about to be debited."""
        n = self._turn()
        body = record.pack(
            record.INTENT, 1, n.to_bytes(10, "big"), NOW_S + n, 1200, 50_000, n, n, b"rand",
            1, 0, 1, 6,
        )  # fmt: skip
        return self.append(record.INTENT, body)

    def result(self, outcome=record.DONE):
        """The newest open intent ends; with NOT_DONE the oldest."""
        if not self.journal.open:
            return False
        pick = max if outcome == record.DONE else min
        seq = pick(self.journal.open)
        values = struct.unpack_from(">B10sIIII", self.journal.open[seq][0])
        body = record.pack(
            record.RESULT, seq, values[2] + 1, outcome, values[4] - values[3], b"\1tac",
            record.NO_MAC2,
        )  # fmt: skip
        return self.append(record.RESULT, body)

    def purchase(self):
        """Intent and result."""
        return self.intent() and self.result()

    def fill_sector(self, leave):
        """Records of any use until `leave` bytes, or a few more, are free in the sector."""
        room = self.journal._rest() - leave
        while room >= SMALLEST_IDENTITY:
            size = min(room, LARGEST)
            if 0 < room - size < SMALLEST_IDENTITY:
                size = room - SMALLEST_IDENTITY
            nonce = self._turn().to_bytes(12, "big")
            tail = bytes(size - SMALLEST_IDENTITY)
            self.append(record.IDENTITY, record.pack(record.IDENTITY, NOW_S, 1, nonce, tail=tail))
            room -= size

    def fill(self):
        """Until nothing more is sold."""
        while self.journal.has_room():
            self.fill_sector(30 if self.journal._rest() > 260 else 0)
            self.refuse()

    def pull(self):
        """The host stores what is new."""
        seq = len(self.stored) + 1
        while True:
            first, raw = self.journal.read(seq, 8192)
            if not raw:
                return
            assert first == seq, ("P1, P3: missing", seq, first)
            self._store(first, raw)
            seq = len(self.stored) + 1

    def _store(self, first, raw):
        self.stored += [Item(item.seq, item.raw) for item in record.split(raw, first)]

    def acknowledge(self):
        """The host's receipt for all it has."""
        self.pull()
        if not self.stored:
            return
        newest = self.stored[-1]
        self.receipts.append(newest.seq)
        self.acked = max(self.acked, self.journal.acknowledge(newest.seq, newest.mac))

    # -- what must hold ---------------------------------------------------------------------

    def check(self):
        """Every promise of a journal that is mounted; AssertionError says which is broken."""
        journal, known = self.journal, len(self.stored)
        first = seq = journal.oldest_seq
        assert first <= max(self.receipts or [NO_RECEIPT]) + 1, ("P3: gone unread", first)
        parts = []
        while True:
            found, raw = journal.read(seq, 8192)
            if not raw:
                break
            assert found == seq, ("P1, P3: missing", seq, found)
            parts.append(raw)
            seq = self._take(found, raw)
        assert seq == journal.next_seq == len(self.stored) + 1, ("P3: behind", seq)
        held = b"".join(parts)
        assert held == b"".join([item.raw for item in self.stored[first - 1 :]]), "P3: another"
        self._check_chain(known)
        self._check_list(known)

    def _take(self, first, raw):
        """Store what is new of a batch; the number behind it."""
        at, seq = 0, first
        while at < len(raw) and seq <= len(self.stored):
            at, seq = at + raw[at], seq + 1
        if at < len(raw):
            self._store(seq, raw[at:])
            seq = len(self.stored) + 1
        return seq

    def _check_chain(self, known):
        """P4: the records behind the first `known` ones follow from them."""
        before = self.stored[known - 1].mac if known else record.FIRST_MAC
        for item in self.stored[known:]:
            mac = record.mac(self.key, item.seq, before, item.raw[: -record.TAIL_SIZE])
            assert mac == item.mac, ("P4", item.seq)
            before = mac

    def _check_list(self, known):
        """P1: what append() returned for is there; nothing was made up; what is open is known."""
        wrote = {seq: (kind, body) for seq, kind, body in self.wrote}
        tried, still_open, acked = list(self.tried), {}, 0
        for item in self.stored:
            seq, kind, body = item.seq, item.kind, item.body
            if record.closes(kind):
                closed = record.closed_seq(seq, kind, body)
                assert closed in still_open, ("P2: closed twice", seq)
                intent = still_open.pop(closed)
                kind, body = record.RESULT, record.as_result(seq, kind, body, intent)
            elif kind == record.INTENT:
                still_open[seq] = body
            if seq in wrote:
                assert wrote.pop(seq) == (kind, body), ("P1: another", seq)
            elif kind == record.CARRIED:
                intent_seq = struct.unpack_from(">I", body)[0]
                assert still_open[intent_seq] == body[4:], ("P2: carried", seq)
            elif kind == record.ACKNOWLEDGED:
                upto = struct.unpack_from(">I", body, 4)[0]
                assert upto in self.receipts, ("P3: made up", seq)
                acked = max(acked, upto)
            else:
                assert (kind, body) in tried, ("P4: made up", seq)
                tried.remove((kind, body))
        assert not wrote, ("P1: lost", sorted(wrote))
        held_open = {seq: at[0] for seq, at in self.journal.open.items()}
        assert held_open == still_open, ("P2: open", sorted(held_open), sorted(still_open))
        assert self.acked <= acked == self.journal.acked, ("P3: acknowledged", acked)
