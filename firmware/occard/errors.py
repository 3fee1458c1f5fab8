"""What can go wrong between terminal and card, as the terminal needs to tell it apart."""


class CardError(Exception):
    """Base: this card cannot be served now."""


class ProtocolError(CardError):
    """The card's answer breaks the rules (too short, wrong size, no such structure)."""


class StatusError(CardError):
    """The card answered and said no. sw: the ISO/IEC 7816-4 status word, e.g. 0x6A82.

    data: what stood before the status word (SELECT of a locked application still gives its FCI).
    """

    def __init__(self, sw, data=b""):
        super().__init__("card said %04X: %s" % (sw, meaning(sw)))
        self.sw = sw
        self.data = data


class WrongCard(CardError):
    """A card without an application this terminal serves."""


class Blocked(CardError):
    """The application that was asked for is locked on this card (by its issuer, or for good)."""

    def __init__(self, sw):
        super().__init__("application is locked: %04X" % sw)
        self.sw = sw


_MEANINGS = {
    0x6283: "application invalidated",
    0x6300: "verification failed",
    0x6581: "memory failure",
    0x6700: "wrong length",
    0x6900: "class does not match line protection",
    0x6901: "command not accepted now",
    0x6982: "security status not satisfied",
    0x6983: "key or PIN blocked",
    0x6985: "conditions of use not satisfied",
    0x6986: "no current file",
    0x6988: "wrong MAC in secure messaging",
    0x6A80: "wrong data",
    0x6A81: "function not supported or application blocked",
    0x6A82: "application or file not found",
    0x6A83: "record not found",
    0x6A86: "wrong parameters",
    0x6A88: "key not found",
    0x6B00: "offset out of range",
    0x6D00: "command not known",
    0x6E00: "class not known",
    0x9302: "wrong MAC",
    0x9303: "application locked for good",
    0x9401: "not enough money",
    0x9402: "transaction counter at its end",
    0x9403: "key index not supported",
    0x9406: "no such transaction",
}


def meaning(sw):
    """A status word in words (ISO/IEC 7816-4, JR/T 0025.1)."""
    return _MEANINGS.get(sw, "status word unknown to this terminal")
