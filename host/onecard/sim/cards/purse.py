"""A PBOC electronic purse, also as the transit purse of JT/T 978, at APDU level.

Sources: JR/T 0025.1/.2 (purse), JT/T 978 (files, GET BALANCE kinds), ISO/IEC 7816-4.
Amounts are in fen; serials and dates are packed BCD as on the card.
"""

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from hmac import compare_digest
from typing import Any

from onecard.sim.cards import pboc
from onecard.sim.cards.base import status

AID_TRANSIT = bytes.fromhex("A000000632010105")
TTI_PURCHASE = 0x06
_LOG_SIZE = 10


class ApduError(Exception):
    """The card says no; sw is the status word."""

    def __init__(self, sw: int) -> None:
        super().__init__(f"{sw:04X}")
        self.sw = sw


@dataclass(frozen=True)
class PurseState:
    """Everything in the card's non-volatile memory.

    serial: 10 bytes BCD. dpk, dtk: 16-byte keys of this very card, diversified already.
    last: the newest purchase, {"serial", "tti", "mac", "tac"}, for GET TRANSACTION PROVE.
    log: 23-byte records, newest first. locked: "", "temporary" or "permanent".
    """

    serial: bytes = bytes.fromhex("03109990012345678900")
    issuer: bytes = bytes.fromhex("31099900FFFFFFFF")
    start_date: bytes = bytes.fromhex("20240101")
    end_date: bytes = bytes.fromhex("20441231")
    balance: int = 0
    balance_limit: int = 100_000
    offline_serial: int = 0
    online_serial: int = 0
    dpk: bytes = bytes.fromhex("11223344556677888877665544332211")
    dtk: bytes = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
    key_indexes: tuple[int, ...] = (1,)
    key_version: int = 1
    algorithm: int = 0
    uid: bytes = bytes.fromhex("04A1B2C3")
    aid: bytes = AID_TRANSIT
    holder: bytes = bytes(55)
    management: bytes = bytes.fromhex("00000156340034010001") + b"\x01" + bytes(49)
    log: tuple[bytes, ...] = ()
    last: dict[str, Any] | None = None
    locked: str = ""
    mac_tries: int = 15


@dataclass
class _Pending:
    """Between INITIALIZE and DEBIT: volatile."""

    amount: int
    terminal: bytes
    rand: bytes


@dataclass
class Command:
    """A command APDU taken apart; le is None if absent, 256 for 00."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes
    le: int | None

    @classmethod
    def parse(cls, apdu: bytes) -> "Command":
        """Raises ApduError 6700 unless the bytes are a well-formed short APDU."""
        if len(apdu) < 4:
            raise ApduError(0x6700)
        cla, ins, p1, p2 = apdu[:4]
        body = apdu[4:]
        if len(body) < 2:
            return cls(cla, ins, p1, p2, b"", (body[0] or 256) if body else None)
        size, rest = body[0], body[1:]
        if size == 0 or len(rest) not in (size, size + 1):
            raise ApduError(0x6700)
        le = (rest[size] or 256) if len(rest) > size else None
        return cls(cla, ins, p1, p2, rest[:size], le)

    def limit(self, answer: bytes) -> bytes:
        """The answer, if le fits it: absent, 00 or exact. Raises ApduError 6Cxx otherwise."""
        if self.le not in (None, 256, len(answer)):
            raise ApduError(0x6C00 | len(answer))
        return answer


@dataclass
class PurseCard:
    """The card. Keyword arguments are those of PurseState plus what is no memory of the card.

    rng: its random numbers; random_source, if given, fixes them (repeated as long as needed).
    has_files: SELECT by file id 3F00 and 1001 works too. is_transit: JT/T 978 GET BALANCE kinds.
    on_commit: called with the card after each change of its memory. apdu_us: its time per APDU.
    """

    state_: PurseState = field(default_factory=PurseState)
    rng: random.Random = field(default_factory=lambda: random.Random(1))
    random_source: bytes = b""
    has_files: bool = True
    is_transit: bool = True
    on_commit: "Callable[[PurseCard], None] | None" = None
    apdu_us: float = 10_000.0
    atqa: bytes = b"\x04\x00"
    sak: int = 0x20
    ats: bytes = bytes.fromhex("0578807002")

    def __post_init__(self) -> None:
        self.uid = self.state_.uid
        self.power_off()

    @classmethod
    def make(cls, **options: Any) -> "PurseCard":
        """PurseCard.make(balance=5000, rng=..., ...): memory and other options in one go."""
        names = {f.name for f in fields(PurseState)}
        memory = {k: v for k, v in options.items() if k in names}
        return cls(PurseState(**memory), **{k: v for k, v in options.items() if k not in names})

    def __getattr__(self, name: str) -> Any:
        if name != "state_" and name in PurseState.__dataclass_fields__:
            return getattr(self.state_, name)
        raise AttributeError(name)

    # -- persistence --------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """The memory as a dict for json.dump: bytes as upper-case hex."""
        raw = asdict(self.state_)
        raw["log"] = [record.hex().upper() for record in raw["log"]]
        raw["key_indexes"] = list(raw["key_indexes"])
        return {k: v.hex().upper() if isinstance(v, bytes) else v for k, v in raw.items()}

    @classmethod
    def from_state(cls, state: dict[str, Any], **options: Any) -> "PurseCard":
        """The card that state() described; options as for the constructor."""
        memory: dict[str, Any] = {}
        for f in fields(PurseState):
            value = state[f.name]
            if isinstance(f.default, bytes):
                value = bytes.fromhex(value)
            memory[f.name] = value
        memory["log"] = tuple(bytes.fromhex(record) for record in memory["log"])
        memory["key_indexes"] = tuple(memory["key_indexes"])
        return cls(PurseState(**memory), **options)

    def _commit(self, **changes: Any) -> None:
        self.state_ = replace(self.state_, **changes)
        if self.on_commit is not None:
            self.on_commit(self)

    # -- the machine ----------------------------------------------------------------

    def power_off(self) -> None:
        """Forget the selection and a transaction that was under way."""
        self._selected = "mf"
        self._current: bytes | None = None
        self._pending: _Pending | None = None

    def process(self, apdu: bytes) -> bytes:
        """Run one command; any bytes are answered, wrong ones with their status word."""
        pending, self._pending = self._pending, None  # any other command aborts
        try:
            command = Command.parse(apdu)
            handler = self._handler(command)
            if command.ins == 0x54:
                self._pending = pending
            return handler(command)
        except ApduError as error:
            return status(error.sw)
        finally:
            if len(apdu) < 2 or apdu[1] != 0x50:
                self._pending = None

    def _handler(self, command: Command) -> Callable[[Command], bytes]:
        table = {
            (0x00, 0xA4): self._select,
            (0x00, 0xB0): self._read_binary,
            (0x00, 0xB2): self._read_record,
            (0x00, 0x84): self._get_challenge,
            (0x80, 0x5C): self._get_balance,
            (0x80, 0x50): self._initialize,
            (0x80, 0x54): self._debit,
            (0x80, 0x5A): self._get_prove,
        }
        handler = table.get((command.cla, command.ins))
        if handler is None:
            known = command.cla in (0x00, 0x04, 0x80, 0x84)
            wrong_class = not known or any(ins == command.ins for _, ins in table)
            raise ApduError(0x6E00 if wrong_class else 0x6D00)
        return handler

    def _random(self, size: int) -> bytes:
        if self.random_source:
            return (self.random_source * size)[:size]
        return self.rng.randbytes(size)

    # -- files ------------------------------------------------------------------------

    def public_information(self) -> bytes:
        """EF 15, 30 bytes; the same as FCI tag 9F0C."""
        s = self.state_
        return s.issuer + b"\x02\x01" + s.serial + s.start_date + s.end_date + b"\x00\x00"

    def _fci(self) -> bytes:
        def tlv(tag: str, value: bytes) -> bytes:
            return bytes.fromhex(tag) + bytes([len(value)]) + value

        info = tlv("9F08", b"\x02") + tlv("9F0C", self.public_information())
        return tlv("6F", tlv("84", self.state_.aid) + tlv("A5", info))

    def _select(self, command: Command) -> bytes:
        if command.p1 == 0x04 and command.p2 in (0x00, 0x02):
            if not 5 <= len(command.data) <= 16:
                raise ApduError(0x6A80)
            names = (self.state_.aid, self.state_.aid[:8])
            if command.p2 == 0x02 or command.data not in names:
                raise ApduError(0x6A82)
            return self._enter_purse()
        if (command.p1, command.p2) != (0x00, 0x00):
            raise ApduError(0x6A86)
        if not self.has_files or command.data not in (b"\x3f\x00", b"\x10\x01"):
            raise ApduError(0x6A82)
        if command.data == b"\x10\x01":
            return self._enter_purse()
        self.power_off()
        return bytes.fromhex("6F02 8400") + status(0x9000)

    def _enter_purse(self) -> bytes:
        self._selected, self._current = "purse", None
        return self._fci() + status(0x6A81 if self.state_.locked else 0x9000)

    def _need_purse(self) -> None:
        if self._selected != "purse":
            raise ApduError(0x6985)

    def _file(self, sfi: int) -> bytes:
        s = self.state_
        files = {0x15: self.public_information(), 0x16: s.holder, 0x17: s.management}
        if self._selected != "purse" or sfi not in files:
            raise ApduError(0x6981 if sfi == 0x18 else 0x6A82)
        return files[sfi]

    def _read_binary(self, command: Command) -> bytes:
        if command.le is None or command.data:
            raise ApduError(0x6700)
        offset = command.p1 << 8 | command.p2
        if command.p1 & 0x80:
            if command.p1 & 0x60:
                raise ApduError(0x6A86)
            self._current, offset = self._file(command.p1 & 0x1F), command.p2
        if self._current is None:
            raise ApduError(0x6986)
        rest = self._current[offset:]
        if not rest:
            raise ApduError(0x6B00)
        if command.le != 256 and command.le > len(rest):
            raise ApduError(0x6C00 | len(rest))
        return rest[: command.le] + status(0x9000)

    def _read_record(self, command: Command) -> bytes:
        if command.le is None or command.data:
            raise ApduError(0x6700)
        if command.p2 & 7 != 4:
            raise ApduError(0x6A86)
        if self._selected != "purse" or command.p2 >> 3 != 0x18:
            raise ApduError(0x6A82)
        if not 1 <= command.p1 <= len(self.state_.log):
            raise ApduError(0x6A83)
        return command.limit(self.state_.log[command.p1 - 1]) + status(0x9000)

    def _get_challenge(self, command: Command) -> bytes:
        if command.p1 or command.p2:
            raise ApduError(0x6A86)
        if command.data or command.le not in (4, 8):
            raise ApduError(0x6700)
        return self._random(command.le) + status(0x9000)

    # -- the purse --------------------------------------------------------------------

    def _get_balance(self, command: Command) -> bytes:
        self._need_purse()
        if self.state_.locked:
            raise ApduError(0x6985)
        if command.data:
            raise ApduError(0x6700)
        if command.p2 != 0x02:
            raise ApduError(0x6A86)
        held, most, none = (pboc.amount4(n) for n in (self.state_.balance, self.balance_limit, 0))
        kinds = [held]
        if self.is_transit:
            kinds += [none, none, held, most, held + most + none + none]
        if command.p1 >= len(kinds):
            raise ApduError(0x6A86)
        return command.limit(kinds[command.p1]) + status(0x9000)

    def _initialize(self, command: Command) -> bytes:
        s = self.state_
        self._need_purse()
        if (command.p1, command.p2) != (0x01, 0x02):
            raise ApduError(0x6A86)
        if len(command.data) != 11:
            raise ApduError(0x6700)
        if s.locked:
            raise ApduError(0x9303 if s.locked == "permanent" else 0x6A81)
        if command.data[0] not in s.key_indexes:
            raise ApduError(0x9403)
        if s.offline_serial >= 0xFFFF:
            raise ApduError(0x9402)
        amount = int.from_bytes(command.data[1:5], "big")
        if amount > s.balance:
            raise ApduError(0x9401)
        rand = self._random(4)
        answer = pboc.amount4(s.balance) + s.offline_serial.to_bytes(2, "big") + bytes(3)
        answer += bytes([s.key_version, s.algorithm]) + rand
        command.limit(answer)
        self._pending = _Pending(amount, command.data[5:11], rand)
        return answer + status(0x9000)

    def _debit(self, command: Command) -> bytes:
        s, pending = self.state_, self._pending
        self._need_purse()
        if (command.p1, command.p2) != (0x01, 0x00):
            raise ApduError(0x6A86)
        if len(command.data) != 15 or command.le not in (None, 8, 256):
            raise ApduError(0x6700)
        if pending is None:
            raise ApduError(0x6985)
        terminal_serial, moment, mac1 = command.data[:4], command.data[4:11], command.data[11:]
        amount4 = pboc.amount4(pending.amount)
        head = amount4 + bytes([TTI_PURCHASE]) + pending.terminal
        number = int.from_bytes(terminal_serial, "big")
        key = pboc.purchase_session_key(s.dpk, pending.rand, s.offline_serial, number)
        if not compare_digest(mac1, pboc.mac(key, head + moment)):
            self._count_wrong_mac()
            raise ApduError(0x9302)
        mac2 = pboc.mac(key, amount4)
        tac = pboc.mac(pboc.tac_key(s.dtk), head + terminal_serial + moment)
        self._commit_purchase(pending, moment, mac2, tac)
        return tac + mac2 + status(0x9000)

    def _count_wrong_mac(self) -> None:
        tries = self.state_.mac_tries - 1
        self._commit(mac_tries=tries, locked="" if tries > 0 else "permanent")

    def _commit_purchase(self, pending: _Pending, moment: bytes, mac2: bytes, tac: bytes) -> None:
        """Balance, counter, log and proof change together or not at all."""
        s = self.state_
        serial = s.offline_serial + 1
        record = serial.to_bytes(2, "big") + bytes(3) + pboc.amount4(pending.amount)
        record += bytes([TTI_PURCHASE]) + pending.terminal + moment
        proof = {"serial": serial, "tti": TTI_PURCHASE, "mac": mac2.hex(), "tac": tac.hex()}
        self._commit(
            balance=s.balance - pending.amount,
            offline_serial=serial,
            log=(record, *s.log)[:_LOG_SIZE],
            last=proof,
            mac_tries=PurseState.mac_tries,
        )

    def _get_prove(self, command: Command) -> bytes:
        self._need_purse()
        if command.p1 != 0x00:
            raise ApduError(0x6A86)
        if len(command.data) != 2:
            raise ApduError(0x6700)
        last, serial = self.state_.last, int.from_bytes(command.data, "big")
        if last is None or last["tti"] != command.p2 or last["serial"] != serial:
            raise ApduError(0x9406)
        answer = bytes.fromhex(last["mac"]) + bytes.fromhex(last["tac"])
        return command.limit(answer) + status(0x9000)
