"""Fills a virtual terminal's journal: its flash is programmed while the power is off.

What is written are true records in the MAC chain behind those that are there: of an operator's
doing, as long as records may be, whose detail says that the bench wrote them. The terminal finds
its journal full as after months without a host, and a pull proves every one of them. Layout:
ocwire/SPEC.md section 2.
"""

from __future__ import annotations

import time

from ocwire import packed, record, sector

from .. import dump
from ..errors import OneCardError
from .session import Session
from .worlds.base import JOURNAL_SIZE, World

_RESERVE_SECTORS = 1  # stays free: what takes a receipt when sales have stopped
_DETAIL = b"filled at the bench".ljust(record.MAX_SIZE, b".")
_ERASED = b"\xff" * sector.SECTOR_SIZE


class FillError(OneCardError):
    """The journal cannot be filled as it is."""


def fill(session: Session, key: bytes) -> int:
    """Power off, fill the journal, power on. key: the terminal's journal key.

    Returns the number of records added. Raises FillError while a purchase is open.
    """
    world = session.world
    session.call(world.power_off)
    try:
        image = session.call(lambda: world.journal_read(0, JOURNAL_SIZE))
        filler = Filler(image, key, int(time.time()))
        made = filler.sectors()
        session.call(lambda: _program(world, made))
    finally:
        session.call(world.power_on)
    return filler.count


def _program(world: World, made: list[tuple[int, bytes]]) -> None:
    for address, raw in made:
        world.journal_write(address, raw)


class Filler:
    """image: a journal of whole sectors. count: records added so far. Raises FillError."""

    def __init__(self, image: bytes, key: bytes, now_s: int) -> None:
        self._image, self._key, self._now_s = image, key, now_s
        self._layout = sector.Layout()
        self._sectors = len(image) // sector.SECTOR_SIZE
        self.count = 0
        self._marks = self._opened()
        if not self._marks:
            raise FillError("this journal was never begun", "power the terminal on first")
        self._number = max(self._marks)
        self._take_state(dump.records(image, key))

    def _raw(self, number: int) -> bytes:
        start = (number - 1) % self._sectors * sector.SECTOR_SIZE
        return self._image[start : start + sector.SECTOR_SIZE]

    def _opened(self) -> dict[int, sector.Marks]:
        found = {}
        for index in range(self._sectors):
            start = index * sector.SECTOR_SIZE
            marks = self._layout.marks(self._image[start : start + self._layout.marks_size])
            if marks.number and (marks.number - 1) % self._sectors == index:
                found[marks.number] = marks
        return found

    def _take_state(self, records: list[record.Record]) -> None:
        head = self._marks[self._number]
        self._seq, self._mac = head.first_seq, head.mac_before
        self._acked, self._boots = head.acked, head.boots
        pending: set[int] = set()
        for item in records:
            values = item.fields()
            if item.kind == record.INTENT:
                pending.add(item.seq)
            elif record.closes(item.kind):
                pending.discard(values["intent_seq"])
            elif item.kind == record.CARRIED:
                pending.add(values["intent_seq"])
            elif item.kind == record.ACKNOWLEDGED:
                self._acked = max(self._acked, values["upto_seq"])
            elif item.kind == record.BOOT:
                self._boots = values["boots"]
        if records and records[-1].seq >= self._seq:
            self._seq, self._mac = records[-1].seq + 1, records[-1].mac
        if pending:
            raise FillError(
                "a purchase is not resolved yet", "tap the card that was torn away once more"
            )

    def _tail(self) -> int:
        """The oldest sector with a record that is not acknowledged."""
        for number in range(self._number - self._sectors + 1, self._number):
            after = self._marks.get(number + 1)
            if number in self._marks and after and after.first_seq - 1 > self._acked:
                return number
        return self._number

    def sectors(self) -> list[tuple[int, bytes]]:
        """(address, content) of each sector that changes, in the order of programming."""
        made = [(self._number, self._fill_head())]
        last = self._tail() + self._sectors - 1 - _RESERVE_SECTORS
        for number in range(self._number + 1, last + 1):
            made.append((number, self._fill_new(number)))
        return [((n - 1) % self._sectors * sector.SECTOR_SIZE, raw) for n, raw in made]

    def _fill_head(self) -> bytes:
        marks, raw = self._marks[self._number], bytearray(self._raw(self._number))
        ends = [item[-1] for item in sector.records(self._layout, marks, raw)]
        end, used = max([self._layout.marks_size, *ends]), sector.used_size(raw)
        at = end if used <= end else -(-used // sector.PAGE_SIZE) * sector.PAGE_SIZE
        return self._fill(raw, at, marks.context)

    def _fill_new(self, number: int) -> bytes:
        old = self._layout.marks(self._raw(number)[: self._layout.marks_size])
        base = self._marks[self._number].context
        context = packed.Context(
            base.profile, base.prefix, base.amount, self._now_s, base.gap, self._seq
        )
        opened = sector.opened_mark(number, self._mac, self._acked, self._boots, context)
        raw, layout = bytearray(_ERASED), self._layout
        erased = sector.erased_mark((old.erases or 0) + 1)
        for at, mark in ((0, opened), (layout.erased_at, erased), (layout.copy_at, opened)):
            raw[at : at + len(mark)] = mark
        return self._fill(raw, layout.marks_size, context)

    def _fill(self, raw: bytearray, at: int, context: packed.Context) -> bytes:
        bare = record.pack(record.ADMIN, self._now_s, record.ENTERED, 0)
        while (room := sector.SECTOR_SIZE - at - packed.MIN_SIZE - len(bare)) >= 0:
            body = bare + _DETAIL[: min(room, record.MAX_SIZE - record.MIN_SIZE - len(bare))]
            text = record.content(self._seq, record.ADMIN, body)
            self._mac = record.mac(self._key, self._seq, self._mac, text)
            item = packed.pack(context, self._seq, record.ADMIN, body, self._mac)
            raw[at : at + len(item)] = item
            at += len(item)
            self._seq += 1
            self.count += 1
        return bytes(raw)
