"""All terminals that are there, pulled side by side into one store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..devices import BUSY, TERMINAL, Found, Place
from ..devices.scan import side_by_side
from ..errors import OneCardError
from ..keystore import Keystore
from ..link import LinkClient, open_port
from ..pull import PullError, pull
from ..store import Store, StoreError

PULLED, FAILED, ALARM, SKIPPED = "pulled", "failed", "alarm", "not provisioned"
# Exit codes of a round over many terminals: the worst of them.
EXIT_DONE, EXIT_FAILED, EXIT_NOTHING, EXIT_ALARM = 0, 1, 3, 4


@dataclass(frozen=True)
class Pulled:
    """result: PULLED, FAILED (try again), ALARM (records are not what they should be: somebody has
    to look), SKIPPED. fault: what is out of order at the terminal. text: why."""

    device: str
    terminal: str
    result: str
    new: int = 0
    acked: int = 0
    unread: int | None = None
    fault: str = ""
    findings: list[str] = field(default_factory=list)
    text: str = ""


def pull_all(
    found: Sequence[Found],
    keystore: Keystore,
    open_store: Callable[[], Store],
    timeout_s: float = 5.0,
    within_s: float = 3600.0,
    before: dict[str, str] | None = None,
) -> list[Pulled]:
    """Every terminal among `found`, in their order; one that fails does not end the others.

    Two devices that say they are one terminal are both left alone. before: device -> terminal of
    the round before; a device that is another terminal now is told (and pulled), and it is
    brought up to date. The store is opened when there is something to pull, and closed after.
    """
    out: dict[str, Pulled] = {}
    chosen: list[Found] = []
    for one in found:
        result = _unpulled(one, found)
        if result is not None:
            out[one.device] = result
        elif one.kind == TERMINAL:
            chosen.append(one)
    if chosen:
        with open_store() as store:
            out |= _side_by_side(chosen, keystore, store, timeout_s, within_s)
    for one in chosen:
        out[one.device] = _swapped(out[one.device], before if before is not None else {})
    return [out[one.device] for one in found if one.device in out]


def _unpulled(one: Found, found: Sequence[Found]) -> Pulled | None:
    """Why a device is not pulled; None if it is, or is nothing that could be."""
    if one.kind == BUSY:
        return Pulled(one.device, "", FAILED, text=f"in use: {one.note}")
    if one.kind != TERMINAL:
        return None
    if not one.terminal:
        return Pulled(one.device, "", SKIPPED)
    twins = [other.device for other in found if other.terminal == one.terminal]
    if len(twins) > 1:
        text = f"{' and '.join(twins)} both say that they are terminal {one.terminal}: a copy"
        return Pulled(one.device, one.terminal, ALARM, text=text + "; neither was pulled")
    return None


def _side_by_side(
    chosen: Sequence[Found], keystore: Keystore, store: Store, timeout_s: float, within_s: float
) -> dict[str, Pulled]:
    terminals = {one.device: one.terminal for one in chosen}
    done: dict[str, Pulled] = {}

    def ask(place: Place) -> Found:
        terminal = terminals[place.device]
        done[place.device] = _one(place.device, terminal, keystore, store, timeout_s)
        return Found(place.device, TERMINAL)

    side_by_side([Place(one.device, one.key) for one in chosen], ask, within_s)
    late = f"not done in {within_s:g} s"
    return {
        device: done.get(device, Pulled(device, terminal, FAILED, text=late))
        for device, terminal in terminals.items()
    }


def _one(device: str, terminal: str, keystore: Keystore, store: Store, timeout_s: float) -> Pulled:
    try:
        with LinkClient(open_port(device), timeout_s) as client:
            result = pull(client, keystore, store, expected=terminal)
    except (PullError, StoreError) as error:
        is_alarm = isinstance(error, PullError) or error.is_conflict
        return Pulled(device, terminal, ALARM if is_alarm else FAILED, text=_text(error))
    except OneCardError as error:
        return Pulled(device, terminal, FAILED, text=_text(error))
    findings = [f"{finding.kind}: {finding.text}" for finding in result.findings]
    kind = ALARM if findings else PULLED
    return Pulled(
        device, terminal, kind, result.new, result.acked, result.unread, result.fault, findings
    )


def _text(error: OneCardError) -> str:
    return f"{error.text}; {error.hint}" if error.hint else error.text


def _swapped(one: Pulled, before: dict[str, str]) -> Pulled:
    """Tell a terminal that stands where another one was."""
    was = before.get(one.device)
    before[one.device] = one.terminal
    if was is None or was == one.terminal or one.text:
        return one
    values = vars(one) | {"text": f"terminal {was} was at this port before"}
    return Pulled(**values)


def exit_code(done: Sequence[Pulled]) -> int:
    """The worst of a round."""
    results = {one.result for one in done}
    if ALARM in results:
        return EXIT_ALARM
    if FAILED in results:
        return EXIT_FAILED
    return EXIT_DONE if PULLED in results else EXIT_NOTHING
