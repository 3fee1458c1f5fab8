"""Link frames on any byte stream. Layout: SPEC.md section 3.

    C5 1C | size 2 | CRC_A of the four bytes before 2 (low byte first) | payload | CRC-32 4

The head has its own check, so a garbled size cannot make the receiver wait for bytes that never
come.
"""

import struct

import occrypto

SYNC = b"\xc5\x1c"
HEAD_SIZE = 6
OVERHEAD = HEAD_SIZE + 4
MAX_PAYLOAD = 2112


def encode(payload):
    """One frame around `payload` (1..MAX_PAYLOAD bytes). Raises ValueError outside that."""
    if not 1 <= len(payload) <= MAX_PAYLOAD:
        raise ValueError("frame payload of %d bytes" % len(payload))
    head = SYNC + struct.pack(">H", len(payload))
    head += struct.pack("<H", occrypto.crc_a(head))
    return head + payload + struct.pack(">I", occrypto.crc32(payload))


class Decoder:
    """Bytes in any chunking in, whole payloads out.

    Line noise is normal: it is skipped, counted in `dropped` (bytes) and never raised. Holds at
    most one frame. Whoever owns the port calls `reset()` when it opens it anew.
    """

    def __init__(self):
        self.dropped = 0
        self._held = b""

    def reset(self):
        """Forget a frame that has begun."""
        self.dropped += len(self._held)
        self._held = b""

    def feed(self, chunk):
        """Payloads (a list of bytes) that `chunk` completes; any length, also empty."""
        buf = self._held + bytes(chunk)
        out = []
        offset = 0
        while True:
            start = self._find(buf, offset)
            self.dropped += start - offset
            offset = start
            if len(buf) - offset < HEAD_SIZE:
                break
            size = self._payload_size(buf, offset)
            if not size:
                offset += 1
                self.dropped += 1
                continue
            if len(buf) - offset < OVERHEAD + size:
                break
            payload = buf[offset + HEAD_SIZE : offset + HEAD_SIZE + size]
            crc = struct.unpack_from(">I", buf, offset + HEAD_SIZE + size)[0]
            if crc == occrypto.crc32(payload):
                out.append(payload)
                offset += OVERHEAD + size
            else:
                offset += 1
                self.dropped += 1
        self._held = buf[offset:]
        return out

    @staticmethod
    def _find(buf, offset):
        start = buf.find(SYNC, offset)
        if start >= 0:
            return start
        # a last byte C5 may be the first half of a sync
        return len(buf) - 1 if buf[offset:] and buf[-1] == SYNC[0] else len(buf)

    @staticmethod
    def _payload_size(buf, offset):
        size, check = struct.unpack_from(">H", buf, offset + 2)[0], buf[offset + 4 : offset + 6]
        right = check == struct.pack("<H", occrypto.crc_a(buf[offset : offset + 4]))
        return size if right and 1 <= size <= MAX_PAYLOAD else 0
