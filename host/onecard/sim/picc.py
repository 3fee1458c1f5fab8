"""The card's side of ISO/IEC 14443-3, types A and B, in front of an APDU-level card.

Frames are as on the air: CRC included, bits counted. What a card sees wrong it does not answer.
"""

from collections.abc import Callable
from dataclasses import dataclass

from onecard.sim.cards.base import Card
from onecard.sim.crc import crc_a, crc_b
from onecard.sim.picc_blocks import FRAME_SIZES, AtsParameters, Block, CardBlocks, parse_ats

CASCADE_TAG = 0x88
_SELECT_CODES = (0x93, 0x95, 0x97)


@dataclass(frozen=True)
class Answer:
    """A frame from the card as on the air. bits: of it in all, the first one at bit 0 of data."""

    data: bytes
    bits: int
    delay_us: float = 0.0


def whole(data: bytes, delay_us: float = 0.0) -> Answer:
    """An answer of whole bytes."""
    return Answer(data, len(data) * 8, delay_us)


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


class PiccA:
    """States idle, ready, active, halt and protocol of one type A card in the field."""

    def __init__(self, card: Card) -> None:
        self.card = card
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
        self._blocks: CardBlocks | None = None

    @property
    def rates(self) -> tuple[int, int]:
        """Bit rates to the card and to the reader, as log2 of the factor over 106 kbit/s."""
        return self._blocks.rates if self._blocks is not None else (0, 0)

    def receive(self, data: bytes, last_bits: int, is_garbled: bool = False) -> Answer | None:
        """One frame from the reader; last_bits of its last byte are valid. None is silence."""
        if self.state == "protocol":
            return None if is_garbled or last_bits != 8 else self._protocol(data)
        if is_garbled or not data:
            self._back()
            return None
        if last_bits == 7 and len(data) == 1:
            return self._wake(data[0])
        if self.state == "ready":
            return self._select(data, last_bits)
        if self.state == "active" and last_bits == 8 and crc_a(data[:-2]) == data[-2:]:
            return self._active(data[:-2])
        self._back()
        return None

    def _back(self) -> None:
        """An unexpected frame: back to where it came from (ISO/IEC 14443-3, 6.3)."""
        if self.state in ("ready", "active"):
            self.state = "halt" if self._was_halted else "idle"

    def _wake(self, code: int) -> Answer | None:
        if self.state in ("ready", "active"):
            self._back()
            return None
        if code not in (0x26, 0x52) or (self.state == "halt" and code != 0x52):
            return None
        self._was_halted = self.state == "halt"
        self.state, self._level = "ready", 0
        return whole(self.card.atqa)

    def _select(self, data: bytes, last_bits: int) -> Answer | None:
        level = self._levels[self._level]
        known = level + bytes([check_byte(level)])
        if len(data) < 2 or data[0] != _SELECT_CODES[self._level]:
            self._back()
            return None
        if data[1] == 0x70:
            if data[2:7] == known and crc_a(data[:-2]) == data[-2:] and last_bits == 8:
                return self._selected()
            self._back()
            return None
        return self._anticollision(data, last_bits, known)

    def _anticollision(self, data: bytes, last_bits: int, known: bytes) -> Answer | None:
        """The bits behind those that the reader names, if those are this card's."""
        count = ((data[1] >> 4) - 2) * 8 + (data[1] & 7)
        sent = (len(data) - 2) * 8 - (8 - last_bits if len(data) > 2 else 0)
        mine = int.from_bytes(known, "little")
        named = int.from_bytes(data[2:], "little") & (1 << count) - 1 if count >= 0 else -1
        if not 0 <= count < 40 or sent != count:
            self._back()
            return None
        if mine & (1 << count) - 1 != named:
            return None  # another card is meant: stay, and listen for SELECT (6.5.3.1)
        rest = mine >> count
        return Answer(rest.to_bytes((47 - count) // 8, "little"), 40 - count)

    def _selected(self) -> Answer:
        self._level += 1
        is_last = self._level == len(self._levels)
        sak = bytes([self.card.sak if is_last else 0x04])
        if is_last:
            self.state = "active"
        return whole(sak + crc_a(sak))

    def _active(self, data: bytes) -> Answer | None:
        if data == b"\x50\x00":
            self.state = "halt"
            return None
        if data[:1] == b"\xe0" and len(data) == 2 and self.card.ats:
            ats = self.card.ats
            ta = ats[2] if len(ats) > 2 and ats[1] & 0x10 else 0
            fsd = FRAME_SIZES[min(data[1] >> 4, len(FRAME_SIZES) - 1)]
            self._blocks = CardBlocks(self.card, parse_ats(ats), fsd, data[1] & 0x0F, ta)
            self.state = "protocol"
            return whole(ats + crc_a(ats))
        raw = getattr(self.card, "raw", None)
        answer = raw(data) if raw else None
        if answer is None:
            self._back()
            return None
        return whole(answer + crc_a(answer))

    def _protocol(self, data: bytes) -> Answer | None:
        blocks = self._blocks
        if blocks is None or len(data) < 3 or crc_a(data[:-2]) != data[-2:]:
            return None
        block = blocks.receive(data[:-2])
        if blocks.is_over:
            self.state, self._was_halted, self._blocks = "halt", True, None
        return None if block is None else _framed(block, crc_a)


class PiccB:
    """States idle, ready, halt and protocol of one type B card (ISO/IEC 14443-3, 7.4).

    The card's atqb: 50, PUPI (4), application data (4), protocol info (3).
    """

    def __init__(self, card: Card) -> None:
        self.card = card
        self._atqb: bytes = card.atqb  # type: ignore[attr-defined]
        self._after_power_on()

    def power_off(self) -> None:
        """No field: the card and its protocol start anew next time."""
        self.card.power_off()
        self._after_power_on()

    def _after_power_on(self) -> None:
        self.state = "idle"
        self._blocks: CardBlocks | None = None

    @property
    def rates(self) -> tuple[int, int]:
        """As PiccA.rates."""
        return self._blocks.rates if self._blocks is not None else (0, 0)

    def receive(self, data: bytes, last_bits: int, is_garbled: bool = False) -> Answer | None:
        """One frame from the reader, CRC included. None is silence."""
        if is_garbled or last_bits != 8 or len(data) < 3 or crc_b(data[:-2]) != data[-2:]:
            return None
        body = data[:-2]
        if self.state == "protocol":
            return self._protocol(body)
        if body[0] == 0x05 and len(body) == 3:
            return self._request(body[1], body[2])
        if self.state != "ready" or body[1:5] != self._atqb[1:5]:
            return None
        if body[0] == 0x1D and len(body) >= 9:
            return self._attrib(body)
        if body[0] == 0x50 and len(body) == 5:
            self.state = "halt"
            return _framed(Block(b"\x00"), crc_b)
        return None

    def _request(self, afi: int, parameter: int) -> Answer | None:
        own = self._atqb[5]
        is_meant = afi == 0 or own == 0 or afi in (own, own & 0xF0)
        if not is_meant or (self.state == "halt" and not parameter & 8):
            return None
        self.state = "ready"
        return _framed(Block(self._atqb), crc_b)

    def _attrib(self, body: bytes) -> Answer:
        protocol = self._atqb[9:12]
        fsci, fwi = protocol[1] >> 4, protocol[2] >> 4
        parameters = AtsParameters(
            FRAME_SIZES[min(fsci, len(FRAME_SIZES) - 1)], fwi, 0, bool(protocol[2] & 1)
        )
        fsd = FRAME_SIZES[min(body[6] & 0x0F, len(FRAME_SIZES) - 1)]
        cid = body[8] & 0x0F
        self._blocks = CardBlocks(self.card, parameters, fsd, cid)
        self.state = "protocol"
        return _framed(Block(bytes([cid])), crc_b)

    def _protocol(self, body: bytes) -> Answer | None:
        blocks = self._blocks
        block = blocks.receive(body) if blocks is not None else None
        if blocks is not None and blocks.is_over:
            self.state, self._blocks = "halt", None
        return None if block is None else _framed(block, crc_b)


def _framed(block: Block, crc: Callable[[bytes], bytes]) -> Answer:
    return whole(block.data + crc(block.data), block.delay_us)
