"""A PSAM for the PBOC purse at APDU level: terminal number, serial, MAC1 and the check of MAC2.

Sources: JR/T 0025.1 (purchase keys and MACs), and what public terminals send to transport
ministry SAMs. Which diversification level comes first is not published: here the last one in the
data (issuer), then the one before it (card). Cryptography by OpenSSL (pboc.py).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from hmac import compare_digest

from onecard.sim.cards import pboc
from onecard.sim.cards.base import status
from onecard.sim.cards.command import ApduError, Command

_TTI = (0x05, 0x06, 0x09)  # purchase from the deposit, from the purse, compound purchase
_ALGORITHM_3DES = (0x00, 0x01)
_FIXED = 20  # bytes of INIT SAM FOR PURCHASE before the diversification factors
_SUCCESS = status(0x9000)


def diversify(key: bytes, factor: bytes) -> bytes:
    """A key for one issuer or card: 3DES of the 8-byte factor and of its complement."""
    return pboc.des3_block(key, factor) + pboc.des3_block(key, bytes(b ^ 0xFF for b in factor))


@dataclass
class Psam:
    """The card. dpk: the master (or issuer) key of purchases, 16 bytes.

    terminal: 6 bytes. sam_serial: 14. next_serial: the terminal transaction serial that the next
    purchase gets; kept over power off. key_index: for INITIALIZE FOR PURCHASE; key_version: which
    the card must name. on_commit: called after each change of what is kept. apdu_us: time for one
    command.
    """

    dpk: bytes = bytes.fromhex("11223344556677888877665544332211")
    terminal: bytes = bytes.fromhex("112233445566")
    sam_serial: bytes = bytes.fromhex("0156000000000000000000000001")
    next_serial: int = 1
    key_index: int = 1
    key_version: int = 1
    application: bytes = bytes.fromhex("8011")
    name: bytes = "建设部".encode("gbk")
    apdu_us: float = 15_000.0
    on_commit: "Callable[[Psam], None] | None" = None
    _is_selected: bool = field(default=False, init=False)
    _pending: tuple[bytes, bytes] | None = field(default=None, init=False)

    def power_off(self) -> None:
        """Forget the selection and a purchase between MAC1 and MAC2."""
        self._is_selected, self._pending = False, None

    def process(self, apdu: bytes) -> bytes:
        """Run one command; any bytes are answered, wrong ones with their status word."""
        table = {
            (0x00, 0xA4): self._select,
            (0x00, 0xB0): self._read_binary,
            (0x80, 0x70): self._init_for_purchase,
            (0x80, 0x72): self._credit,
        }
        try:
            command = Command.parse(apdu)
            handler = table.get((command.cla, command.ins))
            if handler is None:
                is_class_wrong = any(ins == command.ins for _, ins in table)
                raise ApduError(0x6E00 if is_class_wrong else 0x6D00)
            return handler(command)
        except ApduError as error:
            return status(error.sw)

    # -- files ------------------------------------------------------------------------

    def _select(self, command: Command) -> bytes:
        by_name = (command.p1, command.p2) == (0x04, 0x00)
        if not by_name and (command.p1, command.p2) != (0x00, 0x00):
            raise ApduError(0x6A86)
        is_application = command.data == (self.name if by_name else self.application)
        if not is_application and (by_name or command.data != b"\x3f\x00"):
            raise ApduError(0x6A82)
        self._is_selected, self._pending = is_application, None
        name = self.name if is_application else b""
        fci = bytes([0x84, len(name)]) + name
        return bytes([0x6F, len(fci)]) + fci + _SUCCESS

    def _read_binary(self, command: Command) -> bytes:
        if command.le is None or command.data:
            raise ApduError(0x6700)
        files = {0x95: self.sam_serial, 0x96: self.terminal}
        if self._is_selected:
            files = {0x97: bytes([self.key_index])}
        content = files.get(command.p1)
        if content is None:
            raise ApduError(0x6A82)
        rest = content[command.p2 :]
        if not rest:
            raise ApduError(0x6B00)
        if command.le > len(rest):
            raise ApduError(0x6C00 | len(rest))
        return rest[: command.le] + _SUCCESS

    # -- purchase -----------------------------------------------------------------------

    def _init_for_purchase(self, command: Command) -> bytes:
        data = command.data
        if command.p1 or command.p2:
            raise ApduError(0x6A86)
        if len(data) not in range(_FIXED + 8, _FIXED + 33, 8):
            raise ApduError(0x6700)
        if not self._is_selected:
            raise ApduError(0x6985)
        rand, offline = data[:4], int.from_bytes(data[4:6], "big")
        amount, tti, moment = data[6:10], data[10], data[11:18]
        if tti not in _TTI:
            raise ApduError(0x6A80)
        if data[18] != self.key_version or data[19] not in _ALGORITHM_3DES:
            raise ApduError(0x9403)
        if self.next_serial > 0xFFFFFFFF:
            raise ApduError(0x9402)
        key = self.dpk
        for at in range(len(data) - 8, _FIXED - 1, -8):
            key = diversify(key, data[at : at + 8])
        serial = self.next_serial
        session_key = pboc.purchase_session_key(key, rand, offline, serial)
        mac1 = pboc.mac(session_key, amount + bytes([tti]) + self.terminal + moment)
        self.next_serial += 1
        self._pending = session_key, amount
        if self.on_commit is not None:
            self.on_commit(self)
        return serial.to_bytes(4, "big") + mac1 + _SUCCESS

    def _credit(self, command: Command) -> bytes:
        if command.p1 or command.p2:
            raise ApduError(0x6A86)
        if len(command.data) != 4:
            raise ApduError(0x6700)
        pending, self._pending = self._pending, None
        if pending is None:
            raise ApduError(0x6901)
        if not compare_digest(command.data, pboc.mac(*pending)):
            raise ApduError(0x9302)
        return _SUCCESS
