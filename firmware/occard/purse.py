"""The electronic purse of PBOC (JR/T 0025.1) and JT/T 978 cards.

One Purse is one card in the field with its purse application selected.
"""

import struct

from . import apdu
from .errors import ProtocolError, StatusError, WrongCard

TTI_PURCHASE = 0x06
_EF_PUBLIC = 0x15
_PUBLIC_SIZE = 30
_NOT_FOUND = (0x6A82, 0x6A81, 0x6A86, 0x6700, 0x6D00, 0x6E00)

# Application names in the order they are tried: (code kept in records, AID). JT/T 978.2 transit
# purse first, then the housing ministry's city card (CJ/T 166).
APPLICATIONS = (
    (1, b"\xa0\x00\x00\x06\x32\x01\x01\x05"),
    (2, b"\xa0\x00\x00\x00\x03\x86\x98\x07\x01"),
)
_BY_FILE = 3  # purse application as DF 1001 of a card that has no name for it
_DF_PURSE = b"\x10\x01"


class Purchase:
    """Answer to INITIALIZE FOR PURCHASE. Amounts in fen; counter: offline serial before debit."""

    def __init__(self, raw):
        if len(raw) != 15:
            raise ProtocolError("INITIALIZE FOR PURCHASE answered %d bytes" % len(raw))
        self.balance = struct.unpack(">I", raw[:4])[0] & 0x7FFFFFFF  # some cards set the top bit
        self.counter = raw[4] << 8 | raw[5]
        self.overdraft = raw[6] << 16 | raw[7] << 8 | raw[8]
        self.key_version = raw[9]
        self.algorithm = raw[10]
        self.random = raw[11:15]


class Purse:
    """A selected purse. target: the reader's Target. Made by `select`."""

    def __init__(self, target, application, public):
        self._target = target
        self.application = application
        self.issuer = public[0:8]
        self.is_enabled = public[8] != 0  # byte 9 is the application's version
        self.serial = public[10:20]
        self.start_date = public[20:24]
        self.end_date = public[24:28]

    @property
    def factor(self):
        """Diversification factor: the right-most 8 bytes of the application serial."""
        return self.serial[2:]

    def is_valid_on(self, date):
        """True if BCD YYYYMMDD `date` (4 bytes) lies within the application's dates.

        Dates of all 00 or FF mean no limit: cards in the field carry both.
        """
        starts = self.start_date in (bytes(4), b"\xff" * 4) or self.start_date <= date
        ends = self.end_date in (bytes(4), b"\xff" * 4) or date <= self.end_date
        return starts and ends

    async def balance(self):
        """Spendable balance in fen (GET BALANCE, P1 00)."""
        data = await apdu.send(self._target, apdu.encode(0x80, 0x5C, 0, 2, le=4))
        if len(data) != 4:
            raise ProtocolError("GET BALANCE answered %d bytes" % len(data))
        return struct.unpack(">I", data)[0] & 0x7FFFFFFF

    async def initialize_purchase(self, key_index, amount, terminal):
        """INITIALIZE FOR PURCHASE: writes nothing on the card. terminal: 6 bytes. -> Purchase.

        Raises StatusError: 0x9401 not enough money, 0x9403 key index unknown, 0x6985 locked.
        """
        data = struct.pack(">BI", key_index, amount) + terminal
        return Purchase(await apdu.send(self._target, apdu.encode(0x80, 0x50, 1, 2, data, le=15)))

    async def debit(self, terminal_serial, date_time, mac1):
        """DEBIT FOR PURCHASE: (TAC, MAC2), 4 bytes each. date_time: 7 BCD bytes.

        After CardGone or LinkError the outcome is unknown until `prove` tells.
        """
        data = struct.pack(">I", terminal_serial) + date_time + mac1
        answer = await apdu.send(self._target, apdu.encode(0x80, 0x54, 1, 0, data, le=8))
        if len(answer) != 8:
            raise ProtocolError("DEBIT FOR PURCHASE answered %d bytes" % len(answer))
        return answer[:4], answer[4:]

    async def prove(self, tti, counter):
        """GET TRANSACTION PROVE: (TAC, MAC2) of the transaction that made `counter`, or None.

        counter: the card's serial after that transaction, i.e. INITIALIZE's plus one.
        """
        data = struct.pack(">H", counter & 0xFFFF)
        try:
            answer = await apdu.send(self._target, apdu.encode(0x80, 0x5A, 0, tti, data, le=8))
        except StatusError as error:
            if error.sw == 0x9406:
                return None
            raise
        if len(answer) != 8:
            raise ProtocolError("GET TRANSACTION PROVE answered %d bytes" % len(answer))
        return answer[4:], answer[:4]  # the card gives the MAC first here


async def select(target):
    """Select the card's purse by name, else as DF 1001. Raises WrongCard if it has none."""
    for code, aid in APPLICATIONS:
        fci = await _try(target, apdu.encode(0, 0xA4, 4, 0, aid, le=256))
        if fci is not None:
            return await _purse(target, code, fci)
    fci = await _try(target, apdu.encode(0, 0xA4, 0, 0, _DF_PURSE, le=256))
    if fci is None:
        raise WrongCard("no purse application on this card")
    return await _purse(target, _BY_FILE, fci)


async def _try(target, command):
    try:
        return await apdu.send(target, command)
    except StatusError as error:
        if error.sw in _NOT_FOUND:
            return None
        raise


async def _purse(target, code, fci):
    public = _public_from(fci)
    if public is None:
        read = apdu.encode(0, 0xB0, 0x80 | _EF_PUBLIC, 0, le=_PUBLIC_SIZE)
        public = await apdu.send(target, read)
    if len(public) < 28:
        raise ProtocolError("public information of %d bytes" % len(public))
    return Purse(target, code, public)


def _public_from(fci):
    """EF 15 as the FCI carries it (tag 9F0C), or None if it is not there whole."""
    public = apdu.tlv(fci, (0x6F, 0xA5, 0x9F0C))
    return public if public is not None and len(public) >= 28 else None
