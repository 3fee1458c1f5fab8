"""A PN532, byte by byte, after NXP UM0701-02 and the data sheet; pn532_links.py has its buses.

Choices where the manual leaves room, each as strange drivers (libnfc, nfcpy) need it:
- A frame with a wrong LCS or DCS is not acknowledged and has no effect (6.2.2: a missing ACK
  tells the host to send again); `faults` records it.
- Unknown command, wrong size or range of parameters: ACK, then the syntax error frame.
- Asleep (LowVbat after power-up, PowerDown), five rising edges on the line wake the chip: one
  byte 55 or five bytes 00. Bytes within WAKE_US after that are lost if a clock was given. On I2C
  and SPI it is the address or NSS.
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
_ANY_WAKES = 0xFF  # after power-up

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
    link: the host interface as the bit of
    PowerDown's wake set. is_dead: in reset, or wedged (for tests): it hears and says nothing.
    """

    def __init__(
        self,
        field: Field,
        send: Callable[[bytes, float], Cancel | None],
        now_us: Callable[[], float] | None = None,
        link: int = _HSU_WAKES,
    ) -> None:
        self.field, self.send, self.now_us, self.link = field, send, now_us, link
        self.is_dead = False
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
        self._edges, self._wake_set, self._awake_at_us = 0, _ANY_WAKES, 0.0
        self._last = b""
        self._sleeps_with: int | None = None
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

    def reset_pin(self, level: bool) -> None:
        """RSTPDN: low is hard power-down, rising is a power-up."""
        self.is_dead = not level
        if level:
            self.power_on()

    def is_listening(self) -> bool:
        """It is awake, and has had the time to wake up."""
        is_early = self.now_us is not None and self.now_us() < self._awake_at_us
        return self.is_awake and not is_early and not self.is_dead

    def wake(self) -> bool:
        """The address on I2C or NSS on SPI: wakes it; True once it is listening."""
        if not self.is_awake and self._wake_set & self.link and not self.is_dead:
            self._awakened()
        return self.is_listening()

    def wakes_in_us(self) -> float:
        """How long until it listens, once woken."""
        return max(0.0, self._awake_at_us - self.now_us()) if self.now_us else 0.0

    def _awakened(self) -> None:
        self.is_awake, self._edges = True, 0
        if self.now_us:
            self._awake_at_us = self.now_us() + WAKE_US

    def feed(self, data: bytes) -> None:
        """Bytes from the host, in any portions."""
        if not self.is_awake and not self.is_dead:
            data = self._wake_by_edges(data)
        if not data or not self.is_listening():
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

    def _wake_by_edges(self, data: bytes) -> bytes:
        """What is left of data once the UART's line has woken the chip."""
        if not self._wake_set & _HSU_WAKES & self.link:
            return b""
        for index, byte in enumerate(data):
            self._edges += rising_edges(byte)
            if self._edges >= 5:
                self._awakened()
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
                self._sleeps_with = data[0]
                if self.link == _HSU_WAKES:
                    self.answer_taken()

    def answer_taken(self) -> None:
        """The host has the last answer, or it is on its way; PowerDown begins after that."""
        if self._sleeps_with is not None:
            self._sleep(self._sleeps_with)

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
        self.is_awake, self._wake_set, self._sleeps_with = False, wake_set, None
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
        targets = b"".join(bytes([number + 1, 0, 0, 0]) for number in range(len(self._rf.targets)))
        head = bytes([self._rf.last_error, 0, len(self._rf.targets)])
        return head + targets + b"\x80"

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
