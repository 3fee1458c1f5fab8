"""Maxim DS3231, battery-backed clock on I2C. Data sheet 19-5170 rev 10, "Address Map".

The chip keeps UTC in 24-hour form. Its leap-year rule holds through 2099.
"""

from micropython import const

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from .kinds import I2CMemory

_ADDRESS = const(0x68)
_SECONDS = const(0x00)
_CONTROL = const(0x0E)
_TEMPERATURE = const(0x11)
_EOSC = const(0x80)  # control: 1 stops the oscillator on battery
_OSF = const(0x80)  # status: the oscillator has stopped, the time cannot be right
_12_HOUR = const(0x40)
_PM = const(0x20)
_CENTURY = const(0x80)

_EPOCH_YEAR = const(2000)
_EPOCH_S = const(946684800)  # 2000-01-01 00:00 UTC
_END_S = const(4102444800)  # 2100-01-01
_DAY_S = const(86400)
_EPOCH_WEEKDAY = const(5)  # it was a Saturday; 0 is Monday
_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)


class ClockError(OSError):
    """The clock chip does not answer, or what it holds is no date."""


class DS3231:
    """i2c: machine.I2C or alike (readfrom_mem_into, writeto_mem), at most 400 kHz."""

    def __init__(self, i2c: "I2CMemory", address: int = _ADDRESS):
        self._i2c = i2c
        self._address = address
        self._registers = bytearray(16)  # 00..0F: date and time, alarms, control, status
        self._date = bytearray(7)
        self._pair = bytearray(2)

    def is_there(self) -> bool:
        """True if something acknowledges the chip's address."""
        try:
            self._i2c.readfrom_mem_into(self._address, _SECONDS, self._pair)
        except OSError:
            return False
        return True

    def read_s(self) -> "int | None":
        """UTC seconds; None if the time is not known: the oscillator has stopped since it was set.

        One transaction: the chip holds date and time still from its start on, so that no second
        passes between the bytes. Raises ClockError.
        """
        registers = self._registers
        self._read(_SECONDS, registers)
        if registers[15] & _OSF:
            return None
        second, minute = _number(registers[0], 59), _number(registers[1], 59)
        hour = _hour(registers[2])
        day, month = _number(registers[4], 31), _number(registers[5] & ~_CENTURY, 12)
        year = _number(registers[6], 99) + (100 if registers[5] & _CENTURY else 0)
        if not month or not 1 <= day <= _days_in(year, month):
            raise ClockError("the clock holds no date: %d-%d-%d" % (2000 + year, month, day))
        days = _days_before_year(year) + _days_before(year, month) + day - 1
        return _EPOCH_S + days * _DAY_S + hour * 3600 + minute * 60 + second

    def write_s(self, seconds: int) -> None:
        """Set the clock. seconds: UTC, 2000 to 2099.

        A time that was not known becomes known with the last byte written.
        Raises ValueError for another time, ClockError.
        """
        if not _EPOCH_S <= seconds < _END_S:
            raise ValueError("not in 2000..2099: %d" % seconds)
        self._put_date(seconds - _EPOCH_S)
        self._read(_CONTROL, self._pair)
        self._write(_SECONDS, self._date)
        self._pair[0] &= ~_EOSC & 0xFF
        self._pair[1] &= ~_OSF & 0xFF  # an alarm's flag is left alone by writing 1
        self._write(_CONTROL, self._pair)

    def temperature_centi_c(self) -> int:
        """The chip's temperature in hundredths of a degree Celsius; 25 is the finest step.

        Measured every 64 s. Raises ClockError.
        """
        self._read(_TEMPERATURE, self._pair)
        whole = self._pair[0] - 256 if self._pair[0] & 0x80 else self._pair[0]
        return whole * 100 + (self._pair[1] >> 6) * 25

    def _read(self, register: int, into: bytearray) -> None:
        try:
            self._i2c.readfrom_mem_into(self._address, register, into)
        except OSError as error:
            raise ClockError("the clock does not answer: %s" % error)

    def _write(self, register: int, data: bytearray) -> None:
        try:
            self._i2c.writeto_mem(self._address, register, data)
        except OSError as error:
            raise ClockError("the clock does not answer: %s" % error)

    def _put_date(self, seconds: int) -> None:
        """Fill _date from seconds since 2000."""
        days, rest = seconds // _DAY_S, seconds % _DAY_S
        year = days // 366
        while _days_before_year(year + 1) <= days:
            year += 1
        day = days - _days_before_year(year)
        month = 12
        while _days_before(year, month) > day:
            month -= 1
        date = self._date
        date[0] = _bcd(rest % 60)
        date[1] = _bcd(rest // 60 % 60)
        date[2] = _bcd(rest // 3600)
        date[3] = (days + _EPOCH_WEEKDAY) % 7 + 1  # 1 is Monday
        date[4] = _bcd(day - _days_before(year, month) + 1)
        date[5] = _bcd(month)
        date[6] = _bcd(year)


def _bcd(value: int) -> int:
    return value // 10 << 4 | value % 10


def _number(byte: int, most: int) -> int:
    """The value of a BCD byte. Raises ClockError if it is none or above `most`."""
    value = (byte >> 4) * 10 + (byte & 15)
    if byte & 15 > 9 or value > most:
        raise ClockError("the clock holds no number: %02x" % byte)
    return value


def _hour(byte: int) -> int:
    """0..23 of the hours register, which somebody else may have set to 12-hour form."""
    if not byte & _12_HOUR:
        return _number(byte, 23)
    hour = _number(byte & 0x1F, 12)
    if not hour:
        raise ClockError("the clock holds no hour: %02x" % byte)
    return hour % 12 + (12 if byte & _PM else 0)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and year != 100


def _days_before_year(year: int) -> int:
    """Days from 2000-01-01 to the first day of 2000 + year, year up to 199."""
    return year * 365 + (year + 3) // 4 - (1 if year > 100 else 0)


def _days_before(year: int, month: int) -> int:
    return _DAYS_BEFORE[month - 1] + (1 if month > 2 and _is_leap(year) else 0)


def _days_in(year: int, month: int) -> int:
    days = _DAYS_BEFORE[month] - _DAYS_BEFORE[month - 1]
    return days + 1 if month == 2 and _is_leap(year) else days
