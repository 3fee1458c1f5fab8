"""What a terminal has to know of the records it wrote: taken in order, at a mount and after."""

import struct

from ocwire import record


class State:
    """next_seq: sequence number of the next record. acked, boots: from the newest that tell.

    open: sequence number of each open intent -> (its body, where it stands). last_closed: bodies
    of the newest closed intent and of its result, or None. last_intent: (sequence number, body).
    last_time_s: of the last record that has a time.
    """

    def __init__(self):
        self.forget()

    def forget(self):
        """Begin anew."""
        self.next_seq = 1
        self.acked = self.boots = self.last_time_s = 0
        self.open, self.last_closed, self.last_intent = {}, None, (0, b"")

    def note(self, seq, kind, body):
        """Take one record, in order, into the journal's state."""
        self.next_seq = seq + 1
        self.last_time_s = record.time_s(kind, body) or self.last_time_s
        if kind == record.ACKNOWLEDGED:
            self.acked = max(self.acked, struct.unpack_from(">I", body, 4)[0])
        elif kind == record.BOOT:
            self.boots = struct.unpack_from(">H", body, 4)[0]
        elif kind == record.INTENT:
            self.open[seq] = (body, seq)
            self.last_intent = seq, body
        elif kind == record.CARRIED:
            intent_seq = struct.unpack_from(">I", body)[0]
            self.open[intent_seq] = (body[4:], seq)
        elif record.closes(kind):
            intent = self.open.pop(record.closed_seq(seq, kind, body), None)
            if intent is not None:
                result = record.as_result(seq, kind, body, intent[0])
                self.last_closed = (intent[0], result)
                self.last_time_s = max(self.last_time_s, record.time_s(record.RESULT, result))
