"""The contract of every NFC reader, and its errors."""

from micropython import const

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from ..kinds import Data


class ReaderError(Exception):
    """Base of what a reader reports."""


class CardGone(ReaderError):
    """The card left the field or stopped answering. Normal: poll again."""


class LinkError(ReaderError):
    """The reader chip itself misbehaved (no ACK, bad checksum, error code). Start it again."""


class SeveralCards(ReaderError):
    """More than one card in the field, and the reader is to refuse that. uids: one of each."""

    def __init__(self, uids: "tuple[bytes, ...]"):
        super().__init__("%d cards in the field" % len(uids))
        self.uids = uids


class Target:
    """One card in the field.

    kind: "A" or "B" (ISO/IEC 14443-3). uid: 4, 7 or 10 bytes (type B: the 4 bytes of its PUPI), no
    identity: phones make up a new one each time. ats: answer to select with its length byte, empty
    for type B and for a card without ISO/IEC 14443-4.
    """

    kind = "A"
    uid = b""
    ats = b""
    is_iso_dep = False

    async def exchange(self, command: "Data", expected: int = 0) -> memoryview:
        """Send one APDU (1..261 bytes); returns the answer, status word included.

        expected: the answer's size if it is known, else 0; a reader that must ask for a number of
        bytes (PN532 on I2C) then asks for no more. Any other size comes through all the same.
        The answer is a view of the reader's own buffer, valid until its next call: copy what is to
        be kept. Raises CardGone if the card does not answer (it may have acted on the command all
        the same), LinkError if the reader fails.
        """
        raise LinkError("this target cannot exchange")

    async def is_present(self) -> bool:
        """True while the card still answers; disturbs no application on it. Raises LinkError."""
        raise LinkError("this target cannot be asked")

    async def release(self) -> None:
        """Let the card go; where several are served the next poll finds another."""
        raise LinkError("this target cannot be released")


class Reader:
    """A reader chip. start() before all else, and again after a LinkError.

    serves_several: of several cards in the field one after the other is served; else poll()
    refuses them with SeveralCards.
    """

    serves_several = False

    async def start(self) -> None:
        """Wake and set up the chip. Raises LinkError if it does not answer."""
        raise LinkError("no reader")

    async def poll(self, timeout_ms: int) -> "Target | None":
        """Wait for one card: a Target, or None when timeout_ms is over.

        Raises SeveralCards, LinkError.
        """
        raise LinkError("no reader")
