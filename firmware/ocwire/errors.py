"""Errors of the shared formats. Each says what was wrong with the bytes."""


class WireError(Exception):
    """Base of all format errors."""


class RecordError(WireError):
    """Bytes that are no valid journal record or sector header."""


class MessageError(WireError):
    """A link message with an unknown type or a wrong size."""


class SessionError(WireError):
    """A link session message that is not authentic, replayed or out of place."""


class BundleError(WireError):
    """An update bundle that is none, or is damaged."""
