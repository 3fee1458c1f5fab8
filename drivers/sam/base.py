"""The contract of every slot for a contact SAM, and its errors."""

from micropython import const

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from ..kinds import Data, Room


class SamError(Exception):
    """Base of what a slot reports. The card has been switched off: power_on() before the next."""


class CardMute(SamError):
    """No answer to reset: an empty slot, a card the wrong way round, a dead card."""


class SlotEmpty(CardMute):
    """The slot's switch says that there is no card."""


class NotPowered(SamError):
    """power_on() has not been called, or another slot on the same line took its place."""


class ParityError(SamError):
    """The UART saw a wrong parity or stop bit in what the card sent."""


class ProtocolError(SamError):
    """Characters came that ISO/IEC 7816-3 does not allow there; the text says which."""


class SamTimeout(SamError):
    """The card broke off: no character in its waiting time, or nothing but NULLs."""


class Unsupported(SamError):
    """A card that cannot be talked to here: no T=0, or settings that only its maker knows."""


class Slot:
    """One slot. After any SamError the card is off and the next power_on() starts it anew."""

    atr = b""
    is_on = False

    async def power_on(self) -> bytes:
        """Reset the card and agree on a speed; returns its ATR (bytes). Also an orderly restart.

        Raises CardMute, ProtocolError, ParityError, SamTimeout or Unsupported.
        """
        raise CardMute("no slot")

    async def exchange(self, command: "Data", into: "Room") -> int:
        """One short command APDU (4..261 bytes); the answer with its status word is put in `into`.

        Returns the answer's size, 2..258 bytes. 61xx and 6Cxx have been dealt with. Raises
        NotPowered, ProtocolError, ParityError or SamTimeout; ValueError for a command that is no
        short APDU (the card stays on then).
        """
        raise NotPowered("no slot")

    def power_off(self) -> None:
        """Take the card's power; at once and without harm when it is off already."""
