"""A card with several applications on one chip: selection, directories, random numbers.

ISO/IEC 7816-4: SELECT by name and by file identifier, GET CHALLENGE. PSE and PPSE as in EMV Book 1
and JR/T 0025. Applications share no session: a SELECT drops what the one before had pending.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from onecard.sim.cards.application import Application, Handlers, tlv
from onecard.sim.cards.base import status
from onecard.sim.cards.command import ApduError, Command

PSE, PPSE = b"1PAY.SYS.DDF01", b"2PAY.SYS.DDF01"
_MF = b"\x3f\x00"
_CLASSES = (0x00, 0x04, 0x80, 0x84)
_READ_BINARY, _READ_RECORD = (0x00, 0xB0), (0x00, 0xB2)


@dataclass(frozen=True)
class _Entry:
    name: bytes
    label: str
    priority: int

    def template(self) -> bytes:
        """Directory entry, tag 61."""
        label = tlv(0x50, self.label.encode("gbk"))
        return tlv(0x61, tlv(0x4F, self.name) + label + tlv(0x87, bytes([self.priority])))


class Directory(Application):
    """PSE (records to read) or PPSE (all in the FCI), made from the card's applications."""

    def __init__(self, name: bytes) -> None:
        super().__init__(None)
        self._name = name
        self.handlers = {_READ_RECORD: self._read_record} if name == PSE else {}

    @property
    def name(self) -> bytes:
        return self._name

    def _entries(self) -> list[_Entry]:
        listed = [a for a in self.chip.applications if a.label and a.name]
        entries = [_Entry(a.name, a.label, a.priority) for a in listed]
        return sorted(entries, key=lambda entry: entry.priority)

    def fci(self) -> bytes:
        if self._name == PSE:
            inner = tlv(0x88, b"\x01")
        else:
            inner = tlv(0xBF0C, b"".join(entry.template() for entry in self._entries()))
        return tlv(0x6F, tlv(0x84, self._name) + tlv(0xA5, inner))

    def _read_record(self, command: Command) -> bytes:
        command.is_read()
        if command.p2 != 0x0C:
            raise ApduError(0x6A82)
        entries = self._entries()
        if not 1 <= command.p1 <= len(entries):
            raise ApduError(0x6A83)
        record = tlv(0x70, entries[command.p1 - 1].template())
        return command.limit(record) + status(0x9000)


class Chip:
    """The card. applications: in the order in which SELECT looks for them.

    uid, atqa, sak, ats: see base.Card; a card without contactless side has no ATS. rng: its random
    numbers; random_source, if given, fixes them (repeated as long as needed). on_commit: called
    with the card after each change of a memory. apdu_us: its time per APDU, microseconds.
    inf_size: bytes of answer a block. has_files: DFs can be selected by file id too. has_names: by
    name; without, by file id alone.
    """

    def __init__(
        self,
        applications: Sequence[Application],
        uid: bytes = b"\x04\xa1\xb2\xc3",
        *,
        rng: random.Random | None = None,
        random_source: bytes = b"",
        has_files: bool = True,
        has_names: bool = True,
        on_commit: "Callable[..., None] | None" = None,
        apdu_us: float = 10_000.0,
        atqa: bytes = b"\x04\x00",
        sak: int = 0x20,
        ats: bytes = bytes.fromhex("0578807002"),
        inf_size: int = 253,
    ) -> None:
        self.applications = list(applications)
        self.uid, self.atqa, self.sak, self.ats = uid, atqa, sak, ats
        self.rng = rng or random.Random(1)
        self.random_source = random_source
        self.has_files, self.has_names = has_files, has_names
        self.on_commit = on_commit
        self.apdu_us, self.inf_size = apdu_us, inf_size
        listed = any(a.label for a in self.applications)
        self._directories = [Directory(PPSE), Directory(PSE)] if listed else []
        for application in [*self.applications, *self._directories]:
            application.card = self
        self._challenge = self._usable = b""
        self._handlers: Handlers = {(0x00, 0xA4): self._select, (0x00, 0x84): self._get_challenge}
        self.power_off()

    def find(self, kind: str) -> Application | None:
        """The application of this kind, if the card has it."""
        return next((a for a in self.applications if a.kind == kind), None)

    def committed(self) -> None:
        """An application has changed its memory."""
        if self.on_commit is not None:
            self.on_commit(self)

    def random(self, size: int) -> bytes:
        """size random bytes."""
        if self.random_source:
            return (self.random_source * size)[:size]
        return self.rng.randbytes(size)

    def take_challenge(self) -> bytes:
        """What GET CHALLENGE gave just before this command; b"" if it was not just before."""
        challenge, self._usable = self._usable, b""
        return challenge

    # -- the machine ----------------------------------------------------------------

    def power_off(self) -> None:
        """Forget the selection and everything that is volatile."""
        for application in self.applications:
            application.reset()
        self._current: Application | None = None
        self._challenge = self._usable = b""

    def process(self, apdu: bytes) -> bytes:
        """Run one command; any bytes are answered, wrong ones with their status word."""
        self._usable, self._challenge = self._challenge, b""
        try:
            command: Command | None = Command.parse(apdu)
        except ApduError as error:
            command, refusal = None, status(error.sw)
        if self._current is not None:
            self._current.before(command)
        if command is None:
            return refusal
        try:
            return self._run(command)
        except ApduError as error:
            return error.data + status(error.sw)

    def _run(self, command: Command) -> bytes:
        code = command.cla, command.ins
        table = self._handlers | (self._current.handlers if self._current else {})
        if code in table:
            return table[code](command)
        everything = set(table).union(*(a.handlers for a in self.applications))
        if self._current is None and code in everything:
            if code in (_READ_BINARY, _READ_RECORD):
                is_current = code == _READ_BINARY and not command.p1 & 0x80
                raise ApduError(0x6986 if is_current else 0x6A82)
            raise ApduError(0x6985)
        is_class_wrong = any(ins == command.ins for _, ins in table)
        raise ApduError(0x6E00 if is_class_wrong or command.cla not in _CLASSES else 0x6D00)

    def _get_challenge(self, command: Command) -> bytes:
        if command.p1 or command.p2:
            raise ApduError(0x6A86)
        if command.data or command.le not in (4, 8, 16):
            raise ApduError(0x6700)
        self._challenge = self.random(command.le)
        return self._challenge + status(0x9000)

    # -- selection ------------------------------------------------------------------

    def _select(self, command: Command) -> bytes:
        if command.p1 == 0x04 and command.p2 in (0x00, 0x02):
            return self._select_name(command)
        if command.p1 in (0x00, 0x02) and command.p2 in (0x00, 0x04, 0x0C):
            return self._select_file(command)
        raise ApduError(0x6A86)

    def _select_name(self, command: Command) -> bytes:
        if not 5 <= len(command.data) <= 16:
            raise ApduError(0x6A80)
        every = [*self.applications, *self._directories]
        if command.p2 == 0x02:  # the next one behind the one that is selected
            start = every.index(self._current) + 1 if self._current in every else 0
            every = every[start:]
        for application in every:
            if self.has_names and application.name.startswith(command.data):
                return self._enter(application)
        raise ApduError(0x6A82)

    def _select_file(self, command: Command) -> bytes:
        if command.p1 == 0x00 and self.has_files:
            if command.data in (_MF, b""):
                self.power_off()
                return bytes.fromhex("6F02 8400") + status(0x9000)
            for application in self.applications:
                if command.data == application.file_id:
                    return self._enter(application)
        if self._current is None or len(command.data) != 2:
            raise ApduError(0x6A82)
        return self._current.select_file(command.data)

    def _enter(self, application: Application) -> bytes:
        if self._current is not None:
            self._current.reset()
        application.reset()
        self._current = application
        return application.select()
