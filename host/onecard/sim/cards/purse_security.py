"""PIN, external authentication, line protection and blocking of the purse application.

JR/T 0025.1 and what public tools send to FMCOS chips: VERIFY, CHANGE and RELOAD PIN, PIN UNBLOCK,
EXTERNAL AUTHENTICATE, APPLICATION BLOCK and UNBLOCK.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING

from onecard.sim.cards.application import Handlers
from onecard.sim.cards.base import status
from onecard.sim.cards.command import ApduError, Command

if TYPE_CHECKING:
    from onecard.sim.cards.purse import Purse

PIN_TRIES, AUTH_TRIES = 3, 3
_OK = status(0x9000)
_MAC_SIZE = 4


def is_pin(digits: bytes) -> bool:
    """True for 2 to 6 bytes of packed digits, padded with F on the right."""
    text = digits.hex().rstrip("f")
    return 2 <= len(digits) <= 6 and len(text) >= 2 * len(digits) - 1 and text.isdecimal()


class Security:
    """What has been proved since the application was selected, and the commands that prove it."""

    def __init__(self, purse: Purse) -> None:
        self._purse = purse
        self.reset()
        self.handlers: Handlers = {
            (0x00, 0x20): self._verify,
            (0x00, 0x82): self._external_authenticate,
            (0x80, 0x5E): self._new_pin,
            (0x84, 0x24): self._unblock_pin,
            (0x84, 0x1E): self._block,
            (0x84, 0x18): self._unblock,
        }

    def reset(self) -> None:
        """Nothing is proved."""
        self.is_pin_ok = self.is_authenticated = False

    def allows(self, access: str) -> bool:
        """access: "free", "pin" or "auth"."""
        return {"pin": self.is_pin_ok, "auth": self.is_authenticated}.get(access, True)

    def unwrap(self, command: Command) -> bytes:
        """The data of a command under line protection, without its MAC.

        Raises ApduError: 6987 no MAC, 6984 no challenge just before, 6988 wrong MAC.
        """
        if len(command.data) < _MAC_SIZE:
            raise ApduError(0x6987)
        challenge = self._purse.chip.take_challenge()
        if not challenge:
            raise ApduError(0x6984)
        data, given = command.data[:-_MAC_SIZE], command.data[-_MAC_SIZE:]
        header = bytes([command.cla, command.ins, command.p1, command.p2, len(command.data)])
        key = self._purse.memory.line_key
        if not compare_digest(given, self._purse.suite.line_mac(key, challenge, header + data)):
            raise ApduError(0x6988)
        return data

    # -- PIN --------------------------------------------------------------------------

    def _verify(self, command: Command) -> bytes:
        if command.p1:
            raise ApduError(0x6A86)
        if not self._purse.memory.pin:
            raise ApduError(0x6A88)
        if not 2 <= len(command.data) <= 6:
            raise ApduError(0x6700)
        self.is_pin_ok = False
        self._compare(command.data)
        self.is_pin_ok = True
        return _OK

    def _compare(self, digits: bytes) -> None:
        """Raises ApduError 6983 or 63Cx; a wrong PIN costs a try before anything is said."""
        m = self._purse.memory
        if m.pin_tries == 0:
            raise ApduError(0x6983)
        if not compare_digest(digits, m.pin):
            self._purse.commit(pin_tries=m.pin_tries - 1)
            raise ApduError(0x63C0 | m.pin_tries - 1)
        if m.pin_tries != PIN_TRIES:
            self._purse.commit(pin_tries=PIN_TRIES)

    def _new_pin(self, command: Command) -> bytes:
        """CHANGE PIN (P1 01): old, FF, new. RELOAD PIN (P1 00): new and its MAC."""
        if command.p1 == 0x01:
            old, found, new = command.data.partition(b"\xff")
            if not found or not self._purse.memory.pin or not is_pin(new):
                raise ApduError(0x6A80)
            self._compare(old)
        elif command.p1 == 0x00:
            new, given = command.data[:-_MAC_SIZE], command.data[-_MAC_SIZE:]
            if not is_pin(new):
                raise ApduError(0x6A80)
            right = self._purse.suite.tac(self._purse.memory.auth_key, new)
            if not compare_digest(given, right):
                raise ApduError(0x6988)
        else:
            raise ApduError(0x6A86)
        self._purse.commit(pin=new, pin_tries=PIN_TRIES)
        return _OK

    def _unblock_pin(self, command: Command) -> bytes:
        """The new PIN comes as length, PIN, 80 00.., encrypted under the line key."""
        data = self.unwrap(command)
        if not data or len(data) % 8:
            raise ApduError(0x6700)
        m = self._purse.memory
        plain = self._purse.suite.decrypt(m.line_key, data)
        new = plain[1 : 1 + plain[0]]
        if not is_pin(new):
            raise ApduError(0x6A80)
        self._purse.commit(pin=new, pin_tries=PIN_TRIES)
        return _OK

    # -- keys -------------------------------------------------------------------------

    def _external_authenticate(self, command: Command) -> bytes:
        m = self._purse.memory
        challenge = self._purse.chip.take_challenge()
        if command.p1:
            raise ApduError(0x6A86)
        if m.auth_tries == 0:
            raise ApduError(0x6983)
        if not challenge:
            raise ApduError(0x6984)
        right = self._purse.suite.cryptogram(m.auth_key, challenge)
        if len(command.data) != len(right):
            raise ApduError(0x6700)
        self.is_authenticated = compare_digest(command.data, right)
        if not self.is_authenticated:
            self._purse.commit(auth_tries=m.auth_tries - 1)
            raise ApduError(0x63C0 | m.auth_tries - 1)
        if m.auth_tries != AUTH_TRIES:
            self._purse.commit(auth_tries=AUTH_TRIES)
        return _OK

    def _block(self, command: Command) -> bytes:
        if command.p1 or command.p2 not in (0x00, 0x01):
            raise ApduError(0x6A86)
        if self.unwrap(command):
            raise ApduError(0x6700)
        is_final = command.p2 == 0x01 or self._purse.memory.locked == "permanent"
        self._purse.commit(locked="permanent" if is_final else "temporary")
        return _OK

    def _unblock(self, command: Command) -> bytes:
        if command.p1 or command.p2:
            raise ApduError(0x6A86)
        if self.unwrap(command):
            raise ApduError(0x6700)
        if self._purse.memory.locked == "permanent":
            raise ApduError(0x9303)
        self._purse.commit(locked="")
        return _OK
