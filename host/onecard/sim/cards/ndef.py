"""A Type 4 tag of the NFC Forum with one text or link: read only."""

from dataclasses import dataclass

from onecard.sim.cards.application import Application
from onecard.sim.cards.base import status
from onecard.sim.cards.command import ApduError, Command
from onecard.sim.cards.memory import choice, text

AID_NDEF = bytes.fromhex("D2760000850101")
_CC_FILE, _NDEF_FILE = bytes.fromhex("E103"), bytes.fromhex("E104")
_CC = bytes.fromhex("000F 20 00FB 00FB 0406 E104 0400 00FF")
_OK = status(0x9000)


@dataclass(frozen=True)
class NdefState:
    """record: what the text is. language: of a text record."""

    record: str = choice("text", "uri")
    content: str = text("读者证 0001", 800)
    language: str = text("zh", 8)


def message(memory: NdefState) -> bytes:
    """The NDEF message: one well-known record, with a long payload size where it has to be."""
    content = memory.content.encode()
    if memory.record == "text":
        language = memory.language.encode("gbk")
        kind, payload = b"T", bytes([len(language)]) + language + content
    else:
        kind, payload = b"U", b"\x00" + content
    if len(payload) < 256:
        return bytes([0xD1, 1, len(payload)]) + kind + payload
    return b"\xc1\x01" + len(payload).to_bytes(4, "big") + kind + payload


class Ndef(Application):
    """The application."""

    kind = "ndef"

    def __init__(self, memory: NdefState) -> None:
        super().__init__(memory)
        self._content = b""
        self.handlers = {(0x00, 0xB0): self._read_binary}

    @property
    def name(self) -> bytes:
        return AID_NDEF

    def reset(self) -> None:
        self._content = b""

    def select_file(self, file_id: bytes) -> bytes:
        body = message(self.memory)
        files = {_CC_FILE: _CC, _NDEF_FILE: len(body).to_bytes(2, "big") + body}
        if file_id not in files:
            raise ApduError(0x6A82)
        self._content = files[file_id]
        return _OK

    def _read_binary(self, command: Command) -> bytes:
        command.is_read()
        if not self._content:
            raise ApduError(0x6986)
        return command.part(self._content, command.p1 << 8 | command.p2) + _OK
