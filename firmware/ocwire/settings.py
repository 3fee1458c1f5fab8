"""Settings of a terminal, checked the same way on the host and on the terminal.

They travel as JSON: common fields flat, and the configured scene's own in a table of its name.
Fields: setting_tables.py, (name, kind, default, low, high). Kinds, with their values on the wire:

    int        low to high
    fen        the same, money
    bool       0 or 1 (true and false are taken, too)
    time       minutes of the day
    date       YYYYMMDD as a number, 0: none
    card_type  0 to 255, of a JT/T 978 card's management information
    text       low to high characters
    label      low to high half-width cells of a screen; a Chinese character takes two
    choice     one of `low`
    city       region code, four digits, or ""
    hex        high hex digits, or ""
    serial     application serial, 20 digits, or ""
    ranges     numbers and ranges of them, "101-118, 201", or ""
    pin        "salt:hash" of pin.py
    qr_roots, sm2_keys: public keys, as roots.py has them
    glyphs     what glyphs.py packs; the tools put it there
    tables     a list of low to high tables; `default` holds their fields
"""

from . import calendar, glyphs, pin, roots
from .errors import UNKNOWN, SettingError
from .setting_tables import COMMON, SCENES

_NUMBERS = ("int", "fen", "bool", "time", "date", "card_type")
_DIGITS = {"city": (4, "must be four digits"), "serial": (20, "must be 20 digits")}
_MINUTES = 1440
HIDDEN = "***"  # stands for a PIN where settings are shown


def check(values, scenes=None, refuse=None):
    """All settings with defaults filled in; of the scenes' tables, the configured scene's alone.

    values: what JSON holds. scenes: names of those that there are, None: all. Raises SettingError.
    refuse(path, text, field): called for each fault instead of raising (field: None if the fault
    is not one field's value); a fault that it lets pass has the field's default taken, and an
    unknown field left out.
    """
    if not isinstance(values, dict):
        raise SettingError("", "configuration is not an object")
    faults = []

    def tell(path, text, field=None):
        if text != UNKNOWN:
            faults.append(path)
        if refuse is None:
            raise SettingError(path, text)
        refuse(path, text, field)

    flat = {name: values[name] for name in values if name not in SCENES}
    out = _table("", COMMON, flat, tell)
    scene = out["scene"]
    if scenes is not None and scene not in scenes:
        tell("scene", "%s is not in this firmware, only %s" % (scene, ", ".join(sorted(scenes))))
    for name, fields in SCENES.items():
        if name in values or name == scene:
            own = values.get(name, {})
            if not isinstance(own, dict):
                tell(name, "must be a table")
                own = {}
            own = _table(name, fields, own, tell)
            if name == scene:
                out[name] = own
    if not faults:
        _cross(out, scene, out[scene], tell)
    return out


def _table(path, fields, values, tell):
    names = [field[0] for field in fields]
    for name in values:
        if name not in names:
            tell(_join(path, name), UNKNOWN)
    out = {}
    for field in fields:
        name, kind, default = field[:3]
        at = _join(path, name)
        if kind == "tables":
            out[name] = _rows(at, field, values.get(name, []), tell)
        elif name not in values and default is None:
            tell(at, "is missing", field)
            out[name] = None
        else:
            value = values.get(name, default)
            fault = _fault(field, value)
            if fault:
                tell(at, fault, field)
                value = default
            out[name] = int(value) if value is True or value is False else value
    return out


def _rows(path, field, values, tell):
    _, _, fields, low, high = field
    if not isinstance(values, list):
        tell(path, "must be list", field)
        return []
    if not low <= len(values) <= high:
        tell(path, "must be %d to %d tables" % (low, high), field)
        return []
    out, key, keys = [], fields[0][0], []
    for number, value in enumerate(values):
        at = "%s[%d]" % (path, number)
        if not isinstance(value, dict):
            tell(at, "must be a table")
            continue
        row = _table(at, fields, value, tell)
        if row[key] is not None and row[key] in keys:
            tell(_join(at, key), "is there twice")
        keys.append(row[key])
        out.append(row)
    return out


def _join(path, name):
    return "%s.%s" % (path, name) if path else name


def _fault(field, value):
    """What is wrong with the value of a field that is no list of tables; "" if nothing is."""
    _, kind, _, low, high = field
    if kind in _NUMBERS:
        if kind == "bool" and (value is True or value is False):
            return ""
        if not isinstance(value, int) or isinstance(value, bool):
            return "must be int"
        if not low <= value <= high:
            return "must be %d to %d" % (low, high)
        return "" if kind != "date" or not value or _is_date(value) else "is no date"
    if not isinstance(value, str):
        return "must be str"
    if not _is_plain(value):
        return "has a control character"
    if kind == "choice":
        if value in low:
            return ""
        said = value + " is unknown, not" if value else "must be one"
        return "%s of %s" % (said, ", ".join(word or '""' for word in low))
    if kind == "hex":
        return "" if not value or _is_hex(value, high) else "must be %d hex digits" % high
    if kind in _DIGITS:
        size, text = _DIGITS[kind]
        return text if value and not (len(value) == size and _is_number(value)) else ""
    size = cells(value) if kind == "label" else len(value)
    if not low <= size <= high:
        return "must be %d to %d %s" % (low, high, "cells" if kind == "label" else "characters")
    if kind in _READERS:
        try:
            _READERS[kind](value)
        except ValueError as error:
            return str(error)
    return ""


def _is_plain(text):
    """True if a screen, a printer and a file can take it."""
    for char in text:
        code = ord(char)
        if code < 32 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000:
            return False
    return True


def _is_number(text):
    return text != "" and all(char in "0123456789" for char in text)


def _is_hex(text, size):
    return len(text) == size and all(char in "0123456789abcdefABCDEF" for char in text)


def _is_date(value):
    try:
        calendar.unix(value // 10000, value // 100 % 100, value % 100)
    except ValueError:
        return False
    return True


def cells(text):
    """Half-width cells of a screen that a text takes."""
    return sum(2 if ord(char) >= 0x1100 else 1 for char in text)


def ranges(text):
    """[(first, last), ...] of "101-118, 201". Raises ValueError for anything else."""
    out = []
    for word in text.replace(",", " ").split():
        first, dash, last = word.partition("-")
        last = last if dash else first
        if not (_is_number(first) and _is_number(last)) or len(word) > 11:
            raise ValueError("%s is no number or range" % word[:20])
        if int(first) > int(last):
            raise ValueError("%s ends before it begins" % word)
        out.append((int(first), int(last)))
    return out


_READERS = {
    "ranges": ranges,
    "pin": pin.split,
    "glyphs": glyphs.unpack,
    "qr_roots": roots.qr_roots,
    "sm2_keys": roots.sm2_keys,
}


def hidden(values):
    """Checked settings to be shown: without PINs, and without glyphs, which nobody reads."""
    shown = dict(values)
    shown["operators"] = [dict(row, pin=HIDDEN) for row in values["operators"]]
    shown.pop("glyphs", None)
    return shown


# -- what several fields have to do with each other -----------------------------------------


def _cross(values, scene, own, tell):
    if scene == "canteen":
        if own["mode"] == "menu" and not own["menu"]:
            tell("canteen.menu", "must have a dish: mode is menu")
        if own["subsidy_account"] == values["account"]:
            tell("canteen.subsidy_account", "must be another than account")
        _periods("canteen.meals", own["meals"], tell)
        for number, row in enumerate(own["classes"]):
            if bool(row["card_type"]) == bool(row["list"]):
                tell("canteen.classes[%d]" % number, "must have card_type or list, and not both")
    elif scene == "museum":
        if own["mode"] == "slots" and not own["slots"]:
            tell("museum.slots", "must have a slot: mode is slots")
        if own["mode"] == "priced" and not values["price"]:
            tell("price", "must be more than 0: museum.mode is priced")
        _periods("museum.slots", own["slots"], tell)
    elif scene == "bus":
        if own["mode"] == "by_stops" and not own["fares"]:
            tell("bus.fares", "must have a fare: mode is by_stops")
        if own["mode"] == "flat" and not values["price"]:
            tell("price", "must be more than 0: bus.mode is flat")


def _periods(path, rows, tell):
    """Of the day; one that ends before it begins goes on past midnight. None may overlap."""
    for number, row in enumerate(rows):
        at = "%s[%d]" % (path, number)
        if row["begin"] == row["end"]:
            tell(at + ".end", "must differ from begin")
        for other in rows[:number]:
            if _is_in(row["begin"], other) or _is_in(other["begin"], row):
                tell(at + ".begin", "overlaps with one before")
                break


def _is_in(minute, row):
    begin = row["begin"]
    return (minute - begin) % _MINUTES < (row["end"] - begin) % _MINUTES
