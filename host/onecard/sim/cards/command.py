"""Command APDUs of ISO/IEC 7816-4 as cards take them apart, and how they refuse one."""

from dataclasses import dataclass


class ApduError(Exception):
    """The card says no; sw is the status word, data what goes before it (mostly nothing)."""

    def __init__(self, sw: int, data: bytes = b"") -> None:
        super().__init__(f"{sw:04X}")
        self.sw, self.data = sw, data


@dataclass(frozen=True)
class Command:
    """A command APDU taken apart; le is None if absent, 256 for 00."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes
    le: int | None

    @classmethod
    def parse(cls, apdu: bytes) -> "Command":
        """Raises ApduError 6700 unless the bytes are a well-formed short APDU."""
        if len(apdu) < 4:
            raise ApduError(0x6700)
        cla, ins, p1, p2 = apdu[:4]
        body = apdu[4:]
        if len(body) < 2:
            return cls(cla, ins, p1, p2, b"", (body[0] or 256) if body else None)
        size, rest = body[0], body[1:]
        if size == 0 or len(rest) not in (size, size + 1):
            raise ApduError(0x6700)
        le = (rest[size] or 256) if len(rest) > size else None
        return cls(cla, ins, p1, p2, rest[:size], le)

    def limit(self, answer: bytes) -> bytes:
        """The answer, if le fits it: absent, 00 or exact. Raises ApduError 6Cxx otherwise."""
        if self.le not in (None, 256, len(answer)):
            raise ApduError(0x6C00 | len(answer) & 0xFF)
        return answer

    def need(self, p1: int, p2: int, size: int | None = None) -> None:
        """Raises ApduError 6A86 unless P1 P2 are these, 6700 unless the data has this size."""
        if (self.p1, self.p2) != (p1, p2):
            raise ApduError(0x6A86)
        if size is not None and len(self.data) != size:
            raise ApduError(0x6700)

    def is_read(self) -> None:
        """Raises ApduError 6700 unless it is a reading command: Le and no data."""
        if self.le is None or self.data:
            raise ApduError(0x6700)

    def part(self, content: bytes, offset: int) -> bytes:
        """What READ BINARY gives of a file. Raises ApduError 6B00 or 6Cxx."""
        rest = content[offset:]
        if not rest:
            raise ApduError(0x6B00)
        if self.le != 256 and self.le is not None and self.le > len(rest):
            raise ApduError(0x6C00 | len(rest) & 0xFF)
        return rest[: self.le]
