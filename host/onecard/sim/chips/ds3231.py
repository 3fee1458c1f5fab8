"""A Maxim DS3231 on I2C with its battery, after data sheet 19-5170 rev 10.

Date and time run by the bench's timers and are copied for reading at every START and whenever the
register pointer comes back to 00 ("Clock and Calendar"). Alarms are registers without effect, the
square wave is not modelled; who switches one of them on is told so in `faults`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from onecard.sim.buses import I2cPart
from onecard.sim.timers import Timers

ADDRESS = 0x68
_SIZE = 0x13
_CONTROL, _STATUS, _TEMPERATURE = 0x0E, 0x0F, 0x11
_EOSC, _INTCN, _ALARMS, _CONV = 0x80, 0x04, 0x03, 0x20
_OSF, _EN32KHZ, _BSY, _FLAGS = 0x80, 0x08, 0x04, 0x83
_CONVERSION_US, _CONVERSION_EVERY_US = 200_000.0, 64e6  # at most; "Temperature Sensor"
_WRITABLE = {0x0E: 0xFF, 0x0F: _EN32KHZ, 0x11: 0, 0x12: 0}
# After power without battery: 01/01/00, day 1, control 1C, status 88 (Figure 1 and text).
_POWER_UP = bytes.fromhex("00000001010100 00000000000000 1C 88 00 1900")
_MASKS = (0x7F, 0x7F, 0x7F, 0x07, 0x3F, 0x9F, 0xFF)


class DS3231Chip(I2cPart):
    """drift_ppm: how much too fast it runs. has_battery: on its backup supply.

    faults: what the data sheet does not define.
    """

    def __init__(
        self,
        timers: Timers,
        address: int = ADDRESS,
        has_battery: bool = True,
        drift_ppm: float = 0.0,
    ) -> None:
        self.address = address
        self.has_battery, self.drift_ppm = has_battery, drift_ppm
        self.faults: list[str] = []
        self._timers = timers
        self._is_powered = True
        self._registers = bytearray(_POWER_UP)
        self._pointer = 0
        self._is_first = self._is_read = False
        self._buffer = bytes(7)
        self._since_us: float | None = None  # since when the registers are right
        self._ambient = 0x1900  # what the next conversion finds
        self._converted_us = -_CONVERSION_EVERY_US
        self._conversion_end_us: float | None = None  # of one that was ordered

    # -- power and surroundings -------------------------------------------------------

    def power_off(self) -> None:
        """VCC goes. With a battery the clock goes on, unless EOSC forbids it."""
        self._advance()
        self._is_powered = False
        if self.has_battery and self._registers[_CONTROL] & _EOSC:
            self._registers[_STATUS] |= _OSF

    def power_on(self) -> None:
        """VCC comes back."""
        self._conversion_end_us = None
        if self._is_powered:
            return
        self._advance()
        self._is_powered = True
        if not self.has_battery:
            self._registers[:] = _POWER_UP
            self._since_us = self._timers.now_us()

    def set_temperature(self, quarters_c: int) -> None:
        """How warm it is, in quarters of a degree Celsius; the next conversion finds it."""
        self._ambient = quarters_c << 6 & 0xFFFF

    def stop_oscillator(self) -> None:
        """As a knock or damp on the crystal does for a moment: the flag stays."""
        self._registers[_STATUS] |= _OSF

    # -- time -------------------------------------------------------------------------

    def _is_running(self) -> bool:
        if self._is_powered:
            return True
        return self.has_battery and not self._registers[_CONTROL] & _EOSC

    def _advance(self) -> None:
        """Bring the registers to now. What is no date stands still: undefined.

        A world whose time began anew is taken to have been off for no time at all.
        """
        now_us = self._timers.now_us()
        self._convert(now_us)
        if self._since_us is None or now_us < self._since_us or not self._is_running():
            self._since_us = now_us
            return
        rate = 1e6 / (1 + self.drift_ppm * 1e-6)  # microseconds of ours to one second of its
        seconds = int((now_us - self._since_us) / rate)
        self._since_us += seconds * rate
        if not seconds:
            return
        date = self._date()
        if date is None:
            self.faults.append(f"runs on {bytes(self._registers[:7]).hex()}, which is no date")
        else:
            self._set_date(date + timedelta(seconds=seconds), date)

    def _convert(self, now_us: float) -> None:
        """Take the temperature if a conversion was due, or one that was ordered is over."""
        if self._conversion_end_us is not None:
            if now_us < self._conversion_end_us:
                return
        elif self._converted_us <= now_us < self._converted_us + _CONVERSION_EVERY_US:
            return
        self._converted_us, self._conversion_end_us = now_us, None
        self._registers[_TEMPERATURE : _TEMPERATURE + 2] = self._ambient.to_bytes(2, "big")

    def _date(self) -> datetime | None:
        r = self._registers
        try:
            second, minute, day, month, year = (
                int(f"{byte:02x}") for byte in (r[0], r[1], r[4], r[5] & 0x7F, r[6])
            )
            hour = int(f"{r[2] & (0x1F if r[2] & 0x40 else 0x3F):02x}")
            if r[2] & 0x40:
                if not 1 <= hour <= 12:
                    return None
                hour = hour % 12 + (12 if r[2] & 0x20 else 0)
            # Its calendar is that of 2000..2099, over and over.
            return datetime(2000 + year, month, day, hour, minute, second)
        except ValueError:
            return None

    def _set_date(self, date: datetime, before: datetime) -> None:
        r = self._registers
        days = (date.date() - before.date()).days
        r[3] = ((r[3] or 1) - 1 + days) % 7 + 1
        century = r[5] & 0x80
        if date.year // 100 != before.year // 100:
            century ^= 0x80  # it toggles when the years go from 99 to 00
        hour = date.hour
        if r[2] & 0x40:
            hours = 0x40 | (0x20 if hour >= 12 else 0) | _bcd((hour + 11) % 12 + 1)
        else:
            hours = _bcd(hour)
        r[0], r[1], r[2] = _bcd(date.second), _bcd(date.minute), hours
        r[4], r[5], r[6] = _bcd(date.day), century | _bcd(date.month), _bcd(date.year % 100)

    # -- the bus ----------------------------------------------------------------------

    def start(self, is_read: bool) -> bool:
        """START: date and time are copied, so that reading them takes no harm from the clock."""
        if not self._is_powered:
            return False
        self._is_read, self._is_first = is_read, not is_read
        self._latch()
        return True

    def _latch(self) -> None:
        self._advance()
        self._buffer = bytes(self._registers[:7])

    def write(self, byte: int) -> bool:
        """The register pointer, then registers."""
        if self._is_first:
            self._is_first = False
            self._pointer = byte
            if byte >= _SIZE:
                self.faults.append(f"register pointer {byte:02X}")
                self._pointer = 0
            return True
        self._store(self._pointer, byte)
        self._step()
        return True

    def read(self) -> int:
        """The register under the pointer."""
        at = self._pointer
        value = self._buffer[at] if at < 7 else self._registers[at]
        if self._conversion_end_us is not None:
            value |= {_CONTROL: _CONV, _STATUS: _BSY}.get(at, 0)
        self._step()
        return value

    def stop(self) -> None:
        """STOP: nothing waits for it."""

    def stretch_us(self) -> float:
        """It never holds the clock."""
        return 0.0

    def _step(self) -> None:
        self._pointer = (self._pointer + 1) % _SIZE
        if not self._pointer:
            self._latch()

    def _store(self, at: int, byte: int) -> None:
        """A write takes effect with its acknowledge."""
        self._advance()
        if at < 7:
            if byte & ~_MASKS[at] & 0xFF:
                self.faults.append(f"{byte:02X} into register {at:02X}")
            self._registers[at] = byte & _MASKS[at]
            if at == 0:
                self._since_us = self._timers.now_us()  # the countdown chain starts anew
            return
        mask = _WRITABLE.get(at, 0xFF)
        value = self._registers[at] & ~mask | byte & mask
        if at == _STATUS:
            value &= byte | ~_FLAGS  # OSF, A2F and A1F can be written to 0 only
        if at == _CONTROL:
            if byte & _ALARMS or not byte & _INTCN:
                self.faults.append(f"control {byte:02X}: alarms and square wave are not modelled")
            value &= ~_CONV
            if byte & _CONV and self._conversion_end_us is None:
                self._conversion_end_us = self._timers.now_us() + _CONVERSION_US
        self._registers[at] = value & 0xFF


def _bcd(value: int) -> int:
    return value // 10 << 4 | value % 10
