"""Errors of the shared formats. Each says what was wrong with the bytes."""

UNKNOWN = "unknown field"  # text of a SettingError whose path is no field


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


class SettingError(WireError):
    """A setting that is none, or has a value that it may not have.

    path: the field, such as "canteen.meals[1].price"; "" for the settings as a whole.
    """

    def __init__(self, path, text):
        words = (text, path) if text == UNKNOWN else (path, text)
        super().__init__(" ".join(word for word in words if word))
        self.path = path
        self.text = text
