"""What became of a tap: the engine says it, scenes go by it, the screen has a text for each."""

APPROVED = "approved"
RESOLVED = "resolved"  # an earlier debit of this card turned out to have been made
TAP_AGAIN = "tap again"  # debit sent, answer lost: this card must come back
HOLD_STILL = "hold still"  # card left before anything was taken
IN_DOUBT = "in doubt"
NOT_ENOUGH = "not enough"
HOTLISTED = "hotlisted"
EXPIRED = "expired"
UNKNOWN_CARD = "unknown card"
CARD_ERROR = "card error"
JOURNAL_FULL = "journal full"
NO_CLOCK = "no clock"
REPEATED = "repeated"  # this card has just paid


class Outcome:
    """What a tap ended in. kind: one of the names above; amount and balance in fen, or None.

    detail: what a technician needs to know (no key, no personal data).
    """

    def __init__(self, kind, amount=None, balance=None, detail=""):
        self.kind = kind
        self.amount = amount
        self.balance = balance
        self.detail = detail

    @property
    def is_sale(self):
        """True if this tap's amount was taken."""
        return self.kind in (APPROVED, RESOLVED)
