"""The card's side of ISO/IEC 14443-4: blocks, chaining both ways, waiting time extensions."""

from dataclasses import dataclass
from math import ceil

from onecard.sim.cards.base import Card

FC_MHZ = 13.56
FRAME_SIZES = (16, 24, 32, 40, 48, 64, 96, 128, 256, 512, 1024, 2048, 4096)


def fwt_us(fwi: int) -> float:
    """Frame waiting time in microseconds for FWI 0..14 (ISO/IEC 14443-4, 7.2)."""
    return 4096 / FC_MHZ * 2 ** min(fwi, 14)


@dataclass(frozen=True)
class AtsParameters:
    """What an ATS says; the defaults are those of a card that leaves the byte out."""

    fsc: int = 32
    fwi: int = 4
    sfgi: int = 0
    has_cid: bool = True

    @property
    def fwt_us(self) -> float:
        return fwt_us(self.fwi)


def parse_ats(ats: bytes) -> AtsParameters:
    """Read an ATS (with TL, without CRC). Bytes that are missing take the standard's defaults."""
    if len(ats) < 2:
        return AtsParameters()
    t0, rest = ats[1], list(ats[2:])
    if t0 & 0x10 and rest:
        rest.pop(0)
    tb = rest.pop(0) if t0 & 0x20 and rest else 0x40
    tc = rest.pop(0) if t0 & 0x40 and rest else 0x02
    fsci = min(t0 & 0x0F, len(FRAME_SIZES) - 1)
    return AtsParameters(FRAME_SIZES[fsci], tb >> 4, tb & 0x0F, bool(tc & 0x02))


@dataclass(frozen=True)
class Block:
    """A block from the card, without CRC, and the card's own time before it."""

    data: bytes
    delay_us: float = 0.0


class CardBlocks:
    """One activation of the protocol. fsd: the reader's frame size; cid as it assigned.

    After S(DESELECT) is_over is set. rates: what a PPS has agreed on, (to card, to reader) as
    log2 of the factor over 106 kbit/s; ta: the ATS's TA byte, what the card may be asked for.
    """

    def __init__(
        self, card: Card, parameters: AtsParameters, fsd: int, cid: int, ta: int = 0
    ) -> None:
        self.card, self.parameters = card, parameters
        self.rates = (0, 0)
        self.is_over = False
        self._fsd, self._cid, self._ta = fsd, cid, ta
        self._block, self._received, self._pending = 1, b"", b""
        self._last: Block | None = None
        self._waiting: bytes | None = None

    def receive(self, data: bytes) -> Block | None:
        """A block from the reader; None is silence."""
        pcb = data[0]
        if pcb & 0xF0 == 0xD0:
            return self._pps(data)
        body = data[1:]
        if pcb & 0x08:
            if not body or body[0] & 0x0F != self._cid or not self.parameters.has_cid:
                return None
            body = body[1:]
        elif self._cid:
            return None
        if pcb & 0xE2 == 0x02:
            return self._keep(self._information(pcb, body))
        if pcb & 0xE6 == 0xA2 and not body:
            return self._receipt(pcb)
        if pcb & 0xF7 == 0xC2:
            self.is_over, self._waiting = True, None
            return Block(self._header(0xC2, pcb))
        if pcb & 0xF7 == 0xF2 and len(body) == 1 and self._waiting is not None:
            return self._keep(self._work(pcb))
        return None

    def _pps(self, data: bytes) -> Block | None:
        """Protocol and parameter selection (5.3): as the first block, within what TA offers."""
        if len(data) != 3 or self._last is not None or data[0] & 0x0F != self._cid:
            return None
        to_reader, to_card = data[2] >> 2 & 3, data[2] & 3
        offered = all(
            not rate or bits >> (rate - 1) & 1
            for rate, bits in ((to_reader, self._ta >> 4), (to_card, self._ta))
        )
        if data[1] != 0x11 or not offered or (self._ta & 0x80 and to_reader != to_card):
            return None
        self.rates = to_card, to_reader
        return Block(data[:1])

    def _keep(self, answer: Block) -> Block:
        self._last = answer
        return answer

    @staticmethod
    def _with_cid(pcb: int) -> bool:
        return bool(pcb & 0x08)

    def _header(self, code: int, pcb: int) -> bytes:
        if self._with_cid(pcb):
            return bytes([code | 0x08, self._cid])
        return bytes([code])

    def _information(self, pcb: int, inf: bytes) -> Block:
        self._block ^= 1
        self._received += inf
        if pcb & 0x10:
            return Block(self._header(0xA2 | self._block, pcb))
        self._waiting, self._received = self._received, b""
        limit_us = 0.9 * self.parameters.fwt_us
        if self.card.apdu_us <= limit_us:
            return self._work(pcb, self.card.apdu_us)
        factor = min(59, ceil(self.card.apdu_us / self.parameters.fwt_us))
        return Block(self._header(0xF2, pcb) + bytes([factor]), delay_us=limit_us)

    def _work(self, pcb: int, delay_us: float | None = None) -> Block:
        """Run the APDU that waits and give the first block of its answer."""
        apdu, self._waiting = self._waiting or b"", None
        if delay_us is None:  # the rest, after an S(WTX)
            delay_us = self.card.apdu_us - 0.9 * self.parameters.fwt_us
        self._pending = self.card.process(apdu)
        if not self._pending:
            self._pending = b"\x6f\x00"
        return self._next_block(pcb, delay_us)

    def _next_block(self, pcb: int, delay_us: float = 0.0) -> Block:
        size = self._fsd - 3 - self._with_cid(pcb)
        size = min(size, getattr(self.card, "inf_size", size))
        inf, self._pending = self._pending[:size], self._pending[size:]
        code = 0x02 | self._block | (0x10 if self._pending else 0)
        return Block(self._header(code, pcb) + inf, delay_us=delay_us)

    def _receipt(self, pcb: int) -> Block | None:
        if pcb & 1 == self._block:
            return self._last and Block(self._last.data)
        if pcb & 0x10:  # R(NAK) with the other number
            return Block(self._header(0xA2 | self._block, pcb))
        if not self._pending:
            return None
        self._block ^= 1
        return self._keep(self._next_block(pcb))
