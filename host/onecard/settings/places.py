"""docs/scenes.md from its mark on: each scene with its pictures, settings and records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ocwire import record

from .fields import OF_SCENE, SCENES
from .guide import table
from .words import TITLES

MARK = "<!-- From here on made by `onecard config document --scenes`; a test compares. -->"


class Place(NamedTuple):
    """what the counter does, its keys beside digits, confirm and cancel, and what it records:
    kind of ocwire.record -> when."""

    what: str
    keys: str
    records: dict[int, str]


PLACES = {
    "canteen": Place(
        "A price by meal, an amount keyed in, dishes by number, or meals counted without money. "
        "Second portions, count and limit of a meal, classes by card type or list, bookings, a "
        "PIN above an amount; subsidies first where the card has an account for them.",
        "In the mode `menu`, number and `confirm` add a dish, `cancel` takes back the last.",
        {record.INTENT: "a meal without money is one of 0 fen with the payload `meal`"},
    ),
    "library": Place(
        "The patron's card, then items by bar code: lend, return, renew, list. It goes on without "
        "its host within the patron's limit; the library's system is told later.",
        "`f2` next of lend, return and renew; `f3` lists what the patron has.",
        {record.LOAN: "for each item; `is_online` tells whether the library's system knew"},
    ),
    "hotel": Place(
        "Room number, then the card: check-in, second guest, deposit from an account of the card; "
        "check-out by room number alone. The identity is masked on the screen.",
        "`f2` next of check-in, second guest, deposit and check-out.",
        {
            record.IDENTITY: "who checked in, sealed: only the identity role's key opens it",
            record.STAY: "arrival, second guest, deposit, departure of a room",
            record.INTENT: "a deposit, with the payload `depo` and the room",
        },
    ),
    "museum": Place(
        "Entry by card or QR code; free (a purchase of 0 fen proves the card), priced, or by time "
        "slots with so many places. Groups, no second entry within a time, who is in, gate relay.",
        "Number and `confirm`: a group; `f2` lets one in by hand.",
        {
            record.INTENT: "a card, with the payload `gate` and the size of the group",
            record.CODE: "a QR code",
            record.ENTRY: "somebody let in by hand",
        },
    ),
    "bus": Place(
        "A flat fare, or one by stops with entry and exit; transfers, classes, cards of other "
        "cities, ride codes; the driver's trip.",
        "`f2` and `f3` next and last stop, `0` turns round, `confirm` begins and ends a trip.",
        {
            record.INTENT: "a ride, with the payload `ride`",
            record.CODE: "a ride code",
            record.TRIP: "a trip begins or ends",
        },
    ),
    "clinic": Place(
        "Prescription and amount, then the card: the fund is asked within a deadline, its answer "
        "committed, a late one reversed. Never off line.",
        "`confirm` begins.",
        {record.MEDICAL: "asked, authorised, committed, reversed"},
    ),
    "topup": Place(
        "An amount, then the card: a load that the card's issuer authorises on line. A load that "
        "was broken off is settled at the card's next tap. Float of the shift.",
        "",
        {record.INTENT: "a load, with the payload `cash`"},
    ),
    "subsidy": Place(
        "A signed list says who gets what; the issuer loads it, each place of the list once, "
        "however many terminals pay from it.",
        "",
        {
            record.LIST: "a list was taken",
            record.INTENT: "a load, with the payload `pays`, the list's version and the place",
        },
    ),
    "enquiry": Place(
        "Balances, validity, the card's own log, a bank card's last digits. No money is moved and "
        "nothing is written.",
        "`2` and `8` scroll.",
        {},
    ),
}


def document() -> str:
    """The text from MARK on."""
    parts = [MARK]
    for scene in SCENES:
        parts += _section(scene, PLACES[scene])
    return "\n".join(parts) + "\n"


def _section(scene: str, place: Place) -> Iterator[str]:
    yield f"\n## {TITLES[scene]}\n"
    yield place.what
    if place.keys:
        yield f"\nKeys of its own: {place.keys[0].lower()}{place.keys[1:]}"
    yield f"\n![{scene}, 320×240](screens/{scene}-zh-colour.png)"
    yield f"![{scene}, 128×64](screens/{scene}-zh-mono.png)"
    yield f"\nIn English: [320×240](screens/{scene}-en-colour.png), "
    yield f"[128×64](screens/{scene}-en-mono.png).\n"
    yield f"`[{scene}]`, beside the settings of [all scenes](configuration.md#all-scenes):\n"
    yield from table(scene, OF_SCENE[scene])
    yield from _records(place.records)


def _records(kinds: dict[int, str]) -> Iterator[str]:
    if not kinds:
        return
    yield "\n| record | when | fields |"
    yield "| --- | --- | --- |"
    for kind, when in kinds.items():
        names = " ".join(f"`{name}`" for name in record.field_names(kind))
        yield f"| {record.name(kind)} | {when} | {names} |"
    if record.INTENT in kinds:
        names = " ".join(f"`{name}`" for name in record.field_names(record.RESULT))
        yield f"| {record.name(record.RESULT)} | what became of an intent | {names} |"
