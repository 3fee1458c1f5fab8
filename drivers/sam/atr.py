"""The answer to reset, ISO/IEC 7816-3:2006 clause 8: how long it is and what it says."""

from micropython import const

from .base import ProtocolError

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from ..kinds import Data

MAX_SIZE = const(33)  # TS and at most 32 more, 8.2.1
TS_DIRECT = const(0x3B)
TS_INVERSE = const(0x3F)
F_DEFAULT = const(372)
WI_DEFAULT = const(10)

# Tables 7 and 8; 0: reserved. Fi in clocks, Di without unit.
FI = (372, 372, 558, 744, 1116, 1488, 1860, 0, 0, 512, 768, 1024, 1536, 2048, 0, 0)
DI = (0, 1, 2, 4, 8, 16, 32, 64, 12, 20, 0, 0, 0, 0, 0, 0)
_BITS = (0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4)  # interface bytes that a Y announces
_HAS_TD = const(8)


def missing(data: "Data", count: int) -> int:
    """How many characters must come after the first `count` in `data`; 0 when it is complete.

    A number so large that the ATR would pass 33 characters raises ProtocolError.
    """
    if count < 2:
        return 2 - count
    size, y, has_tck = 2, data[1] >> 4, 0
    while True:
        size += _BITS[y]
        if not y & _HAS_TD:
            size += (data[1] & 15) + has_tck
            break
        if size > count:
            break
        has_tck |= 1 if data[size - 1] & 15 else 0
        y = data[size - 1] >> 4
    if size > MAX_SIZE:
        raise ProtocolError("ATR of more than 33 characters: %s" % bytes(data[:count]).hex())
    return size - count


class Atr:
    """What a whole ATR says. data: from TS on, in logical values (an inverse card's TS is 3F).

    ta1: as sent, 11 if absent. fi (clocks), di: what it stands for, 0 if reserved. extra_guard:
    TC1, 0..255. wi: TC2. protocols: T numbers in their order. specific: the T of TA2, None if the
    card negotiates; is_implicit: TA2 says that its speed is not in TA1. historical: bytes.
    Raises ProtocolError for a wrong TS, size or TCK.
    """

    def __init__(self, data: "Data"):
        data = bytes(data)
        if not data or data[0] not in (TS_DIRECT, TS_INVERSE):
            raise ProtocolError("no TS: %s" % data.hex())
        if missing(data, len(data)):
            raise ProtocolError("ATR of wrong size: %s" % data.hex())
        self.raw = data
        self.ta1, self.extra_guard, self.wi = 0x11, 0, WI_DEFAULT
        self.specific: "int | None" = None
        self.is_implicit = False
        at = self._interface(data)
        end = at + (data[1] & 15)
        self.historical = data[at:end]
        self._check(data, end)
        self.fi, self.di = FI[self.ta1 >> 4], DI[self.ta1 & 15]

    def _interface(self, data: "Data") -> int:
        """Take TA1..TDi; returns the offset of the historical bytes."""
        at, level, y, protocols = 2, 1, data[1] >> 4, []
        while True:
            for bit in (1, 2, 4):
                if y & bit:
                    self._take(level, bit, data[at])
                    at += 1
            if not y & _HAS_TD:
                break
            if data[at] & 15 not in protocols:
                protocols.append(data[at] & 15)
            y = data[at] >> 4
            at += 1
            level += 1
        self._has_tck = protocols not in ([], [0])
        self.protocols = tuple(p for p in protocols if p != 15) or (0,)  # 15: global bytes
        return at

    def _take(self, level: int, bit: int, value: int) -> None:
        if level == 1 and bit == 1:
            self.ta1 = value
        elif level == 1 and bit == 4:
            self.extra_guard = value
        elif level == 2 and bit == 1:
            self.specific, self.is_implicit = value & 15, bool(value & 0x10)
        elif level == 2 and bit == 4:
            self.wi = value or WI_DEFAULT  # 0 is reserved

    def _check(self, data: "Data", end: int) -> None:
        if len(data) != end + self._has_tck:
            raise ProtocolError("ATR of wrong size: %s" % data.hex())
        check = 0
        for byte in data[1:]:
            check ^= byte
        if self._has_tck and check:
            raise ProtocolError("wrong TCK: %s" % data.hex())
