"""The contract of every SAM: who holds the purchase keys makes MAC1 and checks MAC2."""

ABSENT = "absent"  # no SAM answers
WRONG = "wrong"  # what answers is no SAM of this scheme, or not the one of before
LOCKED = "locked"  # its keys are blocked
EXHAUSTED = "exhausted"  # its transaction serial has come to its end
REFUSED = "refused"  # it does not serve this card's key version or algorithm


class SamError(Exception):
    """The SAM cannot serve. kind: one of the words above; nothing was written on the card."""

    def __init__(self, kind, text):
        super().__init__("SAM %s: %s" % (kind, text))
        self.kind = kind


class Request:
    """What a SAM is told of a purchase.

    key_index: the one INITIALIZE was given. answer: the card's Initialized. factor: right-most 8
    bytes of the application serial. issuer: 8 bytes. levels: 1 or 2 diversification levels.
    security_id: 9 bytes, or b"". tti: of the purchase. date_time: 7 BCD bytes. amount in fen.
    """

    def __init__(self, card, key_index, answer, amount, tti, date_time):
        self.key_index = key_index
        self.answer = answer
        self.factor = card.factor
        self.issuer = card.issuer
        self.levels = card.profile.levels
        self.security_id = card.security_id
        self.amount = amount
        self.tti = tti
        self.date_time = date_time


class Pending:
    """A purchase between MAC1 and MAC2. serial: terminal transaction serial, 32 bits."""

    def __init__(self, serial, mac1):
        self.serial = serial
        self.mac1 = mac1

    async def is_mac2(self, mac2):
        """True if the card's MAC2 (4 bytes) proves the debit of exactly this amount."""
        return False


class Sam:
    """terminal: the 6-byte terminal number of MAC1 and TAC. key_indexes: to try, in order."""

    terminal = bytes(6)
    key_indexes = (1,)
    can_resume = False  # True if resume() always can

    async def start(self):
        """Bring it up. Raises SamError."""

    async def purchase(self, request, serial):
        """MAC1 for a purchase: -> Pending. serial: a new one, for a SAM that keeps none itself.

        Raises SamError; REFUSED means another key index may do.
        """
        raise SamError(ABSENT, "this terminal has none")

    def resume(self, request, serial):
        """The Pending of an earlier purchase, to check a late MAC2; None if the SAM forgot it."""
        return None
