"""What a card holds, labelled, for a technician: every application that can be read without keys.

Personal data is masked: names, citizen numbers, account numbers. There is no option to show them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from occard import bank, purse, social, tags, transit
from occard.errors import Blocked, CardError, StatusError, WrongCard
from occard.profiles import PURSES
from ocwire import calendar

from ..report import clock_text, yuan
from .targets import Target

Rows = list[tuple[str, str]]
Section = tuple[str, Rows]

_TTI = {
    0x01: "load of the deposit", 0x02: "load", 0x03: "unload", 0x04: "withdrawal",
    0x05: "purchase from the deposit", 0x06: "purchase", 0x07: "overdraft limit",
    0x09: "compound purchase",
}  # fmt: skip
_BALANCES = (
    ("spendable", purse.SPENDABLE),
    ("actual balance", purse.ACTUAL),
    ("overdraft limit", purse.OVERDRAFT_LIMIT),
    ("overdraft used", purse.OVERDRAFT_USED),
    ("upper limit", purse.UPPER_LIMIT),
)
_RIDE_NAMES = {transit.RAIL: "rail", transit.BUS: "bus"}


async def read_card(target: Target) -> list[Section]:
    """Everything that this card tells, section by section."""
    sections: list[Section] = [("card", _identity_rows(target))]
    if not target.is_iso_dep:
        sections[0][1].append(("applications", "none: a memory tag without ISO/IEC 14443-4"))
        return sections
    for profile in PURSES:
        await _add(sections, profile.name, partial(_purse, target, profile))
    await _add(sections, "social security", partial(_social, target))
    await _add(sections, "bank", partial(_bank, target))
    await _add(sections, "NDEF", partial(_ndef, target))
    if len(sections) == 1:
        sections[0][1].append(("applications", "none that this program knows"))
    return sections


def as_dicts(sections: list[Section]) -> list[dict[str, Any]]:
    """The same for JSON."""
    return [{"application": title, "fields": dict(rows)} for title, rows in sections]


async def _add(sections: list[Section], title: str, read: Callable[[], Awaitable[Rows]]) -> None:
    """Read one application; one that is not there is left out, one that refuses says why."""
    try:
        rows = await read()
        sections.append((title, [(label, _printable(value)) for label, value in rows]))
    except WrongCard:
        return
    except Blocked as error:
        sections.append((title, [("state", str(error))]))
    except CardError as error:
        sections.append((title, [("not read", str(error))]))


def _printable(text: str) -> str:
    """A card's own text may hold what a terminal obeys (escape sequences): that is shown as ?."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _identity_rows(target: Target) -> Rows:
    uid = target.uid
    note = "  (random: another one each time)" if len(uid) == 4 and uid[0] == 0x08 else ""
    return [
        ("UID", uid.hex().upper() + note if uid else "not told by this reader"),
        ("answer to reset or select", target.reset_answer.hex().upper() or "not told"),
    ]


# -- purses -----------------------------------------------------------------------------------


async def _purse(target: Target, profile: Any) -> Rows:
    card = await purse.select(target, (profile,))
    rows: Rows = [
        ("card number", _masked_number(card.serial)),
        ("issuer", card.issuer.hex().upper()),
        ("valid", f"{_date(card.start_date)} to {_date(card.end_date)}"),
        ("enabled", "yes" if card.is_enabled else "no"),
    ]
    for label, kind in _BALANCES if profile.is_transit else _BALANCES[:1]:
        value = await _told(card.balance(kind))
        if value is not None:
            rows.append((label, yuan(value)))
    if profile.is_transit:
        rows += await _management(card)
        rows += await _rides(card)
    for number, entry in enumerate(await _told(card.log()) or [], 1):
        sign = "+" if entry.is_load else "-"
        what = _TTI.get(entry.tti, f"type {entry.tti:02X}")
        text = f"{_moment(entry.moment)}  {sign}{yuan(entry.amount)}  {what}"
        rows.append(
            (f"log {number}", f"{text}, terminal {entry.terminal.hex()}, no. {entry.counter}")
        )
    return rows


async def _told(work: Awaitable[Any]) -> Any:
    """What the card answers, or None if it does not give that."""
    try:
        return await work
    except StatusError:
        return None


async def _management(card: Any) -> Rows:
    raw = await _told(card.binary(purse.EF_MANAGEMENT))
    if raw is None:
        return []
    found = transit.Management(raw)
    return [
        ("city", found.city.hex()),
        ("valid elsewhere", "yes" if found.is_interoperable else "no"),
        ("card type", transit.CARD_TYPES.get(found.card_type, f"{found.card_type:02X}")),
    ]


async def _rides(card: Any) -> Rows:
    rows: Rows = []
    for number, name in _RIDE_NAMES.items():
        raw = await _told(card.record(purse.EF_RIDES, number))
        if raw is not None and len(raw) == transit.RIDE_SIZE:
            ride = transit.Ride(number, raw)
            state = "under way since " if ride.is_under_way else "last begun "
            lock = ", LOCKED" if ride.is_locked else ""
            rows.append((f"{name} ride", state + _moment(ride.get("entry_moment")) + lock))
    for number in range(1, 31):
        raw = await _told(card.record(purse.EF_TRIPS, number))
        if raw is None or len(raw) != transit.TRIP_SIZE:
            break
        trip = transit.Trip(raw)
        if trip.kind == 0:
            continue
        what = transit.TRIP_TYPES.get(trip.kind, f"type {trip.kind:02X}")
        where = transit.INDUSTRIES.get(trip.industry, f"industry {trip.industry:02X}")
        rows.append(
            (f"trip {number}", f"{_moment(trip.moment)}  {yuan(trip.amount)}  {what}, {where}")
        )
    return rows


# -- the others -------------------------------------------------------------------------------


async def _social(target: Target) -> Rows:
    try:
        found = await social.read(target)
    except social.NeedsSam as error:
        if error.identity is None:
            raise
        return [("holder", f"kept back: {error}"), *_issue(error.identity)]
    name = found.name.decode("gbk", "replace")
    check = "" if found.is_id_right else "  (its check character is WRONG)"
    return [
        ("name", social.masked_name(name)),
        ("citizen number", social.masked_id(found.id_number) + check),
        ("card number", social.masked_id(found.card_number)),
        *_issue(found),
    ]


def _issue(found: Any) -> Rows:
    """What EF05 says of the card itself."""
    return [
        ("issuing region", found.region),
        ("generation", str(found.generation or "not told")),
        ("issued", found.issued),
        ("valid until", found.valid_until),
    ]


async def _bank(target: Target) -> Rows:
    found = await bank.read(target)
    expiry = f"{found.expiry[2:]}/{found.expiry[:2]}" if found.expiry else "not told"
    rows = [
        ("scheme", found.scheme),
        ("account", f"**** {found.last_digits}"),
        ("valid until", expiry),
    ]
    if found.counter is not None:
        rows.append(("transaction counter", str(found.counter)))
    return rows


async def _ndef(target: Target) -> Rows:
    return [
        (f"record {number}", f"{item.kind}: {item.text or item.payload.hex()}")
        for number, item in enumerate(await tags.read_ndef(target), 1)
    ]


def _masked_number(serial: bytes) -> str:
    """A card number: its issuer's digits and the last four."""
    digits = serial.hex().lstrip("0") or "0"
    return digits[:6] + "*" * max(0, len(digits) - 10) + digits[-4:]


def _date(raw: bytes) -> str:
    if raw in (bytes(4), b"\xff" * 4):
        return "no limit"
    text = raw.hex()
    return f"{text[:4]}-{text[4:6]}-{text[6:]}"


def _moment(raw: bytes) -> str:
    try:
        return clock_text(calendar.from_bcd(raw))
    except ValueError:
        return "no date"
