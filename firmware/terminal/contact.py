"""A cardholder's contact card (second-generation social security card) in a slot, as a Target.

Where a board has a slot besides its SAM's, what reads cards in the field reads this one too. It
has no UID: nothing may take one for its identity.
"""

from occard.errors import WrongCard

from drivers.reader.base import CardGone, LinkError, Target
from drivers.sam.base import CardMute, NotPowered, SamError, SamTimeout, Unsupported

_ANSWER_SIZE = 258  # of a short APDU, status word included
_GONE = (CardMute, NotPowered, SamTimeout)


class ContactCard(Target):
    """A card that is powered in `slot` (drivers.sam.base.Slot). Made by `insert`."""

    kind = "contact"
    is_iso_dep = True  # it takes APDUs

    def __init__(self, slot):
        self._slot = slot
        self._view = memoryview(bytearray(_ANSWER_SIZE))

    async def exchange(self, command, expected=0):
        """As Target.exchange. The slot deals with GET RESPONSE; `expected` is of no use to it."""
        try:
            return self._view[: await self._slot.exchange(command, self._view)]
        except SamError as error:
            raise _as_reader_error(error) from None

    async def is_present(self):
        """True while the card is powered: a pulled card is noticed at the next exchange."""
        return self._slot.is_on

    async def release(self):
        """Take the card's power, so that it may be pulled."""
        self._slot.power_off()


async def insert(slot):
    """Power the card in `slot`: -> ContactCard, or None if there is none.

    Raises WrongCard for a card that the slot cannot talk to, CardGone or LinkError for one that
    breaks off or breaks the rules of ISO/IEC 7816-3.
    """
    try:
        await slot.power_on()
    except CardMute:
        return None
    except Unsupported as error:
        raise WrongCard(str(error)) from None
    except SamError as error:
        raise _as_reader_error(error) from None
    return ContactCard(slot)


def _as_reader_error(error):
    kind = CardGone if isinstance(error, _GONE) else LinkError
    return kind(str(error))
