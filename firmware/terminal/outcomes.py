"""What became of a tap: the engine says it, scenes go by it, the screen has a text for each."""

APPROVED = "approved"
LOADED = "loaded"
RESOLVED = "resolved"  # an earlier debit of this card turned out to have been made
IDENTIFIED = "identified"
TAP_AGAIN = "tap again"  # debit sent, answer lost: this card must come back
HOLD_STILL = "hold still"  # card left before anything was taken
IN_DOUBT = "in doubt"
NOT_ENOUGH = "not enough"
HOTLISTED = "hotlisted"
EXPIRED = "expired"
LOCKED = "locked"  # the card's application is locked
NO_ACCOUNT = "no account"  # the card has not the account that this place charges
UNKNOWN_CARD = "unknown card"
OTHER_CARD = "other card"  # not the card that this is for
TEST_CARD = "test card"
NOT_HERE = "not here"  # a card of another city that is valid at home only
OVER_TAP = "over tap limit"
OVER_DAY = "over day limit"
OVER_COUNT = "over count"
TOO_SOON = "too soon"  # anti-passback
PIN_NEEDED = "PIN needed"
PIN_WRONG = "PIN wrong"
NOT_AUTHORISED = "not authorised"
CARD_ERROR = "card error"
SAM_FAULT = "SAM fault"
JOURNAL_FULL = "journal full"
HOTLIST_OLD = "hotlist too old"
NO_CLOCK = "no clock"
REPEATED = "repeated"  # this card has just paid
NO_SHIFT = "no shift"  # the operator has to begin one
CLOSED = "closed"  # outside the hours of this place
OVER_MEAL = "over meal limit"
NOT_LISTED = "not listed"  # this card has not booked, or gets nothing
REVIEW_DUE = "review due"  # the class of this card was to be reviewed by now
OFFLINE = "offline"  # what is asked for needs the host, which is not there or does not answer
CODE_EXPIRED = "code expired"  # a QR code out of its time, or shown twice
CODE_WRONG = "code wrong"  # a QR code that is not what it claims to be


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
        """True if a purchase's amount was taken, by this tap or by the one before."""
        return self.kind in (APPROVED, RESOLVED)

    @property
    def is_done(self):
        """True if money was moved, by this tap or by the one before."""
        return self.kind in (APPROVED, RESOLVED, LOADED)
