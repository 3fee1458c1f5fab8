"""Host frames of the PN532 (UM0701-02 6.2): building one, and taking answers from a stream."""

import time

ABORT_OR_ACK = b"\x00\x00\xff\x00\xff\x00"
NACK = b"\x00\x00\xff\xff\x00\x00"
_START = b"\x00\xff"
_ACK_BODY = b"\x00\xff"
_MAX_PAYLOAD = 265


def put_frame(buf, code, data):
    """Write the frame of command `code` with `data` (0..263 bytes) into buf; returns its size."""
    size = len(data) + 2
    if size > _MAX_PAYLOAD:
        raise ValueError("command data of %d bytes" % len(data))
    if size <= 255:
        buf[0:5] = bytes((0, 0, 0xFF, size, -size & 0xFF))
        at = 5
    else:
        high, low = size >> 8, size & 0xFF
        buf[0:8] = bytes((0, 0, 0xFF, 0xFF, 0xFF, high, low, -(high + low) & 0xFF))
        at = 8
    buf[at] = 0xD4
    buf[at + 1] = code
    end = at + size
    buf[at + 2 : end] = data
    buf[end] = -sum(memoryview(buf)[at:end]) & 0xFF
    buf[end + 1] = 0
    return end + 2


class FrameReader:
    """Takes ACK and response frames from `port`; tolerates noise and any number of 00 before."""

    OK, TIMED_OUT, GARBLED, SYNTAX_ERROR = 0, 1, 2, 3

    def __init__(self, port):
        self._port = port
        self._buf = bytearray(320)
        self._view = memoryview(self._buf)
        self._count = 0
        self._deadline = 0
        self._is_late = False

    def clear(self):
        """Forget what has been received."""
        self._count = 0

    async def ack(self, timeout_ms):
        """True if the next frame is an ACK; False on anything else or on time-out."""
        self._set_deadline(timeout_ms)
        start = await self._start()
        if start < 0 or not await self._need(start + 4):
            return False
        is_ack = self._buf[start + 2 : start + 4] == _ACK_BODY
        self._drop(start + 4)
        return is_ack

    async def response(self, timeout_ms):
        """(state, payload view from TFI on) of the next information or error frame."""
        self._set_deadline(timeout_ms)
        while True:
            start = await self._start()
            if start < 0 or not await self._need(start + 4):
                return self.TIMED_OUT, None
            if self._buf[start + 2 : start + 4] != _ACK_BODY:
                break
            self._drop(start + 4)  # an ACK repeated: not ours
        return await self._payload(start)

    def _set_deadline(self, timeout_ms):
        self._deadline = time.ticks_add(time.ticks_ms(), timeout_ms)
        self._is_late = False

    async def _payload(self, start):
        buf, at = self._buf, start + 4
        size, check = buf[start + 2], buf[start + 3]
        if size == 0xFF and check == 0xFF:
            if not await self._need(start + 7):
                return self.TIMED_OUT, None
            size, check = buf[at] << 8 | buf[at + 1], buf[at] + buf[at + 1] + buf[at + 2]
            at += 3
        else:
            check += size
        if check & 0xFF or not 1 <= size <= _MAX_PAYLOAD:
            self._drop(start + 2)
            return self.GARBLED, None
        if not await self._need(at + size + 1):
            return self.TIMED_OUT, None
        if sum(self._view[at : at + size + 1]) & 0xFF:
            self._drop(at + size + 1)
            return self.GARBLED, None
        if buf[at] == 0x7F:
            return self.SYNTAX_ERROR, None
        if size < 2:
            return self.GARBLED, None
        return self.OK, self._view[at : at + size]

    async def _start(self):
        """Offset of the next start code, or -1 on time-out."""
        while True:
            start = self._buf.find(_START, 0, self._count)
            if start >= 0:
                return start
            if self._count > 1:
                self._drop(self._count - 1)
            if not await self._need(self._count + 1):
                return -1

    async def _need(self, count):
        """Have `count` bytes; False when the deadline passes first.

        What has come by then is taken all the same, once: a loop that was late must not resend a
        command whose answer lies there.
        """
        while self._count < count:
            left = max(0, time.ticks_diff(self._deadline, time.ticks_ms()))
            if not left:
                if self._is_late:
                    return False
                self._is_late = True
            self._count += await self._port.read_into(self._view[self._count :], left)
        return True

    def _drop(self, count):
        rest = self._count - count
        self._buf[:rest] = self._buf[count : self._count]
        self._count = rest
