"""Seconds since 1970-01-01 UTC to the cards' BCD date and time, which are China Standard Time.

China has had one zone without daylight saving since 1992 (GB/T 7408), so the offset is a constant.
Pure integers: no runtime's own epoch or time zone matters here.
"""

CST_OFFSET_S = 8 * 3600
_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)


def _bcd(value):
    return value // 10 << 4 | value % 10


def _binary(byte):
    high, low = byte >> 4, byte & 15
    if high > 9 or low > 9:
        raise ValueError("not BCD: %02x" % byte)
    return high * 10 + low


def _is_leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days_to_year(year):
    """Days from 1970-01-01 to the first day of `year` (1970 or later)."""
    y = year - 1
    return (year - 1970) * 365 + (y // 4 - 492) - (y // 100 - 19) + (y // 400 - 4)


def civil(unix_s):
    """(year, month, day, hour, minute, second) of UTC seconds `unix_s` in China Standard Time."""
    days, rest = divmod(unix_s + CST_OFFSET_S, 86400)
    year = 1970 + days // 366
    while _days_to_year(year + 1) <= days:
        year += 1
    days -= _days_to_year(year)
    month = 12
    while days < _days_before(year, month):
        month -= 1
    day = days - _days_before(year, month) + 1
    return year, month, day, rest // 3600, rest // 60 % 60, rest % 60


def _days_before(year, month):
    return _DAYS_BEFORE[month - 1] + (1 if month > 2 and _is_leap(year) else 0)


def unix(year, month, day, hour=0, minute=0, second=0):
    """UTC seconds of a China Standard Time date. Raises ValueError for a date that is none."""
    if not (1970 <= year <= 2105 and 1 <= month <= 12 and 0 <= hour < 24):
        raise ValueError("date out of range")
    if not (0 <= minute < 60 and 0 <= second < 60):
        raise ValueError("time out of range")
    length = 31 if month == 12 else _days_before(year, month + 1) - _days_before(year, month)
    if not 1 <= day <= length:
        raise ValueError("day out of range")
    days = _days_to_year(year) + _days_before(year, month) + day - 1
    return days * 86400 + hour * 3600 + minute * 60 + second - CST_OFFSET_S


def to_bcd(unix_s):
    """Date YYYYMMDD and time HHMMSS as 7 BCD bytes, as purse commands want them (JR/T 0025.1)."""
    year, month, day, hour, minute, second = civil(unix_s)
    return bytes(
        (
            _bcd(year // 100),
            _bcd(year % 100),
            _bcd(month),
            _bcd(day),
            _bcd(hour),
            _bcd(minute),
            _bcd(second),
        )
    )


def from_bcd(raw):
    """UTC seconds of 7 BCD bytes YYYYMMDDHHMMSS. Raises ValueError if they are no date."""
    if len(raw) != 7:
        raise ValueError("date-time must be 7 bytes")
    century, year, month, day, hour, minute, second = (_binary(b) for b in raw)
    return unix(century * 100 + year, month, day, hour, minute, second)
