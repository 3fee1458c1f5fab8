"""What is known of each purse application: a table. A new card scheme is a new line in it.

Where a scheme's rule is not published the line holds the safest reading; a configuration may hand
its own lines to `purse.select`.
"""

# The three accounts of a resident card; they never stand in for each other.
TRANSIT = "transit"
BANK = "bank"
SOCIAL = "social"
ACCOUNTS = (TRANSIT, BANK, SOCIAL)

ED = 0x01  # electronic deposit (存折): GET BALANCE and INITIALIZE take it as P2
EP = 0x02  # electronic purse (钱包)


class Profile:
    """One purse application.

    code: kept in records, never given twice. name: for people. account: of ACCOUNTS. aid: the
    application's name, or b"" where file (its two-byte identifier) is selected. kind: ED or EP.
    is_transit: has the files and GET BALANCE kinds of JT/T 978. levels: key diversification levels
    that INIT SAM FOR PURCHASE is given (1: the card's serial, 2: the issuer's identifier too).
    has_security_id: MAC1 also covers the nine bytes of GET DATA 00 00 (housing ministry cards).
    needs_pin: VERIFY comes before INITIALIZE FOR PURCHASE.
    """

    def __init__(
        self,
        code,
        name,
        account,
        aid,
        file=b"",
        kind=EP,
        is_transit=False,
        levels=2,
        has_security_id=False,
        needs_pin=False,
    ):
        self.code = code
        self.name = name
        self.account = account
        self.aid = aid
        self.file = file
        self.kind = kind
        self.is_transit = is_transit
        self.levels = levels
        self.has_security_id = has_security_id
        self.needs_pin = needs_pin

    @property
    def tti_purchase(self):
        """TTI of a plain purchase (JR/T 0025.1): 05 from the ED, 06 from the EP."""
        return 0x05 if self.kind == ED else 0x06

    @property
    def tti_load(self):
        """TTI of a load: 01 to the ED, 02 to the EP."""
        return self.kind


# In the order they are tried: JT/T 978.2 transit purse first, then the housing ministry's city
# card (CJ/T 166), then a purse that has no name, in DF 1001. Whether a city card of CJ/T 166 has
# the security identifier is asked of each card.
PURSES = (
    Profile(
        1,
        "JT/T 978 transit purse",
        TRANSIT,
        b"\xa0\x00\x00\x06\x32\x01\x01\x05",
        is_transit=True,
    ),
    Profile(
        2,
        "CJ/T 166 city purse",
        TRANSIT,
        b"\xa0\x00\x00\x00\x03\x86\x98\x07\x01",
        has_security_id=True,
    ),
    Profile(3, "PBOC purse in DF 1001", TRANSIT, b"", file=b"\x10\x01", levels=1),
    Profile(
        4,
        "PBOC deposit in DF 1001",
        BANK,
        b"",
        file=b"\x10\x01",
        kind=ED,
        levels=1,
        needs_pin=True,
    ),
)


def of_account(account, profiles=PURSES):
    """The lines of one account, in order."""
    return tuple(profile for profile in profiles if profile.account == account)


def by_code(code, profiles=PURSES):
    """The line with this code. Raises KeyError."""
    for profile in profiles:
        if profile.code == code:
            return profile
    raise KeyError(code)
