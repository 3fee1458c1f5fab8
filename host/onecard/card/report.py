"""What a card holds, labelled, for a technician: every application that can be read without keys.

Personal data is masked: names, citizen numbers, account numbers. There is no option to show them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from occard import bank, purse, social, tags, transit
from occard.errors import Blocked, CardError, ProtocolError, StatusError, WrongCard
from occard.profiles import PURSES, Profile
from ocwire import calendar

from ..report import clock_text, masked, yuan
from .targets import Target

Rows = list[tuple[str, str]]
Section = tuple[str, Rows]
Read = Callable[[], Awaitable[Rows]]

_KEPT = (0x6982, 0x6983, 0x6985)  # it is there, and not for everybody
_MAX_TRIPS = 30  # EF 1E of JT/T 978

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
    """Everything that this card tells, section by section. Raises what the target raises."""
    sections: list[Section] = [("card", _identity_rows(target))]
    card = sections[0][1]
    if not target.is_iso_dep:
        card.append(("applications", "none: a memory tag without ISO/IEC 14443-4"))
        return sections
    await _part(card, "directory", partial(_directory, target))
    seen: set[tuple[int, bytes]] = set()
    for profile in PURSES:
        await _add(sections, profile.name, partial(_purse, target, profile, seen))
    await _add(sections, "social security", partial(_social, target))
    await _add(sections, "bank", partial(_bank, target))
    await _add(sections, "NDEF", partial(_ndef, target))
    if len(sections) == 1:
        card.append(("applications", "none that this program knows"))
    return [(title, [(label, _printable(value)) for label, value in rows])
            for title, rows in sections]  # fmt: skip


def as_dicts(sections: list[Section]) -> list[dict[str, Any]]:
    """The same for JSON."""
    return [{"application": title, "fields": dict(rows)} for title, rows in sections]


async def _add(sections: list[Section], title: str, read: Read) -> None:
    """Read one application; one that is not there is left out, one that refuses says why."""
    try:
        sections.append((title, await read()))
    except WrongCard:
        return
    except Blocked as error:
        sections.append((title, [("state", str(error))]))
    except CardError as error:
        sections.append((title, [("not read", str(error))]))


async def _part(rows: Rows, label: str, read: Read) -> None:
    """Add one part of an application; what the card does not have is left out, what it keeps to
    itself or tells wrongly is said in its place."""
    try:
        rows += await read()
    except StatusError as error:
        if error.sw in _KEPT:
            rows.append((label, f"not read: {error}"))
    except ProtocolError as error:
        rows.append((label, f"not read: {error}"))


def _printable(text: str) -> str:
    """A card's words without control and format characters: they are orders to a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _identity_rows(target: Target) -> Rows:
    uid = target.uid
    note = "  (random: another one each time)" if len(uid) == 4 and uid[0] == 0x08 else ""
    return [
        ("UID", uid.hex().upper() + note if uid else "not told by this reader"),
        ("answer to reset or select", target.reset_answer.hex().upper() or "not told"),
    ]


# -- purses -----------------------------------------------------------------------------------


async def _directory(target: Target) -> Rows:
    found = await bank.applications(target)
    return [("directory", ", ".join(aid.hex().upper() for aid in found))] if found else []


async def _purse(target: Target, profile: Profile, seen: set[tuple[int, bytes]]) -> Rows:
    """seen: kind and serial of the purses before; the same one by another name is no other."""
    card = await purse.select(target, (profile,))
    if (profile.kind, card.serial) in seen:
        raise WrongCard("this purse has been read by its name")
    seen.add((profile.kind, card.serial))
    rows: Rows = [
        ("card number", _masked_number(card.serial)),
        ("issuer", card.issuer.hex().upper()),
        ("valid", f"{_date(card.start_date)} to {_date(card.end_date)}"),
        ("enabled", "yes" if card.is_enabled else "no"),
    ]
    for label, kind in _BALANCES if profile.is_transit else _BALANCES[:1]:
        await _part(rows, label, partial(_balance, card, label, kind))
    if profile.is_transit:
        await _part(rows, "city", partial(_management, card))
        for number, name in _RIDE_NAMES.items():
            await _part(rows, f"{name} ride", partial(_ride, card, number, name))
    await _part(rows, "log", partial(_log, card))
    if profile.is_transit:
        await _part(rows, "trips", partial(_trips, card))
    return rows


async def _balance(card: purse.Purse, label: str, kind: int) -> Rows:
    return [(label, yuan(await card.balance(kind)))]


async def _management(card: purse.Purse) -> Rows:
    found = transit.Management(await card.binary(purse.EF_MANAGEMENT))
    return [
        ("city", found.city.hex()),
        ("valid elsewhere", "yes" if found.is_interoperable else "no"),
        ("card type", transit.CARD_TYPES.get(found.card_type, f"{found.card_type:02X}")),
    ]


async def _log(card: purse.Purse) -> Rows:
    rows: Rows = []
    for number, entry in enumerate(await card.log(), 1):
        sign = "+" if entry.is_load else "-"
        what = _TTI.get(entry.tti, f"type {entry.tti:02X}")
        text = f"{_moment(entry.moment)}  {sign}{yuan(entry.amount)}  {what}"
        rows.append(
            (f"log {number}", f"{text}, terminal {entry.terminal.hex()}, no. {entry.counter}")
        )
    return rows


async def _ride(card: purse.Purse, number: int, name: str) -> Rows:
    raw = await card.record(purse.EF_RIDES, number)
    if raw is None:
        return []
    ride = transit.Ride(number, raw)
    moment = _moment(ride.get("entry_moment"))
    state = "under way since" if ride.is_under_way else "last begun"
    text = "none yet" if ride.number_of("status") == 0 else f"{state} {moment}"
    return [(f"{name} ride", text + (", LOCKED" if ride.is_locked else ""))]


async def _trips(card: purse.Purse) -> Rows:
    rows: Rows = []
    for number in range(1, _MAX_TRIPS + 1):
        raw = await card.record(purse.EF_TRIPS, number)
        if raw is None:
            break
        trip = transit.Trip(raw)
        if trip.kind == 0:
            continue
        what = transit.TRIP_TYPES.get(trip.kind, f"type {trip.kind:02X}")
        where = transit.INDUSTRIES.get(trip.industry, f"industry {trip.industry:02X}")
        text = f"{_moment(trip.moment)}  {yuan(trip.amount)}  {what}, {where}"
        rows.append((f"trip {number}", f"{text}, city {trip.city.hex()}"))
    return rows


# -- the others -------------------------------------------------------------------------------


async def _social(target: Target) -> Rows:
    found = await social.read(target)
    name = found.name.decode("gbk", "replace")
    check = "" if found.is_id_right else "  (its check character is WRONG)"
    return [
        ("name", social.masked_name(name)),
        ("citizen number", social.masked_id(found.id_number) + check),
        ("card number", masked(found.card_number)),
        ("issuing region", found.region),
        ("generation", str(found.generation or "not told")),
        ("issued", found.issued),
        ("valid until", found.valid_until),
    ]


async def _bank(target: Target) -> Rows:
    found = await bank.read(target)
    expiry = f"{found.expiry[2:]}/{found.expiry[:2]}" if found.expiry else "not told"
    return [
        ("scheme", found.scheme),
        ("account", f"**** {found.last_digits}"),
        ("valid until", expiry),
        ("transactions", "not told" if found.counter is None else str(found.counter)),
    ]


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
