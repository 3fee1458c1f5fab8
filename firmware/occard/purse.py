"""The purse of PBOC (JR/T 0025.1: ED and EP) and JT/T 978 cards, as it speaks.

One Purse is one card in the field with its purse application selected.
"""

import struct

from . import apdu, tlv
from .errors import Blocked, ProtocolError, StatusError, WrongCard
from .profiles import ED, PURSES

TTI_COMPOUND = 0x09
EF_PUBLIC, EF_HOLDER, EF_MANAGEMENT = 0x15, 0x16, 0x17
EF_LOG, EF_RIDES, EF_TRIPS = 0x18, 0x1A, 0x1E
_PUBLIC_SIZE = 30
_LOG_SIZE = 23
_SECURITY_ID_SIZE = 9
_ABSENT = (0x6A82, 0x6A81, 0x6A86, 0x6700, 0x6D00, 0x6E00)
_BLOCKED = (0x6283, 0x9303)
_OVER = (0x6A83, 0x6A82, 0x9403)  # a record loop has come to its end

# Balance kinds of JT/T 978 GET BALANCE (P1): spendable, overdraft limit, overdraft used, actual,
# upper limit.
SPENDABLE, OVERDRAFT_LIMIT, OVERDRAFT_USED, ACTUAL, UPPER_LIMIT = range(5)


def fen(raw):
    """An amount or balance of 4 bytes. Some cards set the top bit; it carries no value."""
    return struct.unpack(">I", raw)[0] & 0x7FFFFFFF


class Initialized:
    """Answer to an INITIALIZE command. Amounts in fen.

    counter: the offline (purchase) or online (load) serial before the transaction. mac1: of a load
    only, else b"".
    """

    def __init__(self, raw, is_load):
        if len(raw) != (16 if is_load else 15):
            raise ProtocolError("INITIALIZE answered %d bytes" % len(raw))
        self.balance = fen(raw[:4])
        self.counter = raw[4] << 8 | raw[5]
        self.overdraft = 0
        if not is_load:
            self.overdraft = raw[6] << 16 | raw[7] << 8 | raw[8]
        at = 6 if is_load else 9
        self.key_version, self.algorithm = raw[at], raw[at + 1]
        self.random = raw[at + 2 : at + 6]
        self.mac1 = raw[at + 6 :]


class LogEntry:
    """One record of EF 18 (23 bytes). moment: 7 BCD bytes; terminal: 6; amount in fen."""

    def __init__(self, raw):
        self.counter = raw[0] << 8 | raw[1]
        self.amount = fen(raw[5:9])
        self.tti = raw[9]
        self.terminal = raw[10:16]
        self.moment = raw[16:23]

    @property
    def is_load(self):
        """True for money put on the card."""
        return self.tti in (0x01, 0x02)


class Purse:
    """A selected purse. target: the reader's Target. Made by `select`."""

    def __init__(self, target, profile, public):
        self._target = target
        self.profile = profile
        self.issuer = public[0:8]
        self.is_enabled = public[8] != 0  # byte 9 is the application's version
        self.serial = public[10:20]
        self.start_date = public[20:24]
        self.end_date = public[24:28]
        self.security_id = b""

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

    # -- reading ------------------------------------------------------------------------

    async def balance(self, kind=SPENDABLE):
        """A balance in fen (GET BALANCE). kind: other than SPENDABLE on JT/T 978 cards only."""
        data = await self._send(0x80, 0x5C, kind, self.profile.kind, le=4)
        if len(data) != 4:
            raise ProtocolError("GET BALANCE answered %d bytes" % len(data))
        return fen(data)

    async def binary(self, sfi, size=0):
        """A transparent file by its short identifier; size 0: as much as one answer holds."""
        return await self._send(0x00, 0xB0, 0x80 | sfi, 0, le=size or 256)

    async def record(self, sfi, number, size=0):
        """A record by number, or None if there is none."""
        try:
            return await self._send(0x00, 0xB2, number, sfi << 3 | 4, le=size or 256)
        except StatusError as error:
            if error.sw in _OVER:
                return None
            raise

    async def log(self, most=10):
        """The newest LogEntries of EF 18, newest first; empty places are left out."""
        entries = []
        for number in range(1, most + 1):
            raw = await self.record(EF_LOG, number, _LOG_SIZE)
            if raw is None:
                break
            if len(raw) != _LOG_SIZE:
                raise ProtocolError("log record of %d bytes" % len(raw))
            if raw not in (bytes(_LOG_SIZE), b"\xff" * _LOG_SIZE):
                entries.append(LogEntry(raw))
        return entries

    async def read_security_id(self):
        """The nine bytes that MAC1 covers on housing ministry cards; b"" on one without them."""
        try:
            data = await self._send(0x80, 0xCA, 0, 0, le=_SECURITY_ID_SIZE)
        except StatusError:
            data = b""
        if data and len(data) != _SECURITY_ID_SIZE:
            raise ProtocolError("security identifier of %d bytes" % len(data))
        self.security_id = data

    async def verify_pin(self, digits, pin_id=0):
        """VERIFY: tries left if the PIN is wrong, None if it is right. digits: 4 to 12, "123456".

        Raises StatusError 6983 for a PIN that is blocked.
        """
        if not 4 <= len(digits) <= 12 or not digits.isdigit():
            raise ValueError("a PIN has 4 to 12 digits")
        digits = digits + "F" * (len(digits) % 2)
        try:
            await self._send(0x00, 0x20, 0, pin_id, bytes.fromhex(digits))
        except StatusError as error:
            if error.sw & 0xFFF0 == 0x63C0:
                return error.sw & 0x0F
            raise
        return None

    # -- transactions -------------------------------------------------------------------

    async def initialize_purchase(self, key_index, amount, terminal, is_compound=False):
        """INITIALIZE FOR (CAPP) PURCHASE: writes nothing on the card. terminal: 6 bytes.

        Raises StatusError: 0x9401 not enough money, 0x9403 key index unknown, 0x6985 locked.
        """
        data = struct.pack(">BI", key_index, amount) + terminal
        p1 = 3 if is_compound else 1
        return Initialized(await self._send(0x80, 0x50, p1, self.profile.kind, data, 15), False)

    async def initialize_load(self, key_index, amount, terminal):
        """INITIALIZE FOR LOAD: writes nothing on the card. -> Initialized with the card's MAC1."""
        data = struct.pack(">BI", key_index, amount) + terminal
        return Initialized(await self._send(0x80, 0x50, 0, self.profile.kind, data, 16), True)

    async def update_cache(self, sfi, record_id, data):
        """UPDATE CAPP DATA CACHE: `data` is written with the debit that follows, or not at all.

        record_id: a record's number (EF 1A), 00 to append to a cyclic file.
        """
        await self._send(0x80, 0xDC, record_id, sfi << 3, data)

    async def debit(self, terminal_serial, date_time, mac1):
        """DEBIT FOR (CAPP) PURCHASE: (TAC, MAC2), 4 bytes each. date_time: 7 BCD bytes.

        After CardGone or LinkError the outcome is unknown until `prove` tells.
        """
        data = struct.pack(">I", terminal_serial) + date_time + mac1
        answer = await self._send(0x80, 0x54, 1, 0, data, le=8)
        if len(answer) != 8:
            raise ProtocolError("DEBIT FOR PURCHASE answered %d bytes" % len(answer))
        return answer[:4], answer[4:]

    async def credit(self, date_time, mac2):
        """CREDIT FOR LOAD: TAC, 4 bytes. As with `debit`, silence leaves the outcome unknown."""
        answer = await self._send(0x80, 0x52, 0, 0, date_time + mac2, le=4)
        if len(answer) != 4:
            raise ProtocolError("CREDIT FOR LOAD answered %d bytes" % len(answer))
        return answer

    async def prove(self, tti, counter):
        """GET TRANSACTION PROVE: (TAC, MAC) of the transaction that made `counter`, or None.

        counter: the card's serial after that transaction, i.e. INITIALIZE's plus one. The MAC is
        the MAC2 of a purchase; of a load which one it is stands nowhere.
        """
        data = struct.pack(">H", counter & 0xFFFF)
        try:
            answer = await self._send(0x80, 0x5A, 0, tti, data, le=8)
        except StatusError as error:
            if error.sw == 0x9406:
                return None
            raise
        if len(answer) != 8:
            raise ProtocolError("GET TRANSACTION PROVE answered %d bytes" % len(answer))
        return answer[4:], answer[:4]  # the card gives the MAC first here

    async def _send(self, cla, ins, p1, p2, data=b"", le=None):
        return await apdu.send(self._target, apdu.encode(cla, ins, p1, p2, data, le))


async def select(target, profiles=PURSES):
    """Select the first application of `profiles` that the card has: -> Purse.

    Raises WrongCard if it has none, Blocked if the one it has is locked.
    """
    for profile in profiles:
        fci = await _select(target, profile)
        if fci is not None:
            purse = await _purse(target, profile, fci)
            if profile.has_security_id:
                await purse.read_security_id()
            return purse
    raise WrongCard("no purse application on this card")


async def _select(target, profile):
    by_name = bool(profile.aid)
    name = profile.aid if by_name else profile.file
    command = apdu.encode(0, 0xA4, 4 if by_name else 0, 0, name, le=256)
    try:
        return await apdu.send(target, command)
    except StatusError as error:
        # 6A81 with the FCI: locked; without it the card does not know this way of selecting.
        if error.sw in _BLOCKED or (error.sw == 0x6A81 and error.data):
            raise Blocked(error.sw) from None
        if error.sw in _ABSENT:
            return None
        raise


async def _purse(target, profile, fci):
    public = tlv.find(fci, (0x6F, 0xA5, 0x9F0C))
    if public is None or len(public) < 28:  # not there whole: the file has it
        read = apdu.encode(0, 0xB0, 0x80 | EF_PUBLIC, 0, le=_PUBLIC_SIZE)
        public = await apdu.send(target, read)
    if len(public) < 28:
        raise ProtocolError("public information of %d bytes" % len(public))
    if profile.kind == ED and public[8] == 0x02:
        raise WrongCard("this card has no deposit application")
    return Purse(target, profile, public)
