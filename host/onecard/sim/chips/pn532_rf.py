"""The PN532's initiator commands: finding cards and talking to them (UM0701-02, 7.3).

Choices where the manual leaves room:
- A card that is listed again while it lies there is found: it is deselected or halted, then woken
  by WUPA. libnfc's and nfcpy's loops hold with that, and nfcpy finds REQA (26) in the FIFO after a
  search that nobody answered.
- With MaxTg 2 the second card is sought by REQA, which the first, in its protocol or halted, does
  not answer. Only one target is selected at a time; the other is woken when it is addressed.
- InCommunicateThru in which cards collide gives status 06 and no data.
"""

from __future__ import annotations

from collections.abc import Callable

from onecard.sim.crc import crc_a, crc_b
from onecard.sim.field import Field
from onecard.sim.pcd import Pcd, TargetA, TargetB

OK, TIMEOUT, CRC_ERROR, COLLISION = 0x00, 0x01, 0x02, 0x06
INVALID_PARAMETER, NOT_ACCEPTABLE = 0x10, 0x27
MORE = 0x40
TRY_US = 5000.0  # one round of looking for a card
MAX_DATA_SIZE = 262
MODE, TX_MODE, RX_MODE, FIFO_DATA = 0x6301, 0x6302, 0x6303, 0x6339
CONTROL, BIT_FRAMING = 0x633C, 0x633D
_HAS_CRC, _FRAMING_B = 0x80, 0x03
_TYPE_A, _TYPE_B = 0x00, 0x03
_ITEM_SIZES = {1: 1, 2: 3, 4: 1, 5: 3, 0x0A: 11, 0x0B: 8, 0x0C: 3, 0x0D: 9}
_KINDS_A, _KINDS_B = {0x00, 0x10, 0x20}, {0x03, 0x23}


class SyntaxFault(Exception):
    """Unknown command or parameters of a wrong size or range: the chip sends frame 7F."""


class Wait(Exception):
    """The command goes on until look() finds a card.

    after_us, empty: the answer if none comes; after_us None is for ever.
    """

    def __init__(self, look: Callable[[], bytes | None], after_us: float | None, empty: bytes):
        super().__init__(after_us)
        self.look, self.after_us, self.empty = look, after_us, empty


def need(condition: bool) -> None:
    """Raises SyntaxFault unless condition holds."""
    if not condition:
        raise SyntaxFault


class Initiator:
    """State and commands of the contactless side. Each command takes and returns data bytes.

    Time that the chip waits itself (time-outs) is added to wait_us; the air's is in the field.
    """

    def __init__(self, field: Field) -> None:
        self.field, self.pcd = field, Pcd(field)
        self.reset()

    def reset(self) -> None:
        """Values after power-up."""
        self.field.switch(False)
        self.parameters = 0x14
        self.registers: dict[int, int] = {}
        self.items = {2: b"\x00\x0b\x0a", 4: b"\x00", 5: b"\xff\x01\xff"}
        self.targets: list[TargetA | TargetB] = []
        self.selected = 0
        self.last_error = 0
        self.wait_us = 0.0
        self._outgoing = b""
        self._incoming = b""

    def status(self, code: int) -> bytes:
        """A status byte; remembered for GetGeneralStatus."""
        self.last_error = code
        return bytes([code])

    # -- RFConfiguration --------------------------------------------------------------

    def rf_configuration(self, data: bytes) -> bytes:
        """Command 32: item, values."""
        need(len(data) > 1 and len(data) - 1 == _ITEM_SIZES.get(data[0]))
        self.items[data[0]] = data[1:]
        if data[0] == 1:
            self.field.switch(bool(data[1] & 1))
        return b""

    def _thru_timeout_us(self) -> float:
        n = self.items[2][2]
        return 100.0 * 2 ** (min(n, 16) - 1) if n else 0.0

    # -- finding cards ------------------------------------------------------------------

    def list_passive_target(self, data: bytes) -> bytes:
        """Command 4A: MaxTg, BrTy, initiator data. Raises Wait if no card is there yet."""
        need(len(data) >= 2 and data[0] in (1, 2) and data[1] <= 4)
        need(data[1] != _TYPE_B or len(data) in (3, 4))
        self._forget()
        uid = data[2:].replace(b"\x88", b"") if len(data) > 6 else data[2:]

        def look() -> bytes | None:
            if data[1] == _TYPE_A:
                return self._look_a(uid, bool(self.parameters & 0x10), data[0])
            return self._look_b(data[2]) if data[1] == _TYPE_B else None

        tries = self.items[5][2]
        wait_us = None if tries == 0xFF else (tries + 1) * TRY_US
        return self._look_or_wait(look, wait_us, b"\x00")

    def auto_poll(self, data: bytes) -> bytes:
        """Command 60: PollNr, Period, types 00, 10, 20 (type A), 03, 23 (type B)."""
        need(3 <= len(data) <= 17 and 1 <= data[1] <= 15 and data[0] > 0)
        self._forget()
        types = set(data[2:])

        def look() -> bytes | None:
            found = self._look_a(b"", True, 1) if types & _KINDS_A else None
            if found is not None:
                kind = 0x20 if self.targets[0].has_blocks else 0x10
                if types & {0x00, kind}:
                    return bytes([1, kind, len(found) - 1]) + found[1:]
                self._forget()
            found = self._look_b(0) if types & _KINDS_B else None
            return found and bytes([1, 0x23, len(found) - 1]) + found[1:]

        total_us = data[0] * data[1] * 150_000.0 * len(data[2:])
        return self._look_or_wait(look, None if data[0] == 0xFF else total_us, b"\x00")

    def _look_or_wait(
        self, look: Callable[[], bytes | None], wait_us: float | None, empty: bytes
    ) -> bytes:
        self.field.switch(True)
        found = look()
        if found is None:
            self.registers[FIFO_DATA] = 0x26  # the unanswered REQA still lies in the FIFO
            raise Wait(look, wait_us, empty)
        return found

    def _look_a(self, uid: bytes, with_rats: bool, most: int) -> bytes | None:
        """Activate cards in the field: NbTg and the data of each, or None."""
        first = self.pcd.activate(with_rats=with_rats, known=uid)
        if first is None:
            return None
        self._take(first)
        if most == 2:
            self._look_for_another(first, with_rats)
        self._set_framing(_HAS_CRC)
        found = bytes([len(self.targets)])
        for number, target in enumerate(self.targets, 1):
            assert isinstance(target, TargetA)
            found += bytes([number, target.atqa[1], target.atqa[0], target.sak, len(target.uid)])
            found += target.uid + target.ats
        return found

    def _look_for_another(self, first: TargetA, with_rats: bool) -> None:
        if not first.has_blocks:
            self.pcd.halt()
        second = self.pcd.activate(with_rats=with_rats, request=0x26)
        if second is not None:
            self.targets.append(second)
            self.selected = 2
        elif not first.has_blocks:
            self._wake(first)

    def _look_b(self, afi: int) -> bytes | None:
        target = self.pcd.activate_b(afi, is_wake_up=True)
        if target is None:
            return None
        self._take(target)
        self._set_framing(_HAS_CRC | _FRAMING_B)
        return b"\x01\x01" + target.atqb + bytes([len(target.attrib)]) + target.attrib

    def _take(self, target: TargetA | TargetB) -> None:
        self.targets, self.selected = [target], 1
        self._outgoing = self._incoming = b""

    def _set_framing(self, value: int) -> None:
        for mode in (TX_MODE, RX_MODE):
            self.registers[mode] = value
        self.registers[BIT_FRAMING] = 0

    def _forget(self) -> None:
        self._rest()
        self.targets, self.selected = [], 0
        self._outgoing = self._incoming = b""

    def _rest(self) -> None:
        """Deselect or halt the selected target."""
        if not self.selected:
            return
        if self.targets[self.selected - 1].has_blocks:
            self.pcd.deselect()
        else:
            self.pcd.halt()
        self.selected = 0

    def _wake(self, target: TargetA | TargetB) -> bool:
        if isinstance(target, TargetA):
            found = self.pcd.activate(with_rats=target.has_blocks, known=target.uid)
            return found is not None
        again = self.pcd.activate_b(is_wake_up=True)
        return again is not None and again.atqb == target.atqb

    # -- a card that was found ------------------------------------------------------------

    def _has(self, number: int) -> bool:
        return 1 <= number <= len(self.targets)

    def deselect(self, data: bytes) -> bytes:
        """Command 44: the card is halted, its data kept."""
        need(len(data) == 1)
        if data[0] and not self._has(data[0]):
            return self.status(NOT_ACCEPTABLE)
        if data[0] in (0, self.selected):
            self._rest()
        return self.status(OK)

    def release(self, data: bytes) -> bytes:
        """Command 52: as deselect, and forgotten."""
        need(len(data) == 1)
        if data[0] and not self._has(data[0]):
            return self.status(NOT_ACCEPTABLE)
        self._forget()
        return self.status(OK)

    def select(self, data: bytes) -> bytes:
        """Command 54: wake a deselected card again; another that was selected is deselected."""
        need(len(data) == 1)
        if not self._has(data[0]):
            return self.status(NOT_ACCEPTABLE)
        if self.selected == data[0]:
            return self.status(OK)
        self._rest()
        if not self._wake(self.targets[data[0] - 1]):
            self.wait_us += TRY_US
            return self.status(TIMEOUT)
        self.selected = data[0]
        return self.status(OK)

    def is_present(self) -> bytes:
        """Diagnose 06: 00 present, 01 silent."""
        if not self.selected or not self.targets[self.selected - 1].has_blocks:
            return bytes([NOT_ACCEPTABLE])
        if self.pcd.is_present():
            return b"\x00"
        self.wait_us += self.pcd.fwt_us
        return bytes([TIMEOUT])

    def data_exchange(self, data: bytes) -> bytes:
        """Command 40: Tg (bit 6: more follows), data. Answers of over 262 bytes come in parts."""
        need(1 <= len(data) <= MAX_DATA_SIZE + 1)
        number = data[0] & 0x3F
        if not self._has(number):
            return self.status(NOT_ACCEPTABLE)
        if self.selected != number:
            status = self.select(bytes([number]))
            if status != b"\x00":
                return status
        if self._incoming and len(data) == 1:
            return self._next_part()
        self._incoming = b""
        more, has_blocks = bool(data[0] & MORE), self.targets[number - 1].has_blocks
        if has_blocks:
            answer = self.pcd.transceive(data[1:], more)
        else:
            answer = None if more else self.pcd.frame(data[1:])
        if answer is None:
            return self._no_answer(has_blocks)
        self._incoming = answer
        return self._next_part()

    def _no_answer(self, has_blocks: bool) -> bytes:
        """Status of an exchange that failed: what was last heard tells why."""
        got = self.pcd.last
        if got is not None and (got.is_garbled or got.bits % 8 == 0):
            return self.status(CRC_ERROR)
        tries = self.items[4][0] + 1
        self.wait_us += self.pcd.fwt_us * tries if has_blocks else self._thru_timeout_us()
        return self.status(TIMEOUT)

    def _next_part(self) -> bytes:
        part, self._incoming = self._incoming[:MAX_DATA_SIZE], self._incoming[MAX_DATA_SIZE:]
        return bytes([self.status(OK)[0] | (MORE if self._incoming else 0)]) + part

    def communicate_thru(self, data: bytes) -> bytes:
        """Command 42: one raw frame; the CIU adds and checks the CRC as its registers say."""
        need(1 <= len(data) <= MAX_DATA_SIZE + 2)
        tx, rx = self.registers.get(TX_MODE, 0), self.registers.get(RX_MODE, 0)
        framing = self.registers.get(BIT_FRAMING, 0)
        kind = "B" if tx & 3 == _FRAMING_B else "A"
        crc = crc_b if kind == "B" else crc_a
        bits = framing & 7 or 8
        frame = data + crc(data) if tx & _HAS_CRC and bits == 8 else data
        got = self.field.transmit(frame, bits, kind)
        if got is None:
            self.wait_us += self._thru_timeout_us()
            return self.status(TIMEOUT)
        if got.is_garbled:
            return self.status(CRC_ERROR)
        if got.collision is not None:
            return self.status(COLLISION)
        align = framing >> 4 & 7
        value, size = int.from_bytes(got.data, "little") << align, (got.bits + align + 7) // 8
        answer = value.to_bytes(size + 1, "little")[:size]
        self.registers[CONTROL] = (got.bits + align) % 8
        if rx & _HAS_CRC:
            if len(answer) < 3 or crc(answer[:-2]) != answer[-2:]:
                return self.status(CRC_ERROR)
            answer = answer[:-2]
        return self.status(OK) + answer
