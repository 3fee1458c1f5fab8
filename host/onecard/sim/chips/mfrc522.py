"""An MFRC522 at register level, after NXP's data sheet rev 3.9: FIFO, timer, interrupts, air.

Choices where the data sheet leaves room:
- CollPos counts from the first bit of the received frame, 1 for the first; 32 reads 0.
- A frame that is garbled (parity, framing) ends with RxIRq and ErrIRq, its bytes in the FIFO.
- Clones (version 88, 89, B2 …) take type B framing; the MFRC522 itself does not send then.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from onecard.sim.buses import Line
from onecard.sim.crc import crc_a, crc_b
from onecard.sim.field import BYTE_B_US, BYTE_US, ETU_US, Field, Reception
from onecard.sim.timers import ROUNDING_US, Timers

COMMAND, COM_I_EN, DIV_I_EN, COM_IRQ, DIV_IRQ, ERROR = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
FIFO_DATA, FIFO_LEVEL, WATER_LEVEL, CONTROL, BIT_FRAMING, COLL = 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E
MODE, TX_MODE, RX_MODE, TX_CONTROL, TX_ASK, SERIAL_SPEED = 0x11, 0x12, 0x13, 0x14, 0x15, 0x1F
CRC_HIGH, CRC_LOW, MOD_WIDTH, RF_CFG = 0x21, 0x22, 0x24, 0x26
T_MODE, T_PRESCALER, T_RELOAD_HI, T_RELOAD_LO, AUTO_TEST, VERSION = (
    0x2A, 0x2B, 0x2C, 0x2D, 0x36, 0x37,
)  # fmt: skip

IDLE, MEM, CALC_CRC, TRANSMIT, NO_CHANGE, RECEIVE = 0x00, 0x01, 0x03, 0x04, 0x07, 0x08
TRANSCEIVE, SOFT_RESET = 0x0C, 0x0F
_POWER_DOWN = 0x10
IRQ_TX, IRQ_RX, IRQ_IDLE, IRQ_HI, IRQ_LO, IRQ_ERR, IRQ_TIMER = 0x40, 0x20, 0x10, 8, 4, 2, 1
_ERR_PROTOCOL, _ERR_PARITY, _ERR_CRC, _ERR_COLL, _ERR_OVERFLOW = 1, 2, 4, 8, 0x10
_FIFO_SIZE = 64
_START_UP_US = 1000.0  # crystal, after reset or power-down
_SELF_TEST_US = 2000.0
_RESET_VALUES = {COMMAND: 0x20, COM_I_EN: 0x80, WATER_LEVEL: 8, CONTROL: 0x10, COLL: 0x80,
                 MODE: 0x3F, TX_CONTROL: 0x80, SERIAL_SPEED: 0xEB, CRC_HIGH: 0xFF, CRC_LOW: 0xFF,
                 MOD_WIDTH: 0x26, RF_CFG: 0x48, AUTO_TEST: 0x40}  # fmt: skip
# Digital self test, data sheet 16.1.1
SELF_TEST = {
    0x91: "00C637D532B7575CC2D87C4DD970C77310E6D2AA5EA13E5A14AF3061C970DB2E"
    "642272B5BD65F4EC22BCD37235CDAA411FA7F35314DE7E02D90FB55E251D2979",
    0x92: "00EB66BA57BF2395D0E30D3D27895CDE9D3BA700215B8982513AEB020CA50049"
    "7C844DB3CCD21B815D4876D5716121A986968338CF9D5B6DDC15BA3E7D953B2F",
}


class MFRC522Chip:
    """Registers by read() and write(). version: of the version register.

    irq: the IRQ pin's wire; on_rate: called with the UART's new rate in bit/s.
    """

    def __init__(
        self, field: Field, timers: Timers, version: int = 0x92, irq: Line | None = None
    ) -> None:
        self.field, self.timers, self.version, self.irq = field, timers, version, irq
        self.has_type_b = version not in (0x90, 0x91, 0x92)
        self.faults: list[str] = []
        self.on_rate: Callable[[int], None] = lambda rate: None
        self.is_dead = False
        self._epoch = 0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        field.subscribe(self._cards_changed)
        self.power_on()

    def power_on(self) -> None:
        """The supply or NRSTPD comes up."""
        self._reset()

    def reset_pin(self, level: bool) -> None:
        """NRSTPD: low is hard power-down, rising is a reset."""
        self.is_dead = not level
        if level:
            self._reset()
        else:
            self.field.switch(False)

    def _reset(self) -> None:
        self.registers = bytearray(64)
        for register, value in _RESET_VALUES.items():
            self.registers[register] = value
        self.registers[VERSION] = self.version
        self.fifo = bytearray()
        self._buffer = bytes(25)
        self._cancel()
        self.field.switch(False)
        self.on_rate(self.uart_rate)
        self._is_starting = True
        self._at(_START_UP_US, self._started)

    def _started(self) -> None:
        self._is_starting = False

    # -- time ---------------------------------------------------------------------------

    def _at(self, delay_us: float, action: Callable[[], None]) -> None:
        at = self.timers.now_us() + delay_us
        self._events.append((at, len(self._events), action))
        self._events.sort(key=lambda event: event[:2])
        epoch = self._epoch
        self.timers.after(delay_us, lambda: self._advance() if epoch == self._epoch else None)

    def _advance(self) -> None:
        """Let happen what is due."""
        while self._events and self._events[0][0] <= self.timers.now_us() + ROUNDING_US:
            at, _, action = self._events.pop(0)
            self._now = at
            action()

    def _cancel(self) -> None:
        """Whatever goes on ends."""
        self._epoch += 1
        self._events.clear()
        self._sent = bytearray()
        self._is_sending = False

    def _cards_changed(self) -> None:
        """A card that leaves in the middle of its answer is not heard to the end."""
        self._advance()
        if self._events and not self.field.cards and not self._is_sending:
            keep = [event for event in self._events if event[2] in (self._time_out, self._started)]
            self._events[:] = keep

    # -- registers ------------------------------------------------------------------------

    def read(self, register: int) -> int:
        """One register as it is now."""
        self._advance()
        if self.is_dead:
            return 0x00
        if register == COMMAND:
            return self.registers[COMMAND] | (_POWER_DOWN if self._is_starting else 0)
        if register == FIFO_DATA:
            if not self.fifo:
                return 0x00
            value = self.fifo.pop(0)
            self._alerts()
            return value
        if register == FIFO_LEVEL:
            return len(self.fifo)
        return self.registers[register & 0x3F]

    def write(self, register: int, value: int) -> None:
        """One register."""
        self._advance()
        if self.is_dead:
            return
        if register == COMMAND:
            self._command(value)
        elif register == FIFO_DATA:
            self._push(value)
        elif register == FIFO_LEVEL:
            if value & 0x80:
                self.fifo.clear()
                self.registers[ERROR] &= ~_ERR_OVERFLOW
        elif register in (COM_IRQ, DIV_IRQ):
            self._set_bits(register, value)
        elif register == BIT_FRAMING:
            self.registers[BIT_FRAMING] = value & 0x7F
            if value & 0x80:
                self._start_send()
        elif register == COLL:
            self.registers[COLL] = self.registers[COLL] & 0x7F | value & 0x80
        elif register in (ERROR, VERSION, CRC_HIGH, CRC_LOW):
            self.faults.append(f"register {register:02X} is read only")
        else:
            self.registers[register & 0x3F] = value
            self._changed(register)

    def _changed(self, register: int) -> None:
        if register == TX_CONTROL:
            self.field.switch(bool(self.registers[TX_CONTROL] & 3))
        elif register == SERIAL_SPEED:
            self.on_rate(self.uart_rate)
        elif register in (COM_I_EN, DIV_I_EN):
            self._drive_irq()

    @property
    def uart_rate(self) -> int:
        """bit/s by SerialSpeedReg (8.1.3.2)."""
        t0, t1 = self.registers[SERIAL_SPEED] >> 5, self.registers[SERIAL_SPEED] & 0x1F
        return round(27.12e6 / ((t1 + 33) * 2 ** (t0 - 1) if t0 else t1 + 1))

    def _push(self, value: int) -> None:
        if len(self.fifo) >= _FIFO_SIZE:
            self.registers[ERROR] |= _ERR_OVERFLOW
            self._raise(IRQ_ERR)
            return
        self.fifo.append(value)
        self._alerts()

    def _set_bits(self, register: int, value: int) -> None:
        """ComIrq, DivIrq: bit 7 says whether the marked bits are set or cleared."""
        marked = value & 0x7F
        if value & 0x80:
            self.registers[register] |= marked
        else:
            self.registers[register] &= ~marked
        self._drive_irq()

    def _raise(self, bits: int) -> None:
        self.registers[COM_IRQ] |= bits
        self._drive_irq()

    def _alerts(self) -> None:
        water = self.registers[WATER_LEVEL] & 0x3F
        high = IRQ_HI if _FIFO_SIZE - len(self.fifo) <= water else 0
        low = IRQ_LO if len(self.fifo) <= water else 0
        if high | low:
            self._raise(high | low)

    def _drive_irq(self) -> None:
        if self.irq is not None:
            enable = self.registers[COM_I_EN]
            is_active = bool(self.registers[COM_IRQ] & enable & 0x7F)
            self.irq.drive(is_active != bool(enable & 0x80), self)

    # -- commands ---------------------------------------------------------------------------

    def _command(self, value: int) -> None:
        code = value & 0x0F
        if code == NO_CHANGE:
            return
        self._cancel()
        if value & _POWER_DOWN:
            self.registers[COMMAND] = value & 0x3F
            self.field.switch(False)
            return
        if self.registers[COMMAND] & _POWER_DOWN:  # 8.6.2: registers have kept their values
            self.field.switch(bool(self.registers[TX_CONTROL] & 3))
        self.registers[COMMAND] = value & 0x3F
        if code == SOFT_RESET:
            self._reset()
        elif code == MEM:
            self._buffer, self.fifo = bytes(self.fifo[:25]).ljust(25, b"\0"), bytearray()
            self._idle()
        elif code == CALC_CRC:
            self._calculate()
        elif code == TRANSCEIVE:
            self.registers[ERROR] = 0
        elif code != IDLE:
            self.faults.append(f"command {code:X} is not modelled")

    def _idle(self) -> None:
        self.registers[COMMAND] &= 0xF0
        self._raise(IRQ_IDLE)

    def _calculate(self) -> None:
        if self.registers[AUTO_TEST] & 0x0F == 0x09:
            self._at(_SELF_TEST_US, self._self_tested)
            return
        preset = (0x0000, 0x6363, 0xA671, 0xFFFF)[self.registers[MODE] & 3]
        if preset != 0x6363:
            self.faults.append(f"CRC preset {preset:04X} is not modelled")
        crc = crc_a(bytes(self.fifo))
        self.registers[CRC_LOW], self.registers[CRC_HIGH] = crc[0], crc[1]
        self.fifo.clear()
        self.registers[DIV_IRQ] |= 0x04

    def _self_tested(self) -> None:
        known = SELF_TEST.get(self.version)
        self.fifo = bytearray(bytes.fromhex(known) if known else b"\x5a" * _FIFO_SIZE)
        self.registers[DIV_IRQ] |= 0x04

    # -- a transceive -----------------------------------------------------------------------

    @property
    def _kind(self) -> str:
        return "B" if self.registers[TX_MODE] & 3 == 3 else "A"

    @property
    def _byte_us(self) -> float:
        base = BYTE_B_US if self._kind == "B" else BYTE_US
        return base / (1 << (self.registers[TX_MODE] >> 4 & 3))

    def _start_send(self) -> None:
        if self.registers[COMMAND] & 0x0F != TRANSCEIVE:
            self.faults.append("StartSend without Transceive")
            return
        self._cancel()
        self._is_sending = True
        self._now = self.timers.now_us()
        self._take_byte()

    def _take_byte(self) -> None:
        """A byte goes from the FIFO into the shift register; with none left the frame ends."""
        if not self.fifo:
            self._end_of_frame()
            return
        self._sent.append(self.fifo.pop(0))
        self._alerts()
        last_bits = self.registers[BIT_FRAMING] & 7
        is_short = last_bits and not self.fifo
        time_us = last_bits * ETU_US if is_short else self._byte_us
        self._later(time_us, self._take_byte)

    def _later(self, delay_us: float, action: Callable[[], None]) -> None:
        """delay_us behind the event that is happening, however late it is seen."""
        self._at(self._now + delay_us - self.timers.now_us(), action)

    def _end_of_frame(self) -> None:
        self._is_sending = False
        frame, last_bits = bytes(self._sent), self.registers[BIT_FRAMING] & 7 or 8
        crc = crc_b if self._kind == "B" else crc_a
        extra_us = 0.0
        if self.registers[TX_MODE] & 0x80 and last_bits == 8:
            frame += crc(frame)
            extra_us = 2 * self._byte_us
        self._later(extra_us, lambda: self._sent_all(frame, last_bits))

    def _sent_all(self, frame: bytes, last_bits: int) -> None:
        self._raise(IRQ_TX)
        timer_us = self._timer_us()
        if self.registers[T_MODE] & 0x80:
            self._later(timer_us, self._time_out)
        if not self._can_send():
            return
        rates = self.registers[TX_MODE] >> 4 & 3, self.registers[RX_MODE] >> 4 & 3
        got = self.field.transmit(frame, last_bits, self._kind, rates)
        if got is not None:
            self._later(got.delay_us, lambda: self._receive(got))

    def _can_send(self) -> bool:
        if self._kind == "B" and not self.has_type_b:
            self.faults.append("type B framing on an MFRC522")
            return False
        if self._kind == "A" and not self.registers[TX_ASK] & 0x40:
            self.faults.append("type A without 100 % ASK")
            return False
        return True

    def _timer_us(self) -> float:
        """8.5: (2 * prescaler + 1) / 13.56 MHz a tick, reload value + 1 ticks."""
        prescaler = (self.registers[T_MODE] & 0x0F) << 8 | self.registers[T_PRESCALER]
        reload_value = self.registers[T_RELOAD_HI] << 8 | self.registers[T_RELOAD_LO]
        return (2 * prescaler + 1) * (reload_value + 1) / 13.56

    def _time_out(self) -> None:
        self._raise(IRQ_TIMER)

    def _receive(self, got: Reception) -> None:
        """The first bit: TAuto stops the timer; then byte after byte into the FIFO."""
        self._events[:] = [event for event in self._events if event[2] != self._time_out]
        align = self.registers[BIT_FRAMING] >> 4 & 7
        value, bits = int.from_bytes(got.data, "little"), got.bits
        if got.collision is not None:
            at = got.collision
            if not self.registers[COLL] & 0x80:
                value &= (1 << at) - 1
            position = 0x20 if at >= _FIFO_SIZE // 2 else at + 1 & 0x1F
            self.registers[COLL] = self.registers[COLL] & 0x80 | position
        size = (bits + align + 7) // 8
        data = (value << align).to_bytes(size + 1, "little")[:size]
        error, data = self._check(got, data)
        step_us = got.air_us / max(len(got.data), 1)
        for index, byte in enumerate(data, 1):
            self._later(index * step_us, partial(self._push, byte))
        self.registers[CONTROL] = self.registers[CONTROL] & 0xF8 | (bits + align) % 8
        self._later(got.air_us, lambda: self._received(error))

    def _check(self, got: Reception, data: bytes) -> tuple[int, bytes]:
        error = _ERR_COLL if got.collision is not None else 0
        if got.is_garbled:
            error |= _ERR_PARITY if self._kind == "A" else _ERR_PROTOCOL
        if self.registers[RX_MODE] & 0x80:
            crc = crc_b if self._kind == "B" else crc_a
            if len(data) < 3 or crc(data[:-2]) != data[-2:]:
                error |= _ERR_CRC
            data = data[:-2]
        return error, data

    def _received(self, error: int) -> None:
        self.registers[ERROR] |= error
        self._raise(IRQ_RX | (IRQ_ERR if self.registers[ERROR] else 0))
