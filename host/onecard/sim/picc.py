"""The card's side of ISO/IEC 14443-3 type A and 14443-4, in front of an APDU-level card."""

from dataclasses import dataclass
from math import ceil

from onecard.sim.cards.base import Card

FC_MHZ = 13.56
FRAME_SIZES = (16, 24, 32, 40, 48, 64, 96, 128, 256, 512, 1024, 2048, 4096)
CASCADE_TAG = 0x88
_SELECT_CODES = (0x93, 0x95, 0x97)


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
class Answer:
    """A frame from the card: data without CRC, whether a CRC goes with it, and the card's time."""

    data: bytes
    has_crc: bool = True
    delay_us: float = 0.0


def cascade(uid: bytes) -> list[bytes]:
    """The four UID bytes of each cascade level, cascade tags put in (ISO/IEC 14443-3, 6.5.4)."""
    if len(uid) == 4:
        return [uid]
    if len(uid) == 7:
        return [bytes([CASCADE_TAG]) + uid[:3], uid[3:]]
    if len(uid) == 10:
        return [bytes([CASCADE_TAG]) + uid[:3], bytes([CASCADE_TAG]) + uid[3:6], uid[6:]]
    raise ValueError("a UID has 4, 7 or 10 bytes")


def check_byte(uid4: bytes) -> int:
    """BCC: the exclusive or of the four bytes."""
    bcc = 0
    for byte in uid4:
        bcc ^= byte
    return bcc


class Picc:
    """States idle, ready, active, halt and protocol of one card in the field."""

    def __init__(self, card: Card) -> None:
        self.card = card
        self.parameters = parse_ats(card.ats)
        self._levels = cascade(card.uid)
        self._after_power_on()

    def power_off(self) -> None:
        """No field: the card and its protocol start anew next time."""
        self.card.power_off()
        self._after_power_on()

    def _after_power_on(self) -> None:
        self.state = "idle"
        self._was_halted = False
        self._level = 0
        self._fsd = 32
        self._cid = 0
        self._block = 1
        self._received = b""
        self._pending = b""
        self._last: Answer | None = None
        self._waiting: bytes | None = None

    def receive(self, data: bytes, bits: int = 8, has_crc: bool = True) -> Answer | None:
        """One frame from the reader, CRC taken off. bits: of its last byte. None is silence."""
        if bits == 7:
            return self._wake(data[0])
        if bits != 8 or not data:
            return None
        if self.state == "ready":
            return self._select(data, has_crc)
        if not has_crc:
            return None
        if self.state == "active":
            return self._active(data)
        if self.state == "protocol":
            return self._protocol(data)
        return None

    def _wake(self, code: int) -> Answer | None:
        if self.state in ("ready", "active"):  # an unexpected REQA: back to where it came from
            self.state = "halt" if self._was_halted else "idle"
            return None
        if self.state == "protocol" or (self.state == "halt" and code != 0x52):
            return None
        if code not in (0x26, 0x52):
            return None
        self._was_halted = self.state == "halt"
        self.state, self._level = "ready", 0
        return Answer(self.card.atqa, has_crc=False)

    def _select(self, data: bytes, has_crc: bool) -> Answer | None:
        level = self._levels[self._level]
        known = level + bytes([check_byte(level)])
        if len(data) < 2 or data[0] != _SELECT_CODES[self._level]:
            self.state = "halt" if self._was_halted else "idle"
            return None
        if data[1] == 0x70 and has_crc and data[2:] == known:
            return self._selected()
        size = (data[1] >> 4) - 2
        if not has_crc and data[1] & 7 == 0 and 0 <= size < 5 and data[2:] == known[:size]:
            return Answer(known[size:], has_crc=False)
        self.state = "halt" if self._was_halted else "idle"
        return None

    def _selected(self) -> Answer:
        self._level += 1
        if self._level < len(self._levels):
            return Answer(bytes([0x04]))
        self.state = "active"
        return Answer(bytes([self.card.sak]))

    def _active(self, data: bytes) -> Answer | None:
        if data == b"\x50\x00":
            self.state = "halt"
            return None
        if data[0] == 0xE0 and len(data) == 2 and self.card.ats:
            self._fsd = FRAME_SIZES[min(data[1] >> 4, len(FRAME_SIZES) - 1)]
            self._cid = data[1] & 0x0F
            self._block, self._received, self._pending = 1, b"", b""
            self.state = "protocol"
            return Answer(self.card.ats)
        raw = getattr(self.card, "raw", None)
        answer = raw(data) if raw else None
        if answer is None:
            self.state = "halt" if self._was_halted else "idle"
            return None
        return Answer(answer)

    # -- ISO/IEC 14443-4 -----------------------------------------------------

    def _protocol(self, data: bytes) -> Answer | None:
        pcb = data[0]
        if pcb & 0xF0 == 0xD0 and len(data) == 3 and self._last is None:  # PPS
            return Answer(data[:1]) if data[2] & 0x0F == 0 else None
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
            self.state, self._waiting = "halt", None
            return Answer(self._header(0xC2, pcb))
        if pcb & 0xF7 == 0xF2 and len(body) == 1 and self._waiting is not None:
            return self._keep(self._work(pcb))
        return None

    def _keep(self, answer: Answer) -> Answer:
        self._last = answer
        return answer

    @staticmethod
    def _with_cid(pcb: int) -> bool:
        return bool(pcb & 0x08)

    def _header(self, code: int, pcb: int) -> bytes:
        if self._with_cid(pcb):
            return bytes([code | 0x08, self._cid])
        return bytes([code])

    def _information(self, pcb: int, inf: bytes) -> Answer:
        self._block ^= 1
        self._received += inf
        if pcb & 0x10:
            return Answer(self._header(0xA2 | self._block, pcb))
        self._waiting, self._received = self._received, b""
        limit_us = 0.9 * self.parameters.fwt_us
        if self.card.apdu_us <= limit_us:
            return self._work(pcb, self.card.apdu_us)
        factor = min(59, ceil(self.card.apdu_us / self.parameters.fwt_us))
        return Answer(self._header(0xF2, pcb) + bytes([factor]), delay_us=limit_us)

    def _work(self, pcb: int, delay_us: float | None = None) -> Answer:
        """Run the APDU that waits and give the first block of its answer."""
        apdu, self._waiting = self._waiting or b"", None
        if delay_us is None:  # the rest, after an S(WTX)
            delay_us = self.card.apdu_us - 0.9 * self.parameters.fwt_us
        self._pending = self.card.process(apdu)
        if not self._pending:
            self._pending = b"\x6f\x00"
        return self._next_block(pcb, delay_us)

    def _next_block(self, pcb: int, delay_us: float = 0.0) -> Answer:
        size = self._fsd - 3 - self._with_cid(pcb)
        inf, self._pending = self._pending[:size], self._pending[size:]
        code = 0x02 | self._block | (0x10 if self._pending else 0)
        return Answer(self._header(code, pcb) + inf, delay_us=delay_us)

    def _receipt(self, pcb: int) -> Answer | None:
        if pcb & 1 == self._block:
            return self._last and Answer(self._last.data)
        if pcb & 0x10:  # R(NAK) with the other number
            return Answer(self._header(0xA2 | self._block, pcb))
        if not self._pending:
            return None
        self._block ^= 1
        return self._keep(self._next_block(pcb))
