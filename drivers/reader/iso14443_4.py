"""ISO/IEC 14443-4, the reader's side: I-, R- and S-blocks, chaining both ways, WTX, retries."""

import asyncio

from micropython import const

from .base import CardGone, LinkError
from .pcd import SILENT

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from ..kinds import Data
    from .pcd import Pcd

FRAME_SIZES = (16, 24, 32, 40, 48, 64, 96, 128, 256)  # by FSCI and FSDI; above 8: as 8
_FWT_0_US = const(302)  # 4096 / fc, 7.2
_FWI_MAX = const(14)
_MARGIN_US = const(400)  # delta FWT (49152 / fc is 3.6 ms for B's ATTRIB) and our own turn

_I_BLOCK = const(0x02)
_CHAINING = const(0x10)
_R_ACK = const(0xA2)
_R_NAK = const(0xB2)
_S_DESELECT = const(0xC2)
_S_WTX = const(0xF2)

_MAX_NAKS = const(3)
_MAX_WAIT_US = const(10_000_000)  # of waiting time extensions to one command
_MAX_ANSWER = const(258)


def fwt_us(fwi: int) -> int:
    """Frame waiting time in microseconds; FWI 15 is RFU and taken as 4 (7.2)."""
    return _FWT_0_US << (fwi if fwi <= _FWI_MAX else 4)


class Ats:
    """Answer to select (5.2). Bytes that are missing take the standard's defaults.

    fsc: largest frame the card takes, bytes. ta: its bit rates. sfgi: start-up guard time.
    Raises CardGone if the bytes cannot be an ATS.
    """

    def __init__(self, ats: bytes):
        if not ats or ats[0] != len(ats):
            raise CardGone("ATS of %d bytes says %d" % (len(ats), ats[0] if ats else 0))
        t0 = ats[1] if len(ats) > 1 else 0x02
        at, self.ta, tb = 2, 0, 0x40
        if t0 & 0x10 and at < len(ats):
            self.ta = ats[at]
            at += 1
        if t0 & 0x20 and at < len(ats):
            tb = ats[at]
        self.fsc = FRAME_SIZES[min(t0 & 0x0F, 8)]
        self.fwt_us = fwt_us(tb >> 4)
        self.sfgi = tb & 0x0F if tb & 0x0F <= _FWI_MAX else 0


class Blocks:
    """The protocol with one card at a time on `pcd`; begin() first. No CID and no NAD is used."""

    def __init__(self, pcd: "Pcd"):
        self._pcd = pcd
        self._tx = memoryview(bytearray(FRAME_SIZES[-1]))
        self._short = bytearray(2)
        self._r = memoryview(self._short)[:1]
        self._wtx = memoryview(self._short)
        self._answer = memoryview(bytearray(_MAX_ANSWER))
        self.begin(32, fwt_us(4))

    def begin(self, fsc: int, fwt: int) -> None:
        """A card was activated: its frame size (bytes, CRC included) and waiting time (us)."""
        self._inf_size = fsc - 3
        self._fwt_us = fwt + _MARGIN_US
        self._block = 0

    async def exchange(self, command: "Data") -> memoryview:
        """One APDU; returns the answer as a view, valid until the next call. Raises CardGone."""
        at, end, tx = 0, len(command), self._tx
        while True:
            size = min(self._inf_size, end - at)
            is_last = at + size == end
            tx[0] = _I_BLOCK | self._block | (0 if is_last else _CHAINING)
            tx[1 : 1 + size] = command[at : at + size]
            got = await self._round(tx[: 1 + size], is_last, False)
            self._block ^= 1
            if is_last:
                return await self._collect(got)
            at += size

    async def _collect(self, got: int) -> memoryview:
        """Join the blocks of an answer that is chained."""
        rx, answer, count = self._pcd.rx, self._answer, 0
        while True:
            end = count + got - 1
            if end > _MAX_ANSWER:
                raise LinkError("answer longer than a short APDU allows")
            answer[count:end] = rx[1:got]
            count = end
            if not rx[0] & _CHAINING:
                return answer[:count]
            self._r[0] = _R_ACK | self._block
            got = await self._round(self._r, True, True)
            self._block ^= 1

    async def _round(self, block: memoryview, wants_data: bool, is_receiving: bool) -> int:
        """Send a block until it is answered as it should be; returns the answer's size in rx.

        wants_data: an I-block, else R(ACK). is_receiving: in the card's chain, where the block is
        an R(ACK) that is simply said again. Rules 1 to 8 of 7.5.4 and 7.5.5.
        """
        frame, timeout_us, naks, waited_us = block, self._fwt_us, 0, 0
        rx = self._pcd.rx
        while True:
            got = await self._pcd.transceive(frame, timeout_us)
            timeout_us = self._fwt_us
            pcb = rx[0] if got > 0 else 0
            if got == 2 and pcb == _S_WTX and 1 <= rx[1] & 0x3F <= 59:
                timeout_us = min(self._fwt_us * (rx[1] & 0x3F), _FWT_0_US << _FWI_MAX)
                waited_us += timeout_us
                if waited_us > _MAX_WAIT_US:
                    raise CardGone("card asks for time for ever")
                self._wtx[0], self._wtx[1] = _S_WTX, rx[1] & 0x3F
                frame = self._wtx
                continue
            if got > 0 and pcb & 1 == self._block:
                if wants_data and pcb & 0xEE == _I_BLOCK:
                    return got
                if not wants_data and got == 1 and pcb & 0xFE == _R_ACK:
                    return got
            naks += 1
            if naks > _MAX_NAKS:
                raise CardGone("card is silent" if got == SILENT else "card answers wrongly")
            if got == 1 and pcb & 0xFE == _R_ACK and pcb & 1 != self._block and not is_receiving:
                frame = block  # it did not get our block: say it again
            elif is_receiving:
                frame = block
            else:
                self._r[0] = _R_NAK | self._block
                frame = self._r

    async def is_present(self) -> bool:
        """R(NAK) brings R(ACK) from a card that is there, and nothing else (7.5.5, annex B)."""
        self._r[0] = _R_NAK | self._block
        for _ in range(2):
            got = await self._pcd.transceive(self._r, self._fwt_us)
            if got == 1 and self._pcd.rx[0] & 0xFE == _R_ACK:
                return True
        return False

    async def deselect(self) -> bool:
        """S(DESELECT), once more if it is not answered; True if the card is halted now."""
        self._r[0] = _S_DESELECT
        for _ in range(2):
            if await self._pcd.transceive(self._r, self._fwt_us) == 1:
                return True
        return False


async def start_up_guard(sfgi: int) -> None:
    """Wait the card's start-up frame guard time."""
    if sfgi:
        await asyncio.sleep_ms((_FWT_0_US << sfgi) // 1000 + 1)
