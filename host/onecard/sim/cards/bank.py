"""A bank application as far as a merchant terminal may read it: no payment, no keys.

JR/T 0025 and EMV Book 3: SELECT, GET PROCESSING OPTIONS in both formats, READ RECORD, GET DATA.
The account number is of a test range that no bank issues.
"""

from dataclasses import dataclass

from onecard.sim.cards.application import Application, tlv
from onecard.sim.cards.base import status
from onecard.sim.cards.command import ApduError, Command
from onecard.sim.cards.memory import choice, digits, number, octets, records, text

_LOG_SFI = 0x0B
_LOG_FORMAT = bytes.fromhex("9A03 9F2103 9F0206 5F2A02")
_LOG_SIZE = 14
_PDOL = bytes.fromhex("9F6604 9F1A02 5F2A02 9F0206")
_PDOL_SIZE = 14
_AIP = bytes.fromhex("7C00")
_AFL = bytes.fromhex("08010100 10010100")
_OK = status(0x9000)


@dataclass(frozen=True)
class BankState:
    """pan: digits. expiry: "YYMM". gpo_format: of GET PROCESSING OPTIONS, 1 (tag 80) or 2 (77).

    has_pdol: the card wants data in GET PROCESSING OPTIONS. atc: transaction counter. log: date 3,
    time 3, amount 6, currency 2 a record, newest first.
    """

    aid: bytes = octets("A000000333010101", most=16)
    label: str = text("UnionPay Debit", 16)
    pan: str = digits("6200000000000005", 12, 19)
    expiry: str = digits("3012", 4, 4)
    holder: str = text("TEST/CARD", 26)
    gpo_format: str = choice("1", "2")
    has_pdol: bool = True
    atc: int = number(1, 0xFFFF)
    pin_tries: int = number(3, 15)
    log: tuple[bytes, ...] = records(_LOG_SIZE, 10)


class Bank(Application):
    """The application."""

    kind = "bank"
    priority = 3

    def __init__(self, memory: BankState) -> None:
        super().__init__(memory)
        self.label = memory.label
        self._is_open = False
        self.handlers = {
            (0x80, 0xA8): self._options,
            (0x00, 0xB2): self._read_record,
            (0x80, 0xCA): self._get_data,
        }

    @property
    def name(self) -> bytes:
        return bytes(self.memory.aid)

    def reset(self) -> None:
        self._is_open = False

    def fci(self) -> bytes:
        pdol = tlv(0x9F38, _PDOL) if self.memory.has_pdol else b""
        info = tlv(0x50, self.label.encode("gbk")) + tlv(0x87, bytes([self.priority])) + pdol
        info += tlv(0xBF0C, tlv(0x9F4D, bytes([_LOG_SFI, 10])))
        return tlv(0x6F, tlv(0x84, self.name) + tlv(0xA5, info))

    def _track2(self) -> bytes:
        m: BankState = self.memory
        digits = f"{m.pan}D{m.expiry}2200000000000"
        return bytes.fromhex(digits + "F" * (len(digits) % 2))

    def _options(self, command: Command) -> bytes:
        m: BankState = self.memory
        size = _PDOL_SIZE if m.has_pdol else 0
        if (command.p1, command.p2) != (0, 0):
            raise ApduError(0x6A86)
        if len(command.data) != size + 2 or command.data[:2] != bytes([0x83, size]):
            raise ApduError(0x6700)
        if m.atc >= 0xFFFF:
            raise ApduError(0x6985)
        self._is_open = True
        if m.gpo_format == "1":
            answer = tlv(0x80, _AIP + _AFL)
        else:
            found = tlv(0x57, self._track2()) + tlv(0x9F36, m.atc.to_bytes(2, "big"))
            answer = tlv(0x77, tlv(0x82, _AIP) + tlv(0x94, _AFL) + found)
        self.commit(atc=m.atc + 1)
        return command.limit(answer) + _OK

    def _read_record(self, command: Command) -> bytes:
        command.is_read()
        if command.p2 & 7 != 4:
            raise ApduError(0x6A86)
        sfi = command.p2 >> 3
        if sfi == _LOG_SFI:
            found = list(self.memory.log)
        elif not self._is_open:
            raise ApduError(0x6985)
        elif sfi in (1, 2):
            found = [self._file(sfi)]
        else:
            raise ApduError(0x6A82)
        if not 1 <= command.p1 <= len(found):
            raise ApduError(0x6A83)
        return command.limit(found[command.p1 - 1]) + _OK

    def _file(self, sfi: int) -> bytes:
        m: BankState = self.memory
        if sfi == 1:
            return tlv(0x70, tlv(0x57, self._track2()) + tlv(0x5F20, m.holder.encode("gbk")))
        pan = bytes.fromhex(m.pan + "F" * (len(m.pan) % 2))
        return tlv(0x70, tlv(0x5A, pan) + tlv(0x5F24, bytes.fromhex(m.expiry + "31")))

    def _get_data(self, command: Command) -> bytes:
        m: BankState = self.memory
        command.is_read()
        values = {
            0x9F36: m.atc.to_bytes(2, "big"),
            0x9F17: bytes([m.pin_tries]),
            0x9F4F: _LOG_FORMAT,
        }
        tag = command.p1 << 8 | command.p2
        if tag not in values:
            raise ApduError(0x6A88)
        return command.limit(tlv(tag, values[tag])) + _OK
