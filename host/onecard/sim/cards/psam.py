"""A PSAM for the PBOC purse at APDU level: terminal number, serial, MAC1 and the check of MAC2.

Sources: JR/T 0025.1 (purchase keys and MACs), and what public terminals send to transport and
housing ministry SAMs. Which diversification level comes first is not published: here the last one
in the data (issuer), then the one before it (card). SM4 as in cipher.py, unconfirmed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from hmac import compare_digest

from onecard.sim.cards import pboc
from onecard.sim.cards.base import status
from onecard.sim.cards.cipher import ALGORITHM_SM4, SM4_SESSIONS, Sm4
from onecard.sim.cards.command import ApduError, Command
from onecard.sim.cards.memory import choice, key, number, octets, volatile

FILE_TRANSPORT, FILE_HOUSING = bytes.fromhex("8011"), bytes.fromhex("1001")
NAME_HOUSING = "建设部".encode("gbk")
_TTI = (0x05, 0x06, 0x09)  # purchase from the deposit, from the purse, compound purchase
_ALGORITHM_3DES = (0x00, 0x01)
_FIXED = 20  # bytes of INIT SAM FOR PURCHASE before the diversification factors
_SECURITY_ID_SIZE = 9
_SUCCESS = status(0x9000)


def diversify(key: bytes, factor: bytes) -> bytes:
    """A key for one issuer or card: 3DES of the 8-byte factor and of its complement."""
    return pboc.des3_block(key, factor) + pboc.des3_block(key, bytes(b ^ 0xFF for b in factor))


@dataclass(frozen=True)
class PsamKey:
    """A further master key of purchases, for cards that name its version and algorithm."""

    version: int = number(2, 255)
    algorithm: int = number(0, 255)
    key: bytes = key()


@dataclass
class Psam:
    """The card. dpk: the master (or issuer) key of purchases, 16 bytes, for 3DES cards.

    terminal: 6 bytes. sam_serial: 14. next_serial: the terminal transaction serial that the next
    purchase gets; kept over power off. key_index: for INITIALIZE FOR PURCHASE; key_version: which
    the card must name. more_keys: of other versions or for SM4 cards (algorithm 04).
    application, name: by which the purchase application is selected. locked: does no purchase.
    on_commit: called after each change of what is kept. apdu_us: time for one command.
    """

    dpk: bytes = key()
    terminal: bytes = octets("112233445566")
    sam_serial: bytes = octets("0156000000000000000000000001")
    next_serial: int = number(1, 0x1_0000_0000)
    key_index: int = number(1, 255)
    key_version: int = number(1, 255)
    application: bytes = octets("8011")
    name: bytes = octets(NAME_HOUSING.hex(), most=16)
    more_keys: tuple[PsamKey, ...] = ()
    sm4_session: str = choice(*SM4_SESSIONS)
    locked: bool = False
    apdu_us: float = volatile(15_000.0)
    on_commit: "Callable[[Psam], None] | None" = volatile(None)
    _is_selected: bool = field(default=False, init=False)
    _security_id: bytes = field(default=b"", init=False, repr=False)
    _pending: bytes | None = field(default=None, init=False, repr=False)

    def power_off(self) -> None:
        """Forget the selection and a purchase between MAC1 and MAC2."""
        self._is_selected, self._pending, self._security_id = False, None, b""

    def process(self, apdu: bytes) -> bytes:
        """Run one command; any bytes are answered, wrong ones with their status word."""
        table = {
            (0x00, 0xA4): self._select,
            (0x00, 0xB0): self._read_binary,
            (0x80, 0x70): self._init_for_purchase,
            (0x80, 0x72): self._credit,
            (0x80, 0xCA): self._take_security_id,
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
        self._is_selected, self._pending, self._security_id = is_application, None, b""
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
        rand, offline = data[:4], data[4:6]
        amount, tti, moment = data[6:10], data[10], data[11:18]
        if tti not in _TTI:
            raise ApduError(0x6A80)
        master = self._master(version=data[18], algorithm=data[19])
        if self.locked:
            raise ApduError(0x6983)
        if self.next_serial > 0xFFFFFFFF:
            raise ApduError(0x9402)
        own = Sm4(self.sm4_session) if data[19] == ALGORITHM_SM4 else None
        for at in range(len(data) - 8, _FIXED - 1, -8):
            factor = data[at : at + 8]
            master = own.diversify(master, factor) if own else diversify(master, factor)
        serial = self.next_serial
        session, mac = (own.session_key, own.mac) if own else (pboc.des3_block, pboc.mac)
        session_key = session(master, rand + offline + (serial & 0xFFFF).to_bytes(2, "big"))
        covered = amount + bytes([tti]) + self.terminal + moment + self._security_id
        mac1 = mac(session_key, covered)
        self.next_serial += 1
        self._pending, self._security_id = mac(session_key, amount), b""
        if self.on_commit is not None:
            self.on_commit(self)
        return serial.to_bytes(4, "big") + mac1 + _SUCCESS

    def _master(self, version: int, algorithm: int) -> bytes:
        """The key that a card's version and algorithm name. Raises ApduError 9403."""
        if version == self.key_version and algorithm in _ALGORITHM_3DES:
            return self.dpk
        for other in self.more_keys:
            if (other.version, other.algorithm) == (version, algorithm):
                return other.key
        raise ApduError(0x9403)

    def _take_security_id(self, command: Command) -> bytes:
        """The card's nine bytes (housing ministry): the next MAC1 covers them too."""
        command.need(0x00, 0x00, _SECURITY_ID_SIZE)
        if not self._is_selected:
            raise ApduError(0x6985)
        self._security_id = command.data
        return _SUCCESS

    def _credit(self, command: Command) -> bytes:
        if command.p1 or command.p2:
            raise ApduError(0x6A86)
        if len(command.data) != 4:
            raise ApduError(0x6700)
        pending, self._pending = self._pending, None
        if pending is None:
            raise ApduError(0x6901)
        if not compare_digest(command.data, pending):
            raise ApduError(0x9302)
        return _SUCCESS
