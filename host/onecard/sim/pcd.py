"""A reader's side of ISO/IEC 14443 as a reader chip with a protocol engine has it inside."""

from __future__ import annotations

from dataclasses import dataclass

from onecard.sim.crc import crc_a, crc_b
from onecard.sim.field import Field, Reception
from onecard.sim.picc import CASCADE_TAG, check_byte
from onecard.sim.picc_blocks import FC_MHZ, FRAME_SIZES, fwt_us, parse_ats

_MAX_WTX = 100


@dataclass(frozen=True)
class TargetA:
    """A type A card that was activated: atqa in air order, the final sak, uid, ats (or empty)."""

    atqa: bytes
    sak: int
    uid: bytes
    ats: bytes

    kind = "A"

    @property
    def has_blocks(self) -> bool:
        """It speaks ISO/IEC 14443-4."""
        return bool(self.ats)


@dataclass(frozen=True)
class TargetB:
    """A type B card that was activated: its ATQB (12 bytes, 50 first) and answer to ATTRIB."""

    atqb: bytes
    attrib: bytes

    kind = "B"
    has_blocks = True


class Pcd:
    """One reader on a Field: frames with CRC, activation, and the block protocol of one card."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.kind = "A"
        self.fwt_us = fwt_us(4)
        self.last: Reception | None = None
        self._fsc, self._block = 32, 0

    # -- frames ---------------------------------------------------------------------

    def frame(self, data: bytes, bits: int = 8, has_crc: bool = True) -> bytes | None:
        """One frame and its answer, both without CRC; None is silence or a wrong answer.

        bits: valid bits of the last byte, 7 for REQA and WUPA. has_crc: a CRC goes with the frame
        and is wanted with the answer (not in anticollision). `last` keeps what came.
        """
        crc = crc_b if self.kind == "B" else crc_a
        on_air = data + crc(data) if has_crc and bits == 8 else data
        self.last = got = self.field.transmit(on_air, bits, self.kind)
        if got is None or got.is_garbled or got.collision is not None or got.bits % 8:
            return None
        if not has_crc or bits == 7:
            return got.data
        return got.data[:-2] if crc(got.data[:-2]) == got.data[-2:] else None

    # -- type A ---------------------------------------------------------------------

    def activate(
        self, fsdi: int = 5, with_rats: bool = True, request: int = 0x52, known: bytes = b""
    ) -> TargetA | None:
        """REQA or WUPA, anticollision, SELECT and (for a 14443-4 card, if asked) RATS.

        known: the UID of the card that is meant. None: no card. fsdi: 5 is 64 bytes.
        """
        self.kind, self.field.is_on = "A", True
        atqa = self._request(request)
        if atqa is None:  # a card in a wrong state went back to idle: it hears the second one
            atqa = self._request(request)
        if atqa is None:
            return None
        found = self._select(known)
        if found is None:
            return None
        uid, sak = found
        ats = self.rats(fsdi) if sak & 0x20 and with_rats else b""
        return None if ats is None else TargetA(atqa, sak, uid, ats)

    def _request(self, code: int) -> bytes | None:
        """ATQA; of several cards that differ, what was heard."""
        self.frame(bytes([code]), bits=7)
        return self.last.data if self.last is not None and not self.last.is_garbled else None

    def _select(self, known: bytes) -> tuple[bytes, int] | None:
        uid = b""
        for code in (0x93, 0x95, 0x97):
            level = self._anticollision(code, _level_of(known, len(uid)))
            if level is None:
                return None
            sak = self.frame(bytes([code, 0x70]) + level)
            if sak is None or len(sak) != 1:
                return None
            if not sak[0] & 0x04:
                return uid + level[:4], sak[0]
            uid += level[1:4]
        return None

    def _anticollision(self, code: int, known: bytes) -> bytes | None:
        """One cascade level, five bytes; where cards collide the one with a 1 goes on."""
        if known:
            return known + bytes([check_byte(known)])
        value = count = 0
        for _ in range(33):
            size, odd = divmod(count, 8)
            named = value.to_bytes(5, "little")[: size + bool(odd)]
            nvb = (2 + size) << 4 | odd
            self.frame(bytes([code, nvb]) + named, bits=odd or 8, has_crc=False)
            got = self.last
            if got is None or got.is_garbled or got.bits != 40 - count:
                return None
            heard = int.from_bytes(got.data, "little")
            if got.collision is None:
                level = (value | heard << count).to_bytes(5, "little")
                return level if check_byte(level[:4]) == level[4] else None
            mask = (1 << got.collision) - 1
            value |= ((heard & mask) | 1 << got.collision) << count
            count += got.collision + 1
            if count > 32:
                return None
        return None

    def rats(self, fsdi: int = 5) -> bytes | None:
        """Ask for the ATS and start the block protocol with it. None: no answer."""
        ats = self.frame(bytes([0xE0, fsdi << 4]))
        if ats is None:
            return None
        parameters = parse_ats(ats)
        self._fsc, self.fwt_us, self._block = parameters.fsc, parameters.fwt_us, 0
        if parameters.sfgi:
            self.field.air_us += 4096 / FC_MHZ * 2**parameters.sfgi
        return ats

    def halt(self) -> None:
        """HLTA for a card without the block protocol; there is no answer."""
        self.frame(b"\x50\x00")

    # -- type B ---------------------------------------------------------------------

    def activate_b(self, afi: int = 0, fsdi: int = 5, is_wake_up: bool = False) -> TargetB | None:
        """REQB (one slot) or WUPB, then ATTRIB with frames of 64 bytes. None: no card."""
        self.kind, self.field.is_on = "B", True
        atqb = self.frame(bytes([0x05, afi, 8 if is_wake_up else 0]))
        if atqb is None or len(atqb) < 12 or atqb[0] != 0x50:
            return None
        attrib = self.frame(b"\x1d" + atqb[1:5] + bytes([0x00, fsdi, atqb[10] & 0x0F, 0x00]))
        if attrib is None or not attrib:
            return None
        self._fsc = FRAME_SIZES[min(atqb[10] >> 4, len(FRAME_SIZES) - 1)]
        self.fwt_us, self._block = fwt_us(atqb[11] >> 4), 0
        return TargetB(atqb[:12], attrib)

    # -- ISO/IEC 14443-4 ------------------------------------------------------------

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


def _level_of(uid: bytes, done: int) -> bytes:
    """The four bytes of the cascade level that begins at byte `done` of a known UID."""
    if not uid:
        return b""
    rest = uid[done:]
    return rest[:4] if len(rest) == 4 else bytes([CASCADE_TAG]) + rest[:3]
