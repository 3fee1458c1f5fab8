"""The contract of a reader chip that moves frames and leaves ISO/IEC 14443 to iso14443.py."""

from micropython import const

from .base import LinkError

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from ..kinds import Data

# What Pcd.transceive() returns instead of a size:
SILENT = const(-1)  # no answer in time
GARBLED = const(-2)  # CRC, parity or framing wrong
COLLISION = const(-3)  # several cards answered differently


class Pcd:
    """Proximity coupling device (ISO/IEC 14443): one frame out, one frame in.

    rx: memoryview of what was received last, without CRC. fsdi: code of the largest frame it
    takes, CRC included (5: 64 bytes, 8: 256). name: the chip, for people. has_type_b: it can.
    """

    rx = memoryview(b"")
    fsdi = 5
    name = "?"
    has_type_b = True

    async def start(self) -> None:
        """Reset and set up the chip, field off. Raises LinkError."""
        raise LinkError("no chip")

    async def switch_field(self, is_on: bool) -> None:
        """Carrier on or off; returns once cards have had their 5 ms (14443-3, 5.2)."""
        raise LinkError("no chip")

    async def set_mode(self, kind: str, to_card: int = 0, to_reader: int = 0) -> None:
        """kind: "A" or "B". Bit rates as log2 of the factor over 106 kbit/s."""
        raise LinkError("no chip")

    async def check(self) -> None:
        """Raises LinkError if the chip has lost its settings: start() must follow."""

    async def transceive(
        self, frame: "Data", timeout_us: int, has_crc: bool = True, last_bits: int = 0
    ) -> int:
        """Send a frame and wait for the answer.

        frame: bytes without CRC. has_crc: one is appended, and wanted and taken off the answer.
        last_bits: of the last byte only so many are sent (1..7; 0: all); the answer's first bit is
        then put behind them, as anticollision needs it, unless the frame is one byte (a short
        frame). Returns the size of the answer in rx, or SILENT, GARBLED, COLLISION. Raises
        LinkError if the chip fails.
        """
        raise LinkError("no chip")
