"""The social security application: the environment SSSE with its files EF05 and EF06.

LD/T 32-2015 as public readers show it: records are asked for by number on some cards, by tag on
others; some of generation 3.00 want an external authentication with an SM4 key first. Which
province does what is not published, so both are settings of the card.
"""

from dataclasses import dataclass
from hmac import compare_digest

from onecard.sim.cards.application import Application, tlv
from onecard.sim.cards.base import status
from onecard.sim.cards.cipher import Sm4
from onecard.sim.cards.command import ApduError, Command
from onecard.sim.cards.memory import choice, key, number, octets, text

SSSE = "sx1.sh.社会保障".encode("gbk")
_EF05, _EF06 = bytes.fromhex("EF05"), bytes.fromhex("EF06")
_KEY_REFERENCE = 0x0A
_CARD_NUMBER = 0x07
_AUTH_TRIES = 3
_OK = status(0x9000)


@dataclass(frozen=True)
class SocialState:
    """Fields of EF05 (issue) and EF06 (holder). Dates, birthplace: packed BCD.

    has_name_extension: the card has tag 4E; without it later records move up by one. records_by:
    how READ RECORD names them. is_guarded: the card number and the holder need authentication.
    """

    card_id: bytes = octets("340100 D156000005 0000000000000001")
    card_class: str = text("3", 1)
    version: str = choice("3.00", "2.00", "1.00")
    institution: bytes = octets("340100000000000000000001")
    issue_date: bytes = octets("20240101")
    expiry_date: bytes = octets("20341231")
    card_number: str = text("A12345678", 9)
    id_number: str = text("11010519491231002X", 18)
    name: str = text("张测试", 30)
    has_name_extension: bool = True
    name_extension: str = text("", 20)
    sex: str = choice("2", "1")
    ethnic_group: bytes = octets("01")
    birthplace: bytes = octets("110105")
    birth_date: bytes = octets("19491231")
    records_by: str = choice("number", "tag")
    is_guarded: bool = False
    auth_key: bytes = key()
    auth_tries: int = number(_AUTH_TRIES, 15)


def _filled(value: str, size: int) -> bytes:
    return value.encode("gbk")[:size].ljust(size, b"\0")


class Social(Application):
    """The application. Selected by its name; its files by identifier."""

    kind = "social"

    def __init__(self, memory: SocialState) -> None:
        super().__init__(memory)
        self._is_authenticated = False
        self._file = b""
        self.handlers = {
            (0x00, 0xB2): self._read_record,
            (0x00, 0x82): self._external_authenticate,
        }

    @property
    def name(self) -> bytes:
        return SSSE

    def reset(self) -> None:
        self._is_authenticated, self._file = False, b""

    def select_file(self, file_id: bytes) -> bytes:
        if file_id not in (_EF05, _EF06):
            raise ApduError(0x6A82)
        self._file = file_id
        return _OK

    def _records(self) -> list[tuple[int, bytes]]:
        """(tag, value) of the current file, in order."""
        m: SocialState = self.memory
        if self._file == _EF05:
            return [
                (0x01, m.card_id),
                (0x02, _filled(m.card_class, 1)),
                (0x03, _filled(m.version, 4)),
                (0x04, m.institution),
                (0x05, m.issue_date),
                (0x06, m.expiry_date),
                (_CARD_NUMBER, _filled(m.card_number, 9)),
            ]
        extension = [(0x4E, _filled(m.name_extension, 20))] if m.has_name_extension else []
        return [
            (0x08, _filled(m.id_number, 18)),
            (0x09, _filled(m.name, 30)),
            *extension,
            (0x0A, _filled(m.sex, 1)),
            (0x0B, m.ethnic_group),
            (0x0C, m.birthplace),
            (0x0D, m.birth_date),
        ]

    def _read_record(self, command: Command) -> bytes:
        command.is_read()
        if not self._file:
            raise ApduError(0x6986)
        is_by_number = self.memory.records_by == "number"
        if command.p2 != (0x04 if is_by_number else 0x00):
            raise ApduError(0x6A86)
        records = self._records()
        if is_by_number:
            records = records[command.p1 - 1 : command.p1] if command.p1 else []
        else:
            records = [record for record in records if record[0] == command.p1]
        if not records:
            raise ApduError(0x6A83)
        tag, value = records[0]
        is_private = self._file == _EF06 or tag == _CARD_NUMBER
        if is_private and self.memory.is_guarded and not self._is_authenticated:
            raise ApduError(0x6982)
        return command.limit(tlv(tag, value)) + _OK

    def _external_authenticate(self, command: Command) -> bytes:
        m, challenge = self.memory, self.chip.take_challenge()
        command.need(0x00, _KEY_REFERENCE, 16)
        if m.auth_tries == 0:
            raise ApduError(0x6983)
        if not challenge:
            raise ApduError(0x6984)
        self._is_authenticated = compare_digest(
            command.data, Sm4().cryptogram(m.auth_key, challenge)
        )
        if not self._is_authenticated:
            self.commit(auth_tries=m.auth_tries - 1)
            raise ApduError(0x63C0 | m.auth_tries - 1)
        if m.auth_tries != _AUTH_TRIES:
            self.commit(auth_tries=_AUTH_TRIES)
        return _OK
