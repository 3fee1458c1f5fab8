"""A real PSAM in a contact slot: it has the keys and the transaction serial, we copy bytes.

Commands as public terminals send them to transport and housing ministry SAMs; where schemes differ
the difference is in `Scheme`.
"""

import struct

from occard import apdu
from occard.errors import ProtocolError, StatusError

from drivers.sam.base import SamError as SlotError

from .base import ABSENT, EXHAUSTED, LOCKED, REFUSED, WRONG, Pending, Sam, SamError

_TERMINAL_SIZE = 6
_SERIAL_SIZE = 4
_LOCKED = (0x6983, 0x6985, 0x6283, 0x9303)
_NO_KEY = (0x9403, 0x6A88, 0x6A80)
_EXHAUSTED = 0x9402
_WRONG_MAC = (0x9302, 0x6988)


class Scheme:
    """How a family of SAMs is spoken to.

    file or name: the application to select. key_index_at: offset of the key index in EF 17.
    gives_security_id: housing ministry SAMs are told the card's nine bytes before INIT.
    """

    def __init__(self, file=b"\x80\x11", name=b"", key_index_at=0, gives_security_id=False):
        self.file = file
        self.name = name
        self.key_index_at = key_index_at
        self.gives_security_id = gives_security_id


TRANSPORT = Scheme()
HOUSING = Scheme(file=b"", name=b"\xbd\xa8\xc9\xe8\xb2\xbf", gives_security_id=True)
SCHEMES = {"transport": TRANSPORT, "housing": HOUSING}


class _SlotTarget:
    """A slot as something APDUs are exchanged with: one buffer, no copy."""

    def __init__(self, slot):
        self._slot = slot
        self._buf = bytearray(258)
        self._view = memoryview(self._buf)

    async def exchange(self, command, expected=0):
        return self._view[: await self._slot.exchange(command, self._buf)]


class PsamPending(Pending):
    """Valid until the SAM is asked for another purchase or loses its power."""

    def __init__(self, sam, serial, mac1):
        super().__init__(serial, mac1)
        self._sam = sam

    async def is_mac2(self, mac2):
        return await self._sam.credit(self, mac2)


class Psam(Sam):
    """slot: drivers.sam.base.Slot. scheme: of SCHEMES.

    wanted: the terminal number this terminal was provisioned with; another SAM in its slot is told
    (WRONG), for its transactions would be another terminal's. None: take what the SAM says.
    """

    def __init__(self, slot, scheme=TRANSPORT, wanted=None):
        self._slot = slot
        self._target = _SlotTarget(slot)
        self._scheme = scheme
        self._wanted = wanted
        self._live = None  # the Pending that CREDIT would be for
        self._is_up = False

    async def start(self):
        """Reset the SAM, read its number and key index, select its application."""
        self._is_up, self._live = False, None
        try:
            await self._slot.power_on()
            number = await self._send(0x00, 0xB0, 0x96, 0, le=_TERMINAL_SIZE)
            scheme = self._scheme
            if scheme.name:
                await self._send(0x00, 0xA4, 4, 0, scheme.name, 256)
            else:
                await self._send(0x00, 0xA4, 0, 0, scheme.file, 256)
            index = await self._send(0x00, 0xB0, 0x97, scheme.key_index_at, le=1)
        except SlotError as error:
            raise SamError(ABSENT, str(error)) from None
        except StatusError as error:
            kind = LOCKED if error.sw in _LOCKED else WRONG
            raise SamError(kind, str(error)) from None
        if len(number) != _TERMINAL_SIZE or len(index) != 1:
            raise SamError(WRONG, "its number has %d bytes" % len(number))
        if self._wanted is not None and number != self._wanted:
            raise SamError(WRONG, "terminal number %s" % number.hex())
        self.terminal, self.key_indexes = number, (index[0],)
        self._is_up = True

    async def purchase(self, request, serial):
        if not self._is_up:
            before = self.terminal
            await self.start()
            if self.terminal != before:  # INITIALIZE has named the other one to the card
                raise SamError(WRONG, "another SAM was put in: tap again")
        self._live = None
        try:
            if request.security_id and self._scheme.gives_security_id:
                await self._send(0x80, 0xCA, 0, 0, request.security_id)
            answer = await self._send(0x80, 0x70, 0, 0, _init_data(request), 8)
        except SlotError as error:
            self._is_up = False
            raise SamError(ABSENT, str(error)) from None
        except StatusError as error:
            raise SamError(_kind(error.sw), str(error)) from None
        if len(answer) != 8:
            raise SamError(WRONG, "INIT SAM answered %d bytes" % len(answer))
        own = struct.unpack(">I", answer[:_SERIAL_SIZE])[0]
        self._live = PsamPending(self, own, answer[_SERIAL_SIZE:])
        return self._live

    def resume(self, request, serial):
        live = self._live
        return live if live is not None and live.serial == serial else None

    async def credit(self, pending, mac2):
        """CREDIT SAM FOR PURCHASE: True if the SAM finds MAC2 right.

        Raises SamError if it is gone or no longer has this purchase pending.
        """
        if pending is not self._live:
            raise SamError(WRONG, "it has gone on to another purchase")
        self._live = None
        try:
            await self._send(0x80, 0x72, 0, 0, mac2)
        except StatusError as error:
            if error.sw in _WRONG_MAC:
                return False
            raise SamError(_kind(error.sw), str(error)) from None
        except SlotError as error:
            self._is_up = False
            raise SamError(ABSENT, str(error)) from None
        return True

    async def _send(self, cla, ins, p1, p2, data=b"", le=None):
        try:
            return await apdu.send(self._target, apdu.encode(cla, ins, p1, p2, data, le))
        except ProtocolError as error:
            raise SamError(WRONG, str(error)) from None


def _init_data(request):
    """Data of INIT SAM FOR PURCHASE: 20 bytes, and 8 for each diversification level."""
    answer = request.answer
    return (
        answer.random
        + struct.pack(">HIB", answer.counter, request.amount, request.tti)
        + request.date_time
        + bytes((answer.key_version, answer.algorithm))
        + request.factor
        + (request.issuer if request.levels == 2 else b"")
    )


def _kind(sw):
    if sw == _EXHAUSTED:
        return EXHAUSTED
    if sw in _NO_KEY:
        return REFUSED
    return LOCKED if sw in _LOCKED else WRONG
