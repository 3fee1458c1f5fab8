"""T=0 of ISO/IEC 7816-3:2006 clauses 10 and 12: APDUs as commands with procedure bytes."""

from micropython import const

from .base import ProtocolError, SamTimeout

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from ..kinds import Data, Room
    from .line import CardLine

_NULL = const(0x60)
_GET_RESPONSE = const(0xC0)
_SW1_MORE = const(0x61)
_SW1_WRONG_LE = const(0x6C)
_MAX_LE = const(256)


class T0:
    """line: a CardLine. max_nulls: how often in a row a card may ask for time.

    waiting_ms: the work waiting time, set after the ATR.
    """

    def __init__(self, line: "CardLine", max_nulls: int):
        self._line = line
        self._max_nulls = max_nulls
        self.waiting_ms = 1000
        self._header = bytearray(5)
        self._sw = bytearray(2)
        self._le = 0

    def begin(self, command: "Data") -> "tuple[int, int]":
        """Take a short APDU's header; returns (offset, size) of its data.

        Raises ValueError if it is none, or if its INS could not be told from a status word.
        """
        size = len(command)
        if size < 4:
            raise ValueError("command of %d bytes" % size)
        if command[1] & 0xF0 in (0x60, 0x90):
            raise ValueError("INS %02X is not allowed in T=0" % command[1])
        header = self._header
        for i in range(4):
            header[i] = command[i]
        header[4] = command[4] if size > 4 else 0
        self._le = (header[4] or _MAX_LE) if size == 5 else 0
        if size < 6:
            return size, 0
        if not header[4] or size - 5 - header[4] not in (0, 1):
            raise ValueError("command of %d bytes with Lc %d" % (size, header[4]))
        return 5, header[4]

    async def run(self, command: "Data", data_at: int, data_size: int, into: "Room") -> int:
        """The command that begin() took; the answer's size in `into`. See Slot.exchange."""
        sw, header = self._sw, self._header
        at = await self._command(command, data_at, data_size, into, 0)
        is_repeated = data_size > 0  # 12.2: only a command that fetches may be repeated
        while True:
            if sw[0] == _SW1_MORE:
                before = at
                header[0] = header[2] = header[3] = 0
                header[1] = _GET_RESPONSE
                is_repeated = False
            elif sw[0] == _SW1_WRONG_LE and not is_repeated:
                before = -1
                is_repeated = True
            else:
                break
            header[4] = sw[1]
            self._le = sw[1] or _MAX_LE
            at = await self._command(command, 0, 0, into, at)
            if at == before and sw[0] == _SW1_MORE:
                raise ProtocolError("61 and no data to GET RESPONSE")
        await self._line.quiet()  # a character too many would have shifted the answer
        into[at], into[at + 1] = sw[0], sw[1]
        return at + 2

    async def _command(
        self, data: "Data", data_at: int, data_size: int, into: "Room", at: int
    ) -> int:
        """One command with its procedure bytes, 10.3; returns the end of the data in `into`."""
        line, sw, waiting_ms = self._line, self._sw, self.waiting_ms
        to_send, to_come, nulls = data_size, self._le, 0
        await line.send(self._header, 0, 5)
        while True:
            await line.read(sw, 0, 1, waiting_ms)
            byte = sw[0]
            if byte == _NULL:
                nulls += 1
                if nulls > self._max_nulls:
                    raise SamTimeout("the card asked %d times for time" % nulls)
                continue
            if byte & 0xF0 in (0x60, 0x90):
                await line.read(sw, 1, 1, waiting_ms)
                return at
            nulls = 0
            count = self._acknowledged(byte, to_send or to_come)
            if to_send:
                await line.send(data, data_at + data_size - to_send, count)
                to_send -= count
            else:
                if at + count + 2 > len(into):
                    raise ProtocolError("answer longer than the buffer of %d" % len(into))
                await line.read(into, at, count, waiting_ms)
                at += count
                to_come -= count

    def _acknowledged(self, byte: int, left: int) -> int:
        """How many characters a procedure byte lets pass: all that are left, or one."""
        ins = self._header[1]
        if left and byte == ins:
            return left
        if left and byte == ins ^ 0xFF:
            return 1
        raise ProtocolError("procedure byte %02X to INS %02X, %d left" % (byte, ins, left))
