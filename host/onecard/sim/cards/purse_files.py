"""The purse's files: EF 15, 16, 17 (transparent), 18 and 1E (cyclic), 1A (records by mode).

JR/T 0025.1 and JT/T 978; ISO/IEC 7816-4 READ BINARY, READ RECORD, UPDATE BINARY.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecard.sim.cards.application import Handlers
from onecard.sim.cards.base import status
from onecard.sim.cards.command import ApduError, Command

if TYPE_CHECKING:
    from onecard.sim.cards.purse import Purse

_PUBLIC, _HOLDER, _MANAGEMENT, _LOG, _RIDES, _JOURNEYS = 0x15, 0x16, 0x17, 0x18, 0x1A, 0x1E
_OK = status(0x9000)


class Files:
    """The commands that read and write files."""

    def __init__(self, purse: Purse) -> None:
        self._purse = purse
        self._current = 0
        self.handlers: Handlers = {
            (0x00, 0xB0): self._read_binary,
            (0x00, 0xB2): self._read_record,
            (0x04, 0xD6): self._update_binary,
        }

    def reset(self) -> None:
        """No file is current."""
        self._current = 0

    def select(self, file_id: bytes) -> bytes:
        """SELECT by file identifier 00xx, whose low byte is the short identifier."""
        if file_id[0] or file_id[1] not in (*self._transparent(), *self._records()):
            raise ApduError(0x6A82)
        self._current = file_id[1]
        return _OK

    def _transparent(self) -> dict[int, bytes]:
        m = self._purse.memory
        return {
            _PUBLIC: self._purse.public_information(),
            _HOLDER: m.holder,
            _MANAGEMENT: m.management,
        }

    def _records(self) -> dict[int, tuple[bytes, ...]]:
        m = self._purse.memory
        files = {_LOG: m.log}
        if self._purse.is_transit:
            files |= {_RIDES: m.rides, _JOURNEYS: m.journeys}
        return files

    def _content(self, sfi: int) -> bytes:
        files = self._transparent()
        if sfi not in files:
            raise ApduError(0x6981 if sfi in self._records() else 0x6A82)
        if sfi == _HOLDER and not self._purse.security.allows(self._purse.memory.holder_access):
            raise ApduError(0x6982)
        return files[sfi]

    def _place(self, command: Command) -> int:
        """Offset; a short identifier makes its file the current one."""
        if not command.p1 & 0x80:
            if not self._current:
                raise ApduError(0x6986)
            return command.p1 << 8 | command.p2
        if command.p1 & 0x60:
            raise ApduError(0x6A86)
        self._content(command.p1 & 0x1F)
        self._current = command.p1 & 0x1F
        return command.p2

    def _read_binary(self, command: Command) -> bytes:
        command.is_read()
        offset = self._place(command)
        return command.part(self._content(self._current), offset) + _OK

    def _update_binary(self, command: Command) -> bytes:
        """EF 16 and 17, under line protection."""
        data = self._purse.security.unwrap(command)
        offset = self._place(command)
        content = self._content(self._current)
        if self._current == _PUBLIC:
            raise ApduError(0x6982)
        if offset + len(data) > len(content):
            raise ApduError(0x6B00)
        changed = content[:offset] + data + content[offset + len(data) :]
        if self._current == _HOLDER:
            self._purse.commit(holder=changed)
        else:
            self._purse.commit(management=changed)
        return _OK

    def _read_record(self, command: Command) -> bytes:
        command.is_read()
        way, sfi = command.p2 & 7, command.p2 >> 3 or self._current
        if way not in (0, 4):
            raise ApduError(0x6A86)
        if sfi not in self._records():
            raise ApduError(0x6981 if sfi in self._transparent() else 0x6A82)
        records, number = self._records()[sfi], command.p1
        if way == 0 and sfi == _RIDES:  # by identifier: its low byte is the record's second
            found = [n for n, record in enumerate(records, 1) if record[1] == command.p1]
            number = found[0] if found else 0
        if not 1 <= number <= len(records):
            raise ApduError(0x6A83)
        return command.limit(records[number - 1]) + _OK
