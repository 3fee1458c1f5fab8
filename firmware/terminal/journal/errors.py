"""What a journal cannot do."""


class JournalError(Exception):
    """The flash does not take what is programmed: the terminal needs service."""


class JournalFull(Exception):
    """No room for another sale before the host has pulled and acknowledged."""


class WrongReceipt(Exception):
    """An acknowledgement that does not fit this journal; nothing was freed."""


class BadSector(Exception):
    """The sector that was to be opened takes nothing any more."""
