"""A PN532 on its high-speed UART, byte by byte, after NXP UM0701-02 and the data sheet.

Choices where the manual leaves room, each as strange drivers (libnfc, nfcpy) need it:
- A frame with a wrong LCS or DCS is not acknowledged and has no effect (6.2.2: a missing ACK
  tells the host to send again); `faults` records it.
- Unknown command, wrong size or range of parameters: ACK, then the syntax error frame.
- Asleep (LowVbat after power-up, PowerDown), five rising edges on the line wake the chip: one
  byte 55 or five bytes 00. Bytes within WAKE_US after that are lost if a clock was given.
- Until SAMConfiguration has been sent once (LowVbat), commands of the contactless side get the
  syntax error frame.
- A card's command runs when the host's frame is complete; its answer leaves when it is due.
"""

import itertools
from collections.abc import Callable

from onecard.sim.chips import pn532_frame as frames
from onecard.sim.chips.pn532_rf import Initiator, SyntaxFault, Wait, need
from onecard.sim.field import Field

BAUD_RATES = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 1288000)
ACK_US = 100.0  # own time from the end of a frame to its ACK
WORK_US = 200.0  # own time from the end of a frame to the answer, without card and air
WAKE_US = 400.0
_CONTACTLESS = (0x32, 0x40, 0x42, 0x44, 0x4A, 0x52, 0x54, 0x60)
_HSU_WAKES = 0x10

Cancel = Callable[[], bool]


def rising_edges(byte: int) -> int:
    """Rising edges of one UART character: start bit 0, eight bits from the lowest, stop bit 1."""
    line = [0] + [byte >> bit & 1 for bit in range(8)] + [1]
    return sum(a < b for a, b in itertools.pairwise(line))


class PN532Chip:
    """The chip: feed() takes the host's bytes, send(data, after_us) gives the chip's.

    send: called with whole frames; the first byte leaves after_us microseconds from now, never
    before what was sent earlier. It may return a function that takes the frame back and says
    whether it could (False: already on the wire); without one, what was sent cannot be aborted.
    now_us: a clock, only needed to lose the bytes that arrive while the chip wakes up.
    on_baud_rate: called with the new rate when it changes.
    """

    def __init__(
        self,
        field: Field,
        send: Callable[[bytes, float], Cancel | None],
        now_us: Callable[[], float] | None = None,
    ) -> None:
        self.field, self.send, self.now_us = field, send, now_us
        self.on_baud_rate: Callable[[int], None] | None = None
        self.faults: list[str] = []
        self.commands: list[int] = []
        self._rf = Initiator(field)
        self._parser = frames.FrameParser()
        self._table = self._commands()
        self._cancel: Cancel | None = None
        self._wait: tuple[int, Wait] | None = None
        field.subscribe(self._field_changed)
        self.power_on()

    def power_on(self) -> None:
        """Power comes back: everything as after reset, asleep in LowVbat mode."""
        self._drop_answer()
        self._rf.reset()
        self._parser.clear()
        self._baud_rate, self._next_baud_rate = 115200, 0
        self.is_awake, self.is_configured = False, False
        self._edges, self._wake_set, self._awake_at_us = 0, _HSU_WAKES, 0.0
        self._last = b""
        self._gpio = [0x3F, 0x06]

    @property
    def baud_rate(self) -> int:
        """The rate the UART runs at now, bit/s. Bytes of another rate must not be fed."""
        return self._baud_rate

    @property
    def is_busy(self) -> bool:
        """A command waits for a card."""
        return self._wait is not None

    # -- the line -------------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        """Bytes from the host, in any portions."""
        if not self.is_awake:
            data = self._wake(data)
        if not data or (self.now_us and self.now_us() < self._awake_at_us):
            return
        for kind, body in self._parser.feed(data):
            if kind == "frame":
                self._frame(body)
            elif kind == "ack":
                self.abort()
            elif kind == "nack":
                self._resend()
            else:
                self.faults.append(body.decode())
            if not self.is_awake:
                return

    def _wake(self, data: bytes) -> bytes:
        """What is left of data once the line has woken the chip."""
        if not self._wake_set & _HSU_WAKES:
            return b""
        for index, byte in enumerate(data):
            self._edges += rising_edges(byte)
            if self._edges >= 5:
                self.is_awake, self._edges = True, 0
                if self.now_us:
                    self._awake_at_us = self.now_us() + WAKE_US
                return data[index + 1 :]
        return b""

    def _resend(self) -> None:
        """The host's NACK: the last response again (at once, if it had not left yet)."""
        frame = self._last
        if self._cancel is not None:
            self._cancel()
        if frame:
            self._answer(frame, ACK_US)

    def abort(self) -> None:
        """The host's ACK: the running command ends without an answer."""
        self._drop_answer()
        if self._next_baud_rate:
            self._baud_rate, self._next_baud_rate = self._next_baud_rate, 0
            if self.on_baud_rate is not None:
                self.on_baud_rate(self._baud_rate)

    def _drop_answer(self) -> None:
        self._wait = None
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    # -- commands -----------------------------------------------------------------------

    def _frame(self, body: bytes) -> None:
        if body[0] != 0xD4:
            self.faults.append("TFI")
            return
        self._drop_answer()
        self._next_baud_rate = 0
        self.send(frames.ACK, ACK_US)
        if len(body) < 2:
            self._answer(frames.SYNTAX_ERROR, WORK_US)
            return
        self.commands.append(body[1])
        self._run(body[1], body[2:])

    def _run(self, code: int, data: bytes) -> None:
        start_us, self._rf.wait_us = self.field.elapsed_us, 0.0
        try:
            handler = self._table.get(code)
            need(handler is not None)
            need(self.is_configured or code not in _CONTACTLESS)
            answer = handler(data) if handler else b""
        except SyntaxFault:
            self._answer(frames.SYNTAX_ERROR, WORK_US)
        except Wait as wait:
            if wait.after_us is not None:
                self._respond(code, wait.empty, wait.after_us)
            self._wait = code, wait
        else:
            air_us = self.field.elapsed_us - start_us
            self._respond(code, answer, air_us + self._rf.wait_us)
            if code == 0x16 and answer[0] == 0:
                self._sleep(data[0])

    def _respond(self, code: int, data: bytes, busy_us: float) -> None:
        with_ambles = not self._rf.parameters & 0x40
        frame = frames.build(bytes([0xD5, code + 1]) + data, with_ambles)
        self._answer(frame, WORK_US + busy_us)

    def _answer(self, frame: bytes, after_us: float) -> None:
        self._last = frame
        self._cancel = None
        cancel = self.send(frame, after_us)
        if callable(cancel):
            self._cancel = self._forgetting(cancel)

    def _forgetting(self, cancel: Cancel) -> Cancel:
        def drop() -> bool:
            done = cancel()
            if done:
                self._last = b""
            return done

        return drop

    def _field_changed(self) -> None:
        if self._wait is None:
            return
        (code, wait), self._wait = self._wait, None
        start_us = self.field.elapsed_us
        found = wait.look()
        if found is None:
            self._wait = code, wait
        elif self._cancel is None or self._cancel():
            self._respond(code, found, self.field.elapsed_us - start_us)

    def _sleep(self, wake_set: int) -> None:
        self.is_awake, self._wake_set = False, wake_set
        self.field.switch(False)
        self._parser.clear()

    def _commands(self) -> dict[int, Callable[[bytes], bytes]]:
        rf = self._rf
        return {
            0x00: self._diagnose,
            0x02: self._get_firmware_version,
            0x04: self._get_general_status,
            0x06: self._read_register,
            0x08: self._write_register,
            0x0C: self._read_gpio,
            0x0E: self._write_gpio,
            0x10: self._set_serial_baud_rate,
            0x12: self._set_parameters,
            0x14: self._sam_configuration,
            0x16: self._power_down,
            0x32: rf.rf_configuration,
            0x40: rf.data_exchange,
            0x42: rf.communicate_thru,
            0x44: rf.deselect,
            0x4A: rf.list_passive_target,
            0x52: rf.release,
            0x54: rf.select,
            0x60: rf.auto_poll,
        }

    def _diagnose(self, data: bytes) -> bytes:
        """00 line test (echo), 01 ROM, 02 RAM, 06 card presence, 07 antenna."""
        need(len(data) >= 1 and data[0] in (0, 1, 2, 6, 7))
        if data[0] == 0:
            return data
        return self._rf.is_present() if data[0] == 6 else b"\x00"

    def _get_firmware_version(self, data: bytes) -> bytes:
        need(not data)
        return bytes.fromhex("32010607")

    def _get_general_status(self, data: bytes) -> bytes:
        need(not data)
        targets = bytes([1, 1, 0, 0, 0]) if self._rf.target else b"\x00"
        return bytes([self._rf.last_error, 0]) + targets + b"\x80"

    def _read_register(self, data: bytes) -> bytes:
        need(len(data) >= 2 and len(data) % 2 == 0)
        addresses = [data[i] << 8 | data[i + 1] for i in range(0, len(data), 2)]
        return bytes(self._rf.registers.get(address, 0) for address in addresses)

    def _write_register(self, data: bytes) -> bytes:
        need(len(data) >= 3 and len(data) % 3 == 0)
        for i in range(0, len(data), 3):
            self._rf.registers[data[i] << 8 | data[i + 1]] = data[i + 2]
        return b""

    def _read_gpio(self, data: bytes) -> bytes:
        need(not data)
        return bytes([*self._gpio, 0x00])

    def _write_gpio(self, data: bytes) -> bytes:
        need(len(data) == 2)
        for port, value in enumerate(data):
            if value & 0x80:
                self._gpio[port] = value & 0x7F
        return b""

    def _set_serial_baud_rate(self, data: bytes) -> bytes:
        need(len(data) == 1 and data[0] < len(BAUD_RATES))
        self._next_baud_rate = BAUD_RATES[data[0]]
        return b""

    def _set_parameters(self, data: bytes) -> bytes:
        need(len(data) == 1)
        self._rf.parameters = data[0]
        return b""

    def _sam_configuration(self, data: bytes) -> bytes:
        need(1 <= len(data) <= 3 and 1 <= data[0] <= 4)
        self.is_configured = True
        return b""

    def _power_down(self, data: bytes) -> bytes:
        need(1 <= len(data) <= 2)
        return self._rf.status(0x00)
