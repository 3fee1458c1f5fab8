"""Asks every place what is there: side by side, each within its time, none harmed."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

import serial

from ..errors import OneCardError
from ..keystore import Keystore
from ..link import LinkClient, LinkFailed, Refused
from ..link.port import PortBusy, PortError, open_port
from . import repl, rom
from .found import BARE, BOOTSEL, BUSY, ROM, SILENT, TERMINAL, UNASKED, Found
from .places import Drive, Place, Search, drives, places

_BOARDS = {"RPI-RP2": "rp2040", "RP2350": "rp2350"}
_HELLOS = 2
_GRACE = 12  # deadline of a place, in times timeout_s


def scan(search: Search, keystore: Keystore | None = None, timeout_s: float = 1.5) -> list[Found]:
    """Everything that is plugged in, by device.

    keystore: to ask terminals how many records they hold. timeout_s: silence after which
    something else is tried. The whole takes as long as the slowest place, at most 12 times that.
    """
    found = [_of_drive(drive) for drive in drives(search)]
    asked = places(search)
    found += side_by_side(
        asked, lambda place: probe(place, keystore, timeout_s), _GRACE * timeout_s
    )
    return sorted(found, key=lambda one: one.device)


def side_by_side(
    asked: Iterable[Place], ask: Callable[[Place], Found], within_s: float
) -> list[Found]:
    """ask() for each place in a thread of its own; SILENT for one that is not done in time."""
    done: queue.SimpleQueue[tuple[Place, Found]] = queue.SimpleQueue()
    waiting = {place.device: place for place in asked}

    def run(place: Place) -> None:
        try:
            done.put((place, ask(place)))
        except OneCardError as error:
            done.put((place, Found(place.device, SILENT, place.key, note=error.text)))

    for place in waiting.values():
        threading.Thread(target=run, args=(place,), daemon=True, name=place.device).start()
    out, deadline = [], time.monotonic() + within_s
    while waiting:
        try:
            place, found = done.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        del waiting[place.device]
        out.append(found)
    late = f"not done in {within_s:g} s"
    return out + [Found(p.device, SILENT, p.key, note=late) for p in waiting.values()]


def probe(place: Place, keystore: Keystore | None, timeout_s: float) -> Found:
    """What is at one place. Raises nothing that a stranger's device could cause."""
    if not place.is_known:
        note = f"{place.what}: may be anything; name it with --device to have it asked"
        return Found(place.device, UNASKED, place.key, note=note)
    found = Found(place.device, SILENT, place.key, note=place.what)
    try:
        with LinkClient(open_port(place.device), timeout_s) as client:
            answer = _ask_terminal(client, keystore, found)
            if answer is not None:
                return answer
            at_prompt = repl.banner(client.port, timeout_s)
        if at_prompt is not None:
            return _ask_prompt(found, *at_prompt)
        name = rom.chip(place.device)
    except PortBusy as error:
        return replace(found, kind=BUSY, note=error.hint)
    except (PortError, LinkFailed) as error:
        return replace(found, note=error.text)
    except (serial.SerialException, OSError) as error:
        return replace(found, note=f"went away: {error}")
    if name:
        return replace(found, kind=ROM, board=name.lower(), note="")
    note = "neither a terminal nor a prompt that waits nor a boot loader answers"
    return replace(found, note=f"{place.what}: {note}" if place.what else note)


def _ask_terminal(client: LinkClient, keystore: Keystore | None, blank: Found) -> Found | None:
    """A terminal's answer; None if it is none."""
    try:
        greeting = client.hello(_HELLOS)
    except Refused as error:
        return replace(blank, kind=TERMINAL, note=error.text)
    except LinkFailed:
        return None
    board, _, version = greeting.description.rpartition(" ")
    found = replace(
        blank, kind=TERMINAL, board=board, version=version, state=greeting.state, note=""
    )
    try:
        if not greeting.is_provisioned:
            return replace(found, image=client.update_status().base.hex())
        found = replace(found, terminal=greeting.terminal_id)
        if keystore is None:
            return replace(found, note="unread: needs the keystore and its passphrase")
        client.authenticate(keystore.link_key(greeting.terminal_id))
        status, update = client.status(), client.update_status()
        return replace(
            found, unread=status.unread, image=update.base.hex(), note=status.fault or update.fault
        )
    except (Refused, LinkFailed) as error:
        return replace(found, note=error.text)


def _ask_prompt(found: Found, version: str, machine: str) -> Found:
    """A MicroPython prompt's details; what its banner says if it tells no more."""
    found = replace(found, kind=BARE, board=machine, version=version, note="")
    try:
        more = repl.details(found.device)
    except repl.ReplError as error:
        return replace(found, note=error.text)
    if "firmware" in more:
        return replace(
            found,
            version=more["firmware"],
            image=more["image"],
            state="service mode",
            note="reset it, or run: onecard service --back",
        )
    return found


def _of_drive(drive: Drive) -> Found:
    board = _BOARDS.get(drive.board_id, drive.board_id)
    note = drive.model if board == "rp2040" else f"{drive.model}: no board of ours has this chip"
    return Found(str(drive.path), BOOTSEL, drive.key, board=board, note=note)
