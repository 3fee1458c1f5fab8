"""The PN532's initiator commands: finding type A cards and talking to them (UM0701-02, 7.3)."""

from collections.abc import Callable

from onecard.sim.field import Field, Target, crc_a

OK, TIMEOUT, CRC_ERROR = 0x00, 0x01, 0x02
INVALID_PARAMETER, NOT_ACCEPTABLE = 0x10, 0x27
MORE = 0x40
TRY_US = 5000.0  # one round of looking for a card
MAX_DATA_SIZE = 262
TX_MODE, RX_MODE, FIFO_DATA = 0x6302, 0x6303, 0x6339
_ITEM_SIZES = {1: 1, 2: 3, 4: 1, 5: 3, 0x0A: 11, 0x0B: 8, 0x0C: 3, 0x0D: 9}


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
        self.field = field
        self.reset()

    def reset(self) -> None:
        """Values after power-up."""
        self.field.switch(False)
        self.parameters = 0x14
        self.registers: dict[int, int] = {}
        self.items = {2: b"\x00\x0b\x0a", 4: b"\x00", 5: b"\xff\x01\xff"}
        self.target: Target | None = None
        self.is_selected = False
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
        self._forget()
        uid = data[2:].replace(b"\x88", b"") if len(data) > 6 else data[2:]

        def look() -> bytes | None:
            found = self._look(uid, bool(self.parameters & 0x10)) if data[1] == 0 else None
            return found and b"\x01" + found

        tries = self.items[5][2]
        wait_us = None if tries == 0xFF else (tries + 1) * TRY_US
        return self._look_or_wait(look, wait_us, b"\x00")

    def auto_poll(self, data: bytes) -> bytes:
        """Command 60: PollNr, Period, types. Type A only: 00, 10 (Mifare), 20 (14443-4)."""
        need(3 <= len(data) <= 17 and 1 <= data[1] <= 15 and data[0] > 0)
        self._forget()
        types = set(data[2:])

        def look() -> bytes | None:
            if not types & {0x00, 0x10, 0x20}:
                return None
            found = self._look(b"", True)
            if found is None or self.target is None:
                return None
            kind = 0x20 if self.target.sak & 0x20 else 0x10
            if not types & {0x00, kind}:
                self._forget()
                return None
            return bytes([1, kind, len(found)]) + found

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

    def _look(self, uid: bytes, with_rats: bool) -> bytes | None:
        """Activate the card in the field; its target data with number 1, or None."""
        target = self.field.activate(with_rats=with_rats)
        if target is None or (uid and target.uid != uid):
            return None
        self.target, self.is_selected = target, True
        self._outgoing = self._incoming = b""
        for mode in (TX_MODE, RX_MODE):
            self.registers[mode] = 0x80
        head = bytes([1, target.atqa[1], target.atqa[0], target.sak, len(target.uid)])
        return head + target.uid + target.ats

    def _forget(self) -> None:
        if self.target is not None and self.is_selected:
            self._put_to_rest(self.target)
        self.target, self.is_selected = None, False
        self._outgoing = self._incoming = b""

    def _put_to_rest(self, target: Target) -> None:
        if target.ats:
            self.field.deselect()
        else:
            self.field.halt()

    # -- a card that was found ------------------------------------------------------------

    def deselect(self, data: bytes) -> bytes:
        """Command 44: the card is halted, its data kept."""
        need(len(data) == 1)
        if data[0] > 1 or (data[0] == 1 and self.target is None):
            return self.status(NOT_ACCEPTABLE)
        if self.target is not None and self.is_selected:
            self._put_to_rest(self.target)
            self.is_selected = False
        return self.status(OK)

    def release(self, data: bytes) -> bytes:
        """Command 52: as deselect, and forgotten."""
        need(len(data) == 1)
        if data[0] > 1 or (data[0] == 1 and self.target is None):
            return self.status(NOT_ACCEPTABLE)
        self._forget()
        return self.status(OK)

    def select(self, data: bytes) -> bytes:
        """Command 54: wake a deselected card again."""
        need(len(data) == 1)
        if data[0] != 1 or self.target is None:
            return self.status(NOT_ACCEPTABLE)
        if self.is_selected:
            return self.status(OK)
        uid, with_rats = self.target.uid, bool(self.target.ats)
        if self._look(uid, with_rats) is None:
            self.wait_us += TRY_US
            return self.status(TIMEOUT)
        return self.status(OK)

    def is_present(self) -> bytes:
        """Diagnose 06: 00 present, 01 silent."""
        if self.target is None or not self.target.ats:
            return bytes([NOT_ACCEPTABLE])
        if self.field.is_present():
            return b"\x00"
        self.wait_us += self.field.fwt_us
        return bytes([TIMEOUT])

    def data_exchange(self, data: bytes) -> bytes:
        """Command 40: Tg (bit 6: more follows), data. Answers of over 262 bytes come in parts."""
        need(1 <= len(data) <= MAX_DATA_SIZE + 1)
        if data[0] & 0x3F != 1 or self.target is None:
            return self.status(NOT_ACCEPTABLE)
        if not self.is_selected:
            status = self.select(b"\x01")
            if status != b"\x00":
                return status
        if self._incoming and len(data) == 1:
            return self._next_part()
        self._incoming = b""
        more = bool(data[0] & MORE)
        if self.target.ats:
            answer = self.field.transceive(data[1:], more)
        else:
            answer = None if more else self.field.frame(data[1:])
        if answer is None:
            tries = self.items[4][0] + 1
            own = self.field.fwt_us * tries if self.target.ats else self._thru_timeout_us()
            self.wait_us += own
            return self.status(TIMEOUT)
        self._incoming = answer
        return self._next_part()

    def _next_part(self) -> bytes:
        part, self._incoming = self._incoming[:MAX_DATA_SIZE], self._incoming[MAX_DATA_SIZE:]
        return bytes([self.status(OK)[0] | (MORE if self._incoming else 0)]) + part

    def communicate_thru(self, data: bytes) -> bytes:
        """Command 42: one raw frame; the CIU adds and checks the CRC as its registers say."""
        need(1 <= len(data) <= MAX_DATA_SIZE + 2)
        if self.registers.get(TX_MODE, 0) & 0x80:
            answer = self.field.frame(data)
        elif len(data) > 2 and crc_a(data[:-2]) == data[-2:]:
            answer = self.field.frame(data[:-2])
        else:
            answer = self.field.frame(data, has_crc=False)
        if answer is None:
            self.wait_us += self._thru_timeout_us()
            return self.status(TIMEOUT)
        if not self.registers.get(RX_MODE, 0) & 0x80:
            answer += crc_a(answer)
        return self.status(OK) + answer
