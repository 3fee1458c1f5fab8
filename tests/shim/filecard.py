"""A card of files for readers of identity: applications by name, records by number or by tag."""


class FileCard:
    """applications: {AID: {file id: [records]}}; records are whole objects (tag, size, value).

    by: "number" or "tag", how records are asked for. p1: what SELECT of a file wants. guarded:
    file ids, or tags of single records, that answer 6982 until authenticated. answers: {command:
    answer} before all else.
    """

    is_iso_dep = True
    uid = bytes.fromhex("04A1B2C3")

    def __init__(self, applications, by="number", p1=2, guarded=(), answers=None):
        self._applications, self._by, self._p1 = applications, by, p1
        self._guarded, self._answers = set(guarded), answers or {}
        self._files = self._file = None
        self.commands = []

    async def exchange(self, command, expected=0):
        command = bytes(command)
        self.commands.append(command)
        return self._answer(command)

    def _answer(self, command):
        if command in self._answers:
            return self._answers[command] + b"\x90\x00"
        ins, p1, p2 = command[1:4]
        data = command[5 : 5 + command[4]] if len(command) > 5 else b""
        if ins == 0xA4 and p1 == 4:
            self._files, self._file = self._applications.get(data), None
            return b"\x90\x00" if self._files is not None else b"\x6a\x82"
        if self._files is None:
            return b"\x6a\x82" if ins == 0xA4 else b"\x69\x85"
        if ins == 0xA4:
            if p1 != self._p1 or data not in self._files:
                return b"\x6a\x86" if p1 != self._p1 else b"\x6a\x82"
            self._file = data
            return b"\x90\x00"
        if ins == 0x84:
            return bytes(range(8)) + b"\x90\x00"
        if ins == 0x82:
            self._guarded.clear()
            return b"\x90\x00"
        if ins == 0xB2:
            return self._record(p1, p2)
        return b"\x6d\x00"

    def _record(self, p1, p2):
        if self._file in self._guarded:
            return b"\x69\x82"
        if (p2 == 4) != (self._by == "number"):
            return b"\x6a\x86"
        records = self._files.get(self._file, [])
        found = [r for r in records if r[0] == p1]
        if self._by == "number":
            found = records[p1 - 1 : p1]
        if not found:
            return b"\x6a\x83"
        return b"\x69\x82" if found[0][0] in self._guarded else found[0] + b"\x90\x00"


def tlv(tag, *values):
    """An object: tag in hex, values joined."""
    value = b"".join(values)
    return bytes.fromhex(tag) + bytes([len(value)]) + value
