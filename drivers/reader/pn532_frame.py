"""Host frames of the PN532 (UM0701-02 6.2): building them and looking into received ones."""

from micropython import const

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from ..kinds import Data

ABORT_OR_ACK = b"\x00\x00\xff\x00\xff\x00"
NACK = b"\x00\x00\xff\xff\x00\x00"
_MAX_PAYLOAD = 265
MAX_FRAME = const(275)  # preamble, start code, extended length, payload, checksum, postamble

# What look() finds: a whole frame, one not yet complete, one that is wrong.
ACK = const(1)
ANSWER = const(2)
SYNTAX_ERROR = const(3)
PARTIAL = const(0)
GARBLED = const(-1)


def put_frame(buf: bytearray, code: int, data: "Data", target: int = -1) -> int:
    """Write the frame of command `code` into buf (MAX_FRAME bytes); returns its size.

    data: 0..263 bytes. target: a number to go before it, or -1.
    """
    size = len(data) + (2 if target < 0 else 3)
    if size > _MAX_PAYLOAD:
        raise ValueError("command data of %d bytes" % len(data))
    buf[0] = buf[1] = 0
    buf[2] = 0xFF
    if size <= 255:
        buf[3] = size
        buf[4] = -size & 0xFF
        at = 5
    else:
        buf[3] = buf[4] = 0xFF
        buf[5] = size >> 8
        buf[6] = size & 0xFF
        buf[7] = -(buf[5] + buf[6]) & 0xFF
        at = 8
    end = at + size
    buf[at] = 0xD4
    buf[at + 1] = code
    if target >= 0:
        buf[at + 2] = target
    total = sum(data) + 0xD4 + code + max(target, 0)
    at = end - len(data)
    for byte in data:
        buf[at] = byte
        at += 1
    buf[end] = -total & 0xFF
    buf[end + 1] = 0
    return end + 2


class Incoming:
    """Received bytes in a buffer of its own, and what they are.

    view: the buffer to receive into. count: bytes received. After look(): start, end of the
    payload (TFI first) of an ANSWER; need: bytes that must be there before look() can say more.
    """

    def __init__(self) -> None:
        self.view = memoryview(bytearray(2 * MAX_FRAME))
        self.clear()

    def clear(self) -> None:
        """Forget what has been received."""
        self.count = self.start = self.end = 0
        self.need = 6
        self._from = 0

    def look(self) -> int:
        """What the next frame is; tolerates noise and any number of 00 before it."""
        view, count, at = self.view, self.count, self._from
        while at + 1 < count and not (view[at] == 0 and view[at + 1] == 0xFF):
            at += 1
        self._from = at
        if at + 4 > count:
            return self._wait(at + 4)
        size, check = view[at + 2], view[at + 3]
        if size == 0 and check == 0xFF:
            self._from = at + 4  # its postamble is noise to the next look
            return ACK
        start = at + 4
        if size == 0xFF and check == 0xFF:
            if at + 7 > count:
                return self._wait(at + 7)
            size = view[at + 4] << 8 | view[at + 5]
            check = view[at + 4] + view[at + 5] + view[at + 6]
            start = at + 7
        else:
            check += size
        if check & 0xFF or not 1 <= size <= _MAX_PAYLOAD:
            self._from = at + 2
            return GARBLED
        end = start + size
        if end + 2 > count:
            return self._wait(end + 2)
        self._from = end + 2
        # The check is a sum, blind to a 00 that got lost; the postamble then stands elsewhere.
        if sum(view[start : end + 1]) & 0xFF or view[end + 1]:
            return GARBLED
        if view[start] == 0x7F:
            return SYNTAX_ERROR
        self.start, self.end = start, end
        return ANSWER if size >= 2 else GARBLED

    def _wait(self, need: int) -> int:
        self.need = need
        return PARTIAL

    def is_begun(self) -> bool:
        """True if a frame has begun that is not complete."""
        return self.count > self._from + 2

    def make_room(self) -> None:
        """Throw away what has been looked at, if there is no room for a whole frame behind it."""
        if len(self.view) - self.count < MAX_FRAME:
            rest = self.count - self._from
            self.view[:rest] = self.view[self._from : self.count]
            self.count, self._from = rest, 0
