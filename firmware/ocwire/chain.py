"""The MAC chain through records as they are read from flash. Rules: SPEC.md sections 1 and 2."""

from . import record


class Chain:
    """The MAC of the last record, through intents, which are stored without theirs.

    Behind a gap it is unknown (record.UNKNOWN_MAC) until a record with a MAC of its own comes.
    """

    def __init__(self, key, before, first_seq):
        """before: MAC of the record before first_seq, which is the first to be taken."""
        self._key = key
        self._mac = before
        self._pending = []
        self._next = first_seq

    def take(self, seq, kind, body, mac):
        """The next record that was read."""
        if seq != self._next:
            self._mac = None
            self._pending = []
        self._next = seq + 1
        if mac is not None:
            self._mac = mac
            self._pending = []
        elif self._mac is not None:
            self._pending.append((seq, kind, body))

    @property
    def mac(self):
        """4 bytes, of the last record taken."""
        if self._mac is None:
            return record.UNKNOWN_MAC
        for seq, kind, body in self._pending:
            text = record.content(seq, kind, body)
            self._mac = record.mac(self._key, seq, self._mac, text)
        self._pending = []
        return self._mac
