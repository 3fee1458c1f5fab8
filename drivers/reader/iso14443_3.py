"""ISO/IEC 14443-3, the reader's side: finding and telling apart cards of types A and B."""

from micropython import const

from .pcd import COLLISION, GARBLED, SILENT

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from ..kinds import Data
    from .pcd import Pcd

WUPA = b"\x52"
REQA = b"\x26"
_SELECT_CODES = (0x93, 0x95, 0x97)
_CASCADE_TAG = const(0x88)
_NOT_COMPLETE = const(0x04)  # SAK: UID not complete
_HLTA = b"\x50\x00"
_TIMEOUT_US = const(1000)  # a card answers within 91 us + 5.4 ms of RATS apart; B: 4.8 ms at most
_TIMEOUT_B_US = const(6000)
_TRIES = const(2)
_BITS = const(32)
_SLOTS_CODE = const(4)  # 16 slots
_SLOTS = const(16)
_ATQB_SIZE = const(12)


class TypeA:
    """Cards of type A on `pcd`. uid and sak: of the card that select() chose."""

    def __init__(self, pcd: "Pcd"):
        self._pcd = pcd
        self._frame = memoryview(bytearray(7))
        self.has_collided = False
        self.sak = 0
        self.uid = b""

    async def request(self, code: "Data") -> bool:
        """REQA or WUPA; True if anybody answered, however garbled by being several."""
        return await self._pcd.transceive(code, _TIMEOUT_US, False, 7) != SILENT

    async def select(self) -> bool:
        """Choose one of the cards that answered; True once it is active.

        has_collided tells whether there were others. Of several, those with a 1 in the first bit
        that differs go on.
        """
        self.has_collided, uid = False, b""
        for code in _SELECT_CODES:
            if not await self._level(code):
                return False
            frame = self._frame
            frame[1] = 0x70
            if await self._pcd.transceive(frame, _TIMEOUT_US) != 1:
                return False
            self.sak = self._pcd.rx[0]
            if not self.sak & _NOT_COMPLETE:
                self.uid = uid + bytes(frame[2:6])
                return True
            if frame[2] != _CASCADE_TAG:
                return False
            uid += bytes(frame[3:6])
        return False

    async def _level(self, code: int) -> bool:
        """Anticollision of one cascade level: its four bytes and BCC in frame[2:7].

        Bit by bit where cards collide, from whether anybody answers: chips and clones count the
        position of a collision in different ways.
        """
        frame, known = self._frame, 0
        frame[0] = code
        for index in range(2, 7):
            frame[index] = 0
        while True:
            got = await self._ask(known)
            if got > 0:
                return self._take(known, got)
            if got != COLLISION or known >= _BITS:
                return False
            self.has_collided = True
            frame[2 + (known >> 3)] |= 1 << (known & 7)
            known += 1
            if await self._ask(known) == SILENT:
                frame[2 + (known - 1 >> 3)] ^= 1 << (known - 1 & 7)

    async def _ask(self, known: int) -> int:
        """ANTICOLLISION with so many bits of the UID given; once more if it comes garbled."""
        whole, odd = known >> 3, known & 7
        self._frame[1] = 0x20 + (whole << 4 | odd)
        size = 2 + whole + (1 if odd else 0)
        for _ in range(_TRIES):
            got = await self._pcd.transceive(self._frame[:size], _TIMEOUT_US, False, odd)
            if got != GARBLED:
                break
        return got

    def _take(self, known: int, got: int) -> bool:
        """Put the received rest behind the known bits; True if size and BCC are right."""
        frame, rx, first = self._frame, self._pcd.rx, 2 + (known >> 3)
        if first + got != 7:
            return False
        mask = (1 << (known & 7)) - 1
        frame[first] = frame[first] & mask | rx[0] & ~mask
        for index in range(1, got):
            frame[first + index] = rx[index]
        return frame[2] ^ frame[3] ^ frame[4] ^ frame[5] == frame[6]

    async def halt(self) -> None:
        """HLTA: the card answers to WUPA only from now on."""
        await self._pcd.transceive(_HLTA, _TIMEOUT_US)


class TypeB:
    """Cards of type B on `pcd`. atqb: view of the 12 bytes of the card that answered last."""

    def __init__(self, pcd: "Pcd"):
        self._pcd = pcd
        self._request = bytearray((0x05, 0, 0))
        self._frame = bytearray(9)
        self._marker = bytearray(1)
        self.atqb = memoryview(bytearray(_ATQB_SIZE))

    async def request(self, afi: int = 0, is_wake_up: bool = True) -> int:
        """REQB or WUPB with one slot: 1 (a card, in atqb), 0 (none), or COLLISION."""
        self._request[1], self._request[2] = afi, 8 if is_wake_up else 0
        got = await self._pcd.transceive(self._request, _TIMEOUT_B_US)
        if got in (GARBLED, COLLISION):
            return COLLISION
        return 1 if self._is_atqb(got) else 0

    def _is_atqb(self, got: int) -> bool:
        if got < _ATQB_SIZE or self._pcd.rx[0] != 0x50:
            return False
        self.atqb[:] = self._pcd.rx[:_ATQB_SIZE]
        return True

    async def list(self) -> "list[bytes]":
        """The PUPIs (bytes) of the cards told apart in 16 slots (7.7)."""
        found = []
        self._request[1], self._request[2] = 0, 8 | _SLOTS_CODE
        got = await self._pcd.transceive(self._request, _TIMEOUT_B_US)
        for slot in range(1, _SLOTS + 1):
            if self._is_atqb(got):
                found.append(bytes(self.atqb[1:5]))
            if slot < _SLOTS:
                self._marker[0] = slot << 4 | 0x05
                got = await self._pcd.transceive(self._marker, _TIMEOUT_B_US)
        return found

    async def attrib(self, fsdi: int) -> bool:
        """Choose the card of atqb; True if it agreed. fsdi: code of our frame size."""
        frame = self._frame
        frame[0] = 0x1D
        frame[1:5] = self.atqb[1:5]
        frame[5], frame[6], frame[7], frame[8] = 0, fsdi, self.atqb[10] & 0x0F, 0
        for _ in range(_TRIES):
            got = await self._pcd.transceive(frame, _TIMEOUT_B_US)
            if got >= 1:
                return self._pcd.rx[0] & 0x0F == 0
        return False
