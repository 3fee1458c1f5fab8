"""Files of JT/T 978 transit purses: management information, rides (EF 1A), trips (EF 1E).

Layouts as public tools read them (the standard's text is not free); offsets from 0.
"""

import struct

from .errors import ProtocolError
from .purse import fen

CARD_TYPES = {1: "ordinary", 2: "student", 3: "senior", 4: "test", 5: "military"}
TEST_CARD = 4
RAIL, BUS = 1, 2  # record numbers in EF 1A
RIDE_SIZE, TRIP_SIZE = 128, 48
ENTERED, LEFT = 0x01, 0x02  # status of a ride: entered or boarded, left or alighted

TRIP_TYPES = {
    1: "EC entry",
    2: "EC exit",
    3: "EP entry",
    4: "EP exit",
    5: "EC ride",
    6: "EP ride",
    7: "EC fare adjustment",
    8: "EP fare adjustment",
    9: "EC load",
    10: "EP load",
}
INDUSTRIES = {
    1: "metro",
    2: "bus",
    3: "water bus",
    4: "taxi",
    5: "car rental",
    6: "bicycle",
    7: "parking",
    8: "coach",
    9: "ferry",
    10: "high-speed rail",
    11: "air",
    12: "toll",
    14: "suburban rail",
}

# field: (offset, size) of the two rides; "head" fields first.
_HEAD = {"id": (0, 2), "valid": (3, 1), "interop": (4, 1), "lock": (5, 1), "journey": (6, 8)}
_RAIL = {
    "status": (14, 1),
    "entry_city": (15, 2),
    "exit_city": (17, 2),
    "entry_institution": (19, 8),
    "exit_institution": (27, 8),
    "entry_station": (35, 8),
    "exit_station": (43, 8),
    "entry_device": (51, 8),
    "exit_device": (59, 8),
    "entry_moment": (67, 7),
    "exit_moment": (74, 7),
    "maximum_fare": (81, 4),
    "entry_line": (85, 1),
    "exit_line": (86, 1),
    "entry_amount": (87, 4),
    "entry_balance": (91, 4),
    "fare": (95, 4),
}
_BUS = {
    "status": (14, 1),
    "entry_city": (15, 2),
    "entry_institution": (17, 8),
    "entry_operator": (25, 2),
    "entry_line": (27, 2),
    "entry_stop": (29, 1),
    "entry_vehicle": (30, 8),
    "entry_device": (38, 8),
    "entry_moment": (46, 7),
    "marked_amount": (53, 4),
    "direction": (57, 1),
    "exit_city": (58, 2),
    "exit_institution": (60, 8),
    "exit_operator": (68, 2),
    "exit_line": (70, 2),
    "exit_stop": (72, 1),
    "exit_vehicle": (73, 8),
    "exit_device": (81, 8),
    "exit_moment": (89, 7),
    "fare": (96, 4),
    "distance": (100, 2),
}
_LAYOUTS = {RAIL: _RAIL, BUS: _BUS}
_IDS = {RAIL: b"\x27\x01", BUS: b"\x27\x02"}


class Management:
    """EF 17. city: 2 bytes BCD region code. is_interoperable: valid outside its own city."""

    def __init__(self, raw):
        if len(raw) < 11:
            raise ProtocolError("management information of %d bytes" % len(raw))
        self.country = raw[0:4]
        self.province = raw[4:6]
        self.city = raw[6:8]
        self.is_interoperable = raw[8:10] != b"\x00\x00"
        self.card_type = raw[10]
        self._raw = raw

    def date_at(self, offset):
        """4 bytes BCD YYYYMMDD among those that cities use as they like (11 on), or None."""
        date = self._raw[offset : offset + 4]
        if len(date) < 4 or date in (bytes(4), b"\xff" * 4):
            return None
        return date


class Ride:
    """One record of EF 1A, 128 bytes. number: RAIL or BUS, also in UPDATE CAPP DATA CACHE.

    The number decides the layout, not the identifier inside: sources differ about the bus's.
    """

    def __init__(self, number, raw=None):
        if raw is None:
            raw = _IDS[number] + bytes((RIDE_SIZE - 3, 1, 1)) + bytes(RIDE_SIZE - 5)
        if len(raw) != RIDE_SIZE:
            raise ProtocolError("ride record of %d bytes" % len(raw))
        self.number = number
        self.raw = bytearray(raw)

    def get(self, name):
        """A field's bytes."""
        offset, size = self._place(name)
        return bytes(self.raw[offset : offset + size])

    def number_of(self, name):
        """A field as a number."""
        value = 0
        for byte in self.get(name):
            value = value << 8 | byte
        return value

    def put(self, **fields):
        """Set fields: bytes of the right size, or numbers."""
        for name, value in fields.items():
            offset, size = self._place(name)
            if isinstance(value, int):
                value = value.to_bytes(size, "big")
            if len(value) != size:
                raise ValueError("%s has %d bytes, not %d" % (name, size, len(value)))
            self.raw[offset : offset + size] = value

    def _place(self, name):
        return _HEAD[name] if name in _HEAD else _LAYOUTS[self.number][name]

    @property
    def is_locked(self):
        """The operator has locked this record: the card must not ride."""
        return self.raw[5] == 1

    @property
    def is_under_way(self):
        """Entered or boarded, and not left."""
        return self.raw[14] == ENTERED


class Trip:
    """One record of EF 1E, 48 bytes. moment: 7 BCD bytes; amounts in fen."""

    def __init__(self, raw):
        if len(raw) != TRIP_SIZE:
            raise ProtocolError("trip record of %d bytes" % len(raw))
        self.kind = raw[0]
        self.terminal = raw[1:9]
        self.industry = raw[9]
        self.line = raw[10:12]
        self.station = raw[12:14]
        self.operator = raw[14:16]
        self.amount = fen(raw[17:21])
        self.balance = fen(raw[21:25])
        self.moment = raw[25:32]
        self.city = raw[32:34]
        self.institution = raw[34:42]


def trip(kind, terminal, industry, place, amount, balance, moment, city, institution):
    """A record for EF 1E, 48 bytes.

    kind: of TRIP_TYPES. terminal: 6 bytes. place: line 2, station 2, operator 2. institution: 8.
    """
    return (
        bytes((kind,))
        + bytes(8 - len(terminal))
        + terminal
        + bytes((industry,))
        + place
        + b"\x00"
        + struct.pack(">II", amount, balance)
        + moment
        + city
        + institution
        + bytes(6)
    )
