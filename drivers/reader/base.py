"""The contract of every NFC reader, and its errors."""


class ReaderError(Exception):
    """Base of what a reader reports."""


class CardGone(ReaderError):
    """The card left the field or stopped answering. Normal: poll again."""


class LinkError(ReaderError):
    """The reader chip itself misbehaved (no ACK, bad checksum, error code). Start it again."""


class Target:
    """One card in the field.

    uid: 4, 7 or 10 bytes, no identity (phones make up a new one each time); ats: answer to select
    with its length byte, empty if the card is no ISO/IEC 14443-4 card.
    """

    uid = b""
    ats = b""
    is_iso_dep = False

    async def exchange(self, command):
        """Send one APDU (1..261 bytes), return the answer (bytes, status word included).

        Raises CardGone if the card does not answer (it may have acted on the command all the
        same), LinkError if the reader fails.
        """
        raise LinkError("this target cannot exchange")

    async def is_present(self):
        """True while the card still answers; disturbs no application on it. Raises LinkError."""
        raise LinkError("this target cannot be asked")


class Reader:
    """A reader chip. start() before all else, and again after a LinkError."""

    async def start(self):
        """Wake and set up the chip. Raises LinkError if it does not answer."""
        raise LinkError("no reader")

    async def poll(self, timeout_ms):
        """Wait for one card: a Target, or None when timeout_ms is over. Raises LinkError."""
        raise LinkError("no reader")
