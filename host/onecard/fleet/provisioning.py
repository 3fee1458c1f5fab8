"""Which device becomes which terminal of an inventory, and all of them provisioned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..devices import TERMINAL, Found, Place
from ..devices.scan import side_by_side
from ..errors import OneCardError
from ..keystore import Keystore
from ..link import LinkClient, open_port
from ..provision import bring
from .inventory import Row

FAILED, ABSENT = "failed", "not plugged in"


@dataclass(frozen=True)
class Match:
    """row, and the device that is or becomes it; None if none is plugged in."""

    row: Row
    found: Found | None


@dataclass(frozen=True)
class Provisioned:
    """result: as of provision.bring(), FAILED or ABSENT. text: why."""

    terminal: str
    device: str
    result: str
    text: str = ""


class AssignError(OneCardError):
    """It is not certain which device is which terminal; nothing was done."""


def assign(rows: Sequence[Row], found: Sequence[Found], is_free: bool = False) -> list[Match]:
    """Each row's device: the one it names, else the one that has its number already; with is_free
    the blank terminals that are left, in the order of their ports, for the rows that are left.

    Raises AssignError for two devices with one number, or a named device that is no terminal.
    """
    terminals = [one for one in found if one.kind == TERMINAL]
    by_id: dict[str, Found] = {}
    for one in terminals:
        if one.terminal and one.terminal in by_id:
            raise AssignError(
                f"{by_id[one.terminal].device} and {one.device} both are terminal {one.terminal}",
                "a copy: unplug one of them and find out which one is right",
            )
        if one.terminal:
            by_id[one.terminal] = one
    taken: dict[str, Found] = {}
    for row in rows:
        chosen = _named(row, found) if row.device else by_id.get(row.terminal)
        if chosen is not None:
            _check(row, chosen, by_id)
            taken[row.terminal] = chosen
    used = {one.device for one in taken.values()}
    blank = [one for one in terminals if not one.terminal and one.device not in used]
    for row in rows:
        if is_free and blank and row.terminal not in taken and not row.device:
            taken[row.terminal] = blank.pop(0)
    return [Match(row, taken.get(row.terminal)) for row in rows]


def _named(row: Row, found: Sequence[Found]) -> Found | None:
    for one in found:
        if row.device in (one.device, one.key, Path(one.device).name):
            return one
    return None


def _check(row: Row, chosen: Found, by_id: dict[str, Found]) -> None:
    if chosen.kind != TERMINAL:
        raise AssignError(
            f"line {row.line}: {chosen.device} is no terminal but: {chosen.kind}",
            "flash it first: onecard flash",
        )
    other = by_id.get(row.terminal)
    if other is not None and other.device != chosen.device:
        raise AssignError(
            f"line {row.line}: {chosen.device} would become terminal {row.terminal}, which "
            f"{other.device} is",
            "two terminals must never have one number",
        )


def provision_all(
    matches: Sequence[Match],
    keystore: Keystore,
    timeout_s: float,
    within_s: float = 300.0,
    tell: Callable[[Provisioned], None] = lambda one: None,
) -> list[Provisioned]:
    """All matches side by side; in the order of the rows. One that fails does not end the rest."""
    done = {
        match.row.terminal: Provisioned(match.row.terminal, match.row.device, ABSENT)
        for match in matches
        if match.found is None
    }
    here = {match.found.device: match for match in matches if match.found is not None}
    for result in done.values():
        tell(result)

    def one(place: Place) -> Found:
        row = here[place.device].row
        result = _one(row, place.device, keystore, timeout_s)
        done[row.terminal] = result
        tell(result)
        return Found(place.device, TERMINAL)

    side_by_side([Place(device, device) for device in here], one, within_s)
    for device, match in here.items():
        late = Provisioned(match.row.terminal, device, FAILED, f"not done in {within_s:g} s")
        done.setdefault(match.row.terminal, late)
    return [done[match.row.terminal] for match in matches]


def _one(row: Row, device: str, keystore: Keystore, timeout_s: float) -> Provisioned:
    try:
        with LinkClient(open_port(device), timeout_s) as client:
            was = bring(
                client, keystore, row.terminal, row.settings, row.hotlist, row.hotlist_version
            )
        return Provisioned(row.terminal, device, was)
    except OneCardError as error:
        text = f"{error.text}; {error.hint}" if error.hint else error.text
        return Provisioned(row.terminal, device, FAILED, text)
