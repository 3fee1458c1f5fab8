"""How a simulated contact card introduces itself: ISO/IEC 7816-3:2006 clause 8."""

from dataclasses import dataclass
from fractions import Fraction

# Tables 7 and 8: what TA1 stands for.
FI = {0: 372, 1: 372, 2: 558, 3: 744, 4: 1116, 5: 1488, 6: 1860, 9: 512, 10: 768, 11: 1024,
      12: 1536, 13: 2048}  # fmt: skip
DI = {1: 1, 2: 2, 3: 4, 4: 8, 5: 16, 6: 32, 7: 64, 8: 12, 9: 20}


@dataclass(frozen=True)
class Profile:
    """A card's transmission settings; None leaves an interface byte out.

    ta1: Fi/Di. tc1: extra guard time. ta2: specific mode. tc2: WI. protocols: T numbers in the
    order offered. historical: up to 15 bytes. raw: a whole ATR instead (logical values from TS).
    is_inverse: the convention. reset_etu: clocks for a bit after reset. reset_clocks: from RST to
    TS. pps: "accept", "default" (answers without PPS1) or "mute". ack: "all", "one" (a procedure
    byte for each byte) or "mixed". nulls: NULLs before each procedure byte at the least.
    character_etu: between leading edges. data_ins: instructions whose P3 is Lc.
    """

    ta1: int | None = None
    tc1: int | None = None
    ta2: int | None = None
    tc2: int | None = None
    protocols: tuple[int, ...] = (0,)
    historical: bytes = b"PSAM"
    raw: bytes = b""
    is_inverse: bool = False
    reset_etu: int = 372
    reset_clocks: int = 15_000
    pps: str = "accept"
    ack: str = "all"
    nulls: int = 0
    character_etu: int = 12
    data_ins: frozenset[int] = frozenset(
        (0x1A, 0x20, 0x50, 0x54, 0x70, 0x72, 0x82, 0x88, 0xA4, 0xCA, 0xD6, 0xDC, 0xE2, 0xFA)
    )

    def etu(self, ta1: int | None = None) -> Fraction:
        """Clocks a bit by `ta1` (default: the profile's own). Raises KeyError if reserved."""
        value = self.ta1 if ta1 is None else ta1
        value = 0x11 if value is None else value
        return Fraction(FI[value >> 4], DI[value & 15])

    @property
    def wait_clocks(self) -> int:
        """10.2: the work waiting time, 960 WI Fi clocks."""
        ta1 = 0x11 if self.ta1 is None else self.ta1
        return 960 * (self.tc2 or 10) * FI.get(ta1 >> 4, 372)

    def atr(self) -> bytes:
        """The ATR in logical values: TS, T0, interface bytes, historical bytes, TCK."""
        if self.raw:
            return self.raw
        levels = [[self.ta1, None, self.tc1], [self.ta2, None, self.tc2]]
        is_plain = self.protocols == (0,) and self.ta2 is None and self.tc2 is None
        tds = [] if is_plain else list(self.protocols)
        while len(levels) < len(tds) + 1:
            levels.append([None, None, None])
        out = bytearray()
        for index, level in enumerate(levels[: len(tds) + 1]):
            y = sum(1 << bit for bit, value in enumerate(level) if value is not None)
            is_last = index == len(tds)
            y |= 0 if is_last else 8
            head = len(self.historical) if index == 0 else tds[index - 1]
            out.append(y << 4 | head)
            out += bytes(value for value in level if value is not None)
        out += self.historical
        if any(self.protocols):
            check = 0
            for byte in out:
                check ^= byte
            out.append(check)
        return bytes([0x3F if self.is_inverse else 0x3B]) + bytes(out)
