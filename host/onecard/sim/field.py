"""A radio field of a type A reader at 106 kbit/s, which a card enters and leaves at any byte."""

from collections.abc import Callable
from dataclasses import dataclass

from onecard.sim.cards.base import Card
from onecard.sim.picc import FC_MHZ, FRAME_SIZES, Picc, check_byte, parse_ats

BYTE_US = 9 * 128 / FC_MHZ  # eight bits and parity at one etu of 128/fc
SHORT_FRAME_US = 7 * 128 / FC_MHZ
FDT_ONE_US = 1236 / FC_MHZ  # reader to card, last bit sent was 1 (ISO/IEC 14443-3, 6.2.1.1)
FDT_ZERO_US = 1172 / FC_MHZ  # the same, last bit was 0; also card to reader
_MAX_WTX = 100


@dataclass(frozen=True)
class Target:
    """A card that was activated: atqa in air order, the final sak, uid, ats (empty if none)."""

    atqa: bytes
    sak: int
    uid: bytes
    ats: bytes


def crc_a(data: bytes) -> bytes:
    """CRC_A of ISO/IEC 14443-3 annex B, in air order (low byte first)."""
    crc = 0x6363
    for byte in data:
        byte ^= crc & 0xFF
        byte ^= byte << 4 & 0xFF
        crc = (crc >> 8) ^ (byte << 8) ^ (byte << 3) ^ (byte >> 4)
    return (crc & 0xFFFF).to_bytes(2, "little")


class Field:
    """The air between a reader's antenna and at most one card.

    air_us and card_us add up what the air and the card have taken since the start, so that a
    reader chip can delay its answer by the growth of `elapsed_us`. air_bytes counts both ways.
    The block protocol's reader side (block number, FSD, FSC) is kept here for the chip that asks.
    """

    def __init__(self) -> None:
        self.card: Card | None = None
        self.on_change: Callable[[], None] | None = None
        self.air_us = 0.0
        self.card_us = 0.0
        self.air_bytes = 0
        self.is_on = True
        self.fwt_us = parse_ats(b"").fwt_us
        self._listeners: list[Callable[[], None]] = []
        self._picc: Picc | None = None
        self._bytes_left: int | None = None
        self._fsc = 32
        self._block = 0

    # -- cards come and go ------------------------------------------------------

    @property
    def elapsed_us(self) -> float:
        """Time on air and in the card since the field was made, microseconds."""
        return self.air_us + self.card_us

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Call listener() whenever a card was placed or has left (chips do this)."""
        self._listeners.append(listener)

    def place(self, card: Card, leave_after_bytes: int | None = None) -> None:
        """A card enters; one that was there leaves first.

        leave_after_bytes: the card loses power once that many bytes, CRCs included, have crossed
        the air in either direction from now on. A command whose last byte has not crossed by
        then, or crosses as the power goes, is not carried out; one whose answer is cut was.
        """
        self._take_away()
        self.card, self._picc = card, Picc(card)
        self._bytes_left = leave_after_bytes
        self._changed()

    def leave_after(self, count: int) -> None:
        """The card that is there loses power after count more bytes on the air."""
        self._bytes_left = count

    def remove(self) -> None:
        """The card leaves now. Nothing happens if there is none."""
        if self.card is not None:
            self._take_away()
            self._changed()

    def switch(self, is_on: bool) -> None:
        """Turn the carrier on or off; without it a card has no power."""
        if self.is_on and not is_on and self._picc is not None:
            self._picc.power_off()
        self.is_on = is_on

    def _take_away(self) -> None:
        if self._picc is not None:
            self._picc.power_off()
        self.card, self._picc, self._bytes_left = None, None, None

    def _changed(self) -> None:
        for listener in list(self._listeners):
            listener()
        if self.on_change is not None:
            self.on_change()

    # -- frames -------------------------------------------------------------------

    def frame(self, data: bytes, bits: int = 8, has_crc: bool = True) -> bytes | None:
        """One frame to the card and its answer, both without CRC; None is silence.

        bits: valid bits of the last byte, 7 for REQA and WUPA.
        has_crc: a CRC goes with the frame on air (not in anticollision).
        """
        if not self.is_on:
            return None
        on_air = data + crc_a(data) if has_crc and bits == 8 else data
        time_us = SHORT_FRAME_US if bits == 7 else len(on_air) * BYTE_US
        self.air_us += FDT_ZERO_US + time_us
        if not self._cross(len(on_air)) or self._bytes_left == 0:
            self._leave_if_spent()
            return None
        answer = self._picc.receive(data, bits, has_crc) if self._picc else None
        if answer is None:
            return None
        self.card_us += answer.delay_us
        size = len(answer.data) + (2 if answer.has_crc else 0)
        last_bit = on_air[-1] >> (bits - 1) & 1
        self.air_us += (FDT_ONE_US if last_bit else FDT_ZERO_US) + size * BYTE_US
        arrived = self._cross(size)
        self._leave_if_spent()
        return answer.data if arrived else None

    def _cross(self, size: int) -> bool:
        """Count size bytes on air; False if the card's power went before the last of them."""
        if self._bytes_left is None:
            self.air_bytes += size
            return True
        crossed = min(size, self._bytes_left)
        self.air_bytes += crossed
        self._bytes_left -= crossed
        return crossed == size

    def _leave_if_spent(self) -> None:
        if self._bytes_left == 0:
            self.remove()

    # -- activation and the block protocol, reader's side -------------------------

    def activate(self, fsdi: int = 5, with_rats: bool = True) -> Target | None:
        """WUPA, anticollision, SELECT and (for a 14443-4 card, if asked) RATS. None: no card.

        fsdi: code of the reader's frame size; 5 is 64 bytes.
        """
        self.is_on = True
        atqa = self.frame(b"\x52", bits=7)
        if atqa is None:  # a card in a wrong state went back to idle: it hears the second one
            atqa = self.frame(b"\x52", bits=7)
        if atqa is None:
            return None
        found = self._anticollision()
        if found is None:
            return None
        uid, sak = found
        ats = b""
        if sak & 0x20 and with_rats:
            answer = self.rats(fsdi)
            if answer is None:
                return None
            ats = answer
        return Target(atqa, sak, uid, ats)

    def _anticollision(self) -> tuple[bytes, int] | None:
        uid = b""
        for code in (0x93, 0x95, 0x97):
            level = self.frame(bytes([code, 0x20]), has_crc=False)
            if level is None or len(level) != 5 or check_byte(level[:4]) != level[4]:
                return None
            sak = self.frame(bytes([code, 0x70]) + level)
            if sak is None or len(sak) != 1:
                return None
            if not sak[0] & 0x04:
                return uid + level[:4], sak[0]
            uid += level[1:4]
        return None

    def rats(self, fsdi: int = 5) -> bytes | None:
        """Ask for the ATS and start the block protocol with it. None: no answer."""
        ats = self.frame(bytes([0xE0, fsdi << 4]))
        if ats is None:
            return None
        parameters = parse_ats(ats)
        self._fsc, self.fwt_us, self._block = parameters.fsc, parameters.fwt_us, 0
        if parameters.sfgi:
            self.air_us += 4096 / FC_MHZ * 2**parameters.sfgi
        return ats

    def transceive(self, apdu: bytes, more: bool = False) -> bytes | None:
        """One APDU in ISO/IEC 14443-4 blocks, chained both ways as FSC and FSD demand.

        more: the APDU goes on in a later call; the answer is then b"".
        Returns the answer with its status word; None if the card fell silent.
        """
        size = self._fsc - 3
        parts = [apdu[i : i + size] for i in range(0, len(apdu), size)] or [b""]
        answer: bytes | None = b""
        for index, part in enumerate(parts):
            is_last = index == len(parts) - 1 and not more
            answer = self._send_block(part, is_last)
            if answer is None:
                return None
        return b"" if more or answer is None else self._collect(answer)

    def _send_block(self, inf: bytes, is_last: bool) -> bytes | None:
        code = 0x02 | self._block | (0 if is_last else 0x10)
        answer = self._wait(self.frame(bytes([code]) + inf))
        if answer is None or not answer or answer[0] & 1 != self._block:
            return None
        if bool(answer[0] & 0xE6 == 0xA2) == is_last:  # R(ACK) belongs to a chain only
            return None
        self._block ^= 1
        return answer

    def _wait(self, answer: bytes | None) -> bytes | None:
        """Grant the card's waiting time extensions (at most 100 in a row)."""
        for _ in range(_MAX_WTX):
            if answer is None or len(answer) != 2 or answer[0] != 0xF2:
                return answer
            answer = self.frame(bytes([0xF2, answer[1] & 0x3F]))
        return None

    def _collect(self, answer: bytes) -> bytes | None:
        data = answer[1:]
        while answer[0] & 0x10:
            reply = self._wait(self.frame(bytes([0xA2 | self._block])))
            if not reply or reply[0] & 0xE2 != 0x02 or reply[0] & 1 != self._block:
                return None
            answer, self._block = reply, self._block ^ 1
            data += answer[1:]
        return data

    def is_present(self) -> bool:
        """Ask a 14443-4 card for a sign of life without side effect: R(NAK) brings R(ACK)."""
        answer = self.frame(bytes([0xB2 | self._block]))
        return answer is not None and answer[:1] in (b"\xa2", b"\xa3", b"\xaa", b"\xab")

    def deselect(self) -> bool:
        """S(DESELECT); the card is then halted. False if it did not answer."""
        return bool(self.frame(b"\xc2"))

    def halt(self) -> None:
        """HLTA for a card without the block protocol; there is no answer."""
        self.frame(b"\x50\x00")


__all__ = ["BYTE_US", "FRAME_SIZES", "Field", "Target", "crc_a"]
