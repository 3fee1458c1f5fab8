"""Host frames of the PN532 as the chip sees them (NXP UM0701-02, 6.2.1)."""

from collections.abc import Iterator

ACK = bytes.fromhex("0000FF00FF00")
SYNTAX_ERROR = bytes.fromhex("0000FF01FF7F8100")
MAX_BODY_SIZE = 265  # TFI and at most 264 bytes


def build(body: bytes, with_ambles: bool = True) -> bytes:
    """The frame of body (TFI first), extended if it has more than 255 bytes.

    with_ambles: preamble and postamble are sent (SetParameters bit 6 leaves them out).
    """
    size = len(body)
    if size <= 0xFF:
        head = bytes([size, -size & 0xFF])
    else:
        head = b"\xff\xff" + size.to_bytes(2, "big") + bytes([-(size + (size >> 8)) & 0xFF])
    frame = b"\x00\xff" + head + body + bytes([-sum(body) & 0xFF])
    return b"\x00" + frame + b"\x00" if with_ambles else frame


class FrameParser:
    """Cuts what arrives, in any portions, into frames.

    Events: ("ack", b""), ("nack", b""), ("frame", body with TFI), ("fault", reason as ASCII).
    Preamble and postamble may be missing or long. A length with a wrong checksum is skipped and
    the search for a start code goes on behind it.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    def clear(self) -> None:
        """Forget a frame that has only partly arrived."""
        self._buffer.clear()

    def feed(self, data: bytes) -> Iterator[tuple[str, bytes]]:
        """Take data; yields the events it completes."""
        self._buffer += data
        while True:
            event = self._next()
            if event is None:
                return
            yield event

    def _next(self) -> tuple[str, bytes] | None:
        buffer = self._buffer
        start = buffer.find(b"\x00\xff")
        if start < 0:
            del buffer[: -1 if buffer.endswith(b"\x00") else len(buffer)]
            return None
        del buffer[:start]
        if len(buffer) < 4:
            return None
        head = bytes(buffer[2:4])
        if head == b"\x00\xff" or head == b"\xff\x00":
            del buffer[:4]
            return ("ack" if head[0] == 0 else "nack"), b""
        if head == b"\xff\xff":
            return self._extended()
        if sum(head) & 0xFF or not head[0]:
            del buffer[:2]
            return "fault", b"LCS"
        return self._body(4, head[0])

    def _extended(self) -> tuple[str, bytes] | None:
        if len(self._buffer) < 7:
            return None
        size = self._buffer[4] << 8 | self._buffer[5]
        if sum(self._buffer[4:7]) & 0xFF or not 1 <= size <= MAX_BODY_SIZE:
            del self._buffer[:2]
            return "fault", b"LCS"
        return self._body(7, size)

    def _body(self, start: int, size: int) -> tuple[str, bytes] | None:
        if len(self._buffer) < start + size + 1:
            return None
        body = bytes(self._buffer[start : start + size + 1])
        del self._buffer[: start + size + 1]
        if sum(body) & 0xFF:
            return "fault", b"DCS"
        return "frame", body[:-1]
