"""What the radio field asks of a card."""

from typing import Protocol


class Card(Protocol):
    """A card as seen by ISO/IEC 14443: an identity and a command processor.

    uid: 4, 7 or 10 bytes. atqa: 2 bytes in air order (low byte first). sak: the final SAK.
    ats: the whole ATS with its TL byte and no CRC; empty for a card without ISO/IEC 14443-4.
    apdu_us: the card's own time for one APDU, microseconds.
    """

    uid: bytes
    atqa: bytes
    sak: int
    ats: bytes
    apdu_us: float

    def process(self, apdu: bytes) -> bytes:
        """Run one command APDU; returns the data followed by the two status bytes."""

    def power_off(self) -> None:
        """The field is gone: forget what is volatile. Called again without harm."""


def status(sw: int) -> bytes:
    """The two bytes of a status word such as 0x9000."""
    return sw.to_bytes(2, "big")
