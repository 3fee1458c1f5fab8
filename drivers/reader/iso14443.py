"""A reader made of any Pcd and ISO/IEC 14443 in software."""

import asyncio
import time

from micropython import const

from .base import CardGone, Reader, SeveralCards, Target
from .iso14443_3 import REQA, WUPA, TypeA, TypeB
from .iso14443_4 import FRAME_SIZES, Ats, Blocks, fwt_us, start_up_guard
from .pcd import COLLISION

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from ..kinds import Data
    from .pcd import Pcd

_HAS_BLOCKS = const(0x20)  # SAK: ISO/IEC 14443-4
_RATS = const(0xE0)
_ATS_TIMEOUT_US = const(6000)  # 65536 / fc is 4.8 ms (14443-4, 5.6.1)
_PAUSE_MS = const(15)  # between looks: the core is free meanwhile
_B_EVERY = const(4)
_MAX_CARDS = const(8)
_PPS_1 = const(0x11)


class Iso14443Reader(Reader):
    """pcd: the chip. has_type_b: type B cards are looked for too.

    max_rate: log2 of the highest factor over 106 kbit/s that PPS asks a card for; 0 for none.
    """

    def __init__(self, pcd: "Pcd", has_type_b: bool = True, max_rate: int = 0):
        self.pcd = pcd
        self.serves_several = False
        self._has_type_b = has_type_b
        self._max_rate = max_rate
        self._a, self._b, self.blocks = TypeA(pcd), TypeB(pcd), Blocks(pcd)
        self._rats = bytearray((_RATS, 0))
        self._looks = 0
        self._kind = ""
        self._is_on = False
        self._active: "Target | None" = None  # the target that was given out last

    async def start(self) -> None:
        """See Reader.start."""
        await self.pcd.start()
        self._is_on, self._kind, self._active = False, "", None

    async def _mode(self, kind: str) -> None:
        if not self._is_on:
            await self.pcd.switch_field(True)
            self._is_on = True
        if self._kind != kind:
            await self.pcd.set_mode(kind)
            self._kind = kind

    async def reset_field(self) -> None:
        """Take the power from all cards for a moment: they begin anew."""
        await self.pcd.switch_field(False)
        self._is_on, self._kind = False, ""

    async def poll(self, timeout_ms: int) -> "Target | None":
        """See Reader.poll."""
        start, has_type_b = time.ticks_ms(), self._has_type_b and self.pcd.has_type_b
        await self.pcd.check()
        if self._active is not None:
            await self.release(self._active)
        while True:
            self._looks += 1
            if has_type_b and not self._looks % _B_EVERY:
                target = await self._look_b()
            else:
                target = await self._look_a()
            self._active = target
            if target is not None or time.ticks_diff(time.ticks_ms(), start) >= timeout_ms:
                return target
            await asyncio.sleep_ms(_PAUSE_MS)

    # -- type A -------------------------------------------------------------------------

    async def _look_a(self) -> "Target | None":
        """A card that could be activated, or None; one that fails comes again in the next look."""
        await self._mode("A")
        a = self._a
        if not await a.request(REQA if self.serves_several else WUPA) or not await a.select():
            return None
        if a.has_collided and not self.serves_several:
            uids = await self._list_a()
            await self.reset_field()
            raise SeveralCards(uids)
        try:
            return await self._activate_a(a.uid, a.sak)
        except CardGone:
            return None

    async def _activate_a(self, uid: bytes, sak: int) -> "Target":
        if not sak & _HAS_BLOCKS:
            return PlainTarget(self, uid)
        self._rats[1] = self.pcd.fsdi << 4
        got = await self.pcd.transceive(self._rats, _ATS_TIMEOUT_US)
        if got < 1:
            raise CardGone("no ATS")
        raw = bytes(self.pcd.rx[:got])
        ats = Ats(raw)
        self.blocks.begin(ats.fsc, ats.fwt_us)
        await start_up_guard(ats.sfgi)
        if self._max_rate and ats.ta:
            await self._select_rate(ats.ta)
        return BlocksTarget(self, "A", uid, raw)

    async def _select_rate(self, ta: int) -> None:
        """PPS (14443-4, 5.3): the highest rates both sides have."""
        to_reader, to_card = self._highest(ta >> 4), self._highest(ta)
        if ta & 0x80:
            to_reader = to_card = min(to_reader, to_card)
        if not to_reader and not to_card:
            return
        frame = bytes((0xD0, _PPS_1, to_reader << 2 | to_card))
        if await self.pcd.transceive(frame, _ATS_TIMEOUT_US) != 1 or self.pcd.rx[0] != 0xD0:
            raise CardGone("no answer to PPS")
        await self.pcd.set_mode("A", to_card, to_reader)
        self._kind = ""

    def _highest(self, bits: int) -> int:
        rate = self._max_rate
        while rate and not bits >> (rate - 1) & 1:
            rate -= 1
        return rate

    async def _list_a(self) -> "tuple[bytes, ...]":
        """UIDs of the cards in the field; the one that was selected is the first."""
        a, uids = self._a, []
        for _ in range(_MAX_CARDS):
            uids.append(a.uid)
            await a.halt()
            if not await a.request(REQA) or not await a.select():
                break
        return tuple(uids)

    # -- type B -------------------------------------------------------------------------

    async def _look_b(self) -> "Target | None":
        await self._mode("B")
        b = self._b
        found = await b.request(0, not self.serves_several)
        if found == COLLISION:
            pupis = await b.list()
            if not self.serves_several:
                await self.reset_field()
                raise SeveralCards(tuple(pupis))
        if not found or not await b.attrib(self.pcd.fsdi):
            return None
        protocol = b.atqb[9:12]
        self.blocks.begin(FRAME_SIZES[min(protocol[1] >> 4, 8)], fwt_us(protocol[2] >> 4))
        return BlocksTarget(self, "B", bytes(b.atqb[1:5]), b"")

    # -- a card that is there -------------------------------------------------------------

    async def is_there(self, uid: bytes) -> bool:
        """True if a card without blocks, left active, still answers: halted, woken, chosen."""
        a = self._a
        await self._mode("A")
        await a.halt()
        return await a.request(WUPA) and await a.select() and a.uid == uid

    async def release(self, target: "Target") -> None:
        """Halt the card that was served, so that another can answer.

        Where one card is served at a time, and after one that did not confirm, all lose power: a
        card left in its protocol would answer no request.
        """
        self._active = None
        is_halted = False
        if self.serves_several:
            if target.is_iso_dep:
                is_halted = await self.blocks.deselect()
            else:
                await self._a.halt()
                is_halted = True
        if not is_halted or self._kind == "":
            await self.reset_field()


class PlainTarget(Target):
    """A type A card without ISO/IEC 14443-4."""

    def __init__(self, reader: "Iso14443Reader", uid: bytes):
        self._reader = reader
        self.uid = uid

    async def exchange(self, command: "Data", expected: int = 0) -> memoryview:
        """One raw frame of the card's own command set, CRC apart; see Target.exchange."""
        pcd = self._reader.pcd
        got = await pcd.transceive(command, fwt_us(7))
        if got < 1:
            raise CardGone("tag is silent")
        return pcd.rx[:got]

    async def is_present(self) -> bool:
        """See Target.is_present."""
        return await self._reader.is_there(self.uid)

    async def release(self) -> None:
        """See Target.release."""
        await self._reader.release(self)


class BlocksTarget(Target):
    """A card that speaks ISO/IEC 14443-4, of either type."""

    is_iso_dep = True

    def __init__(self, reader: "Iso14443Reader", kind: str, uid: bytes, ats: bytes):
        self._reader = reader
        self.kind = kind
        self.uid = uid
        self.ats = ats

    async def exchange(self, command: "Data", expected: int = 0) -> memoryview:
        """See Target.exchange."""
        return await self._reader.blocks.exchange(command)

    async def is_present(self) -> bool:
        """See Target.is_present."""
        return await self._reader.blocks.is_present()

    async def release(self) -> None:
        """See Target.release."""
        await self._reader.release(self)
