"""Provisioning: what makes a terminal this merchant's terminal."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from ocwire import settings as rules

from .errors import OneCardError
from .keystore import Keystore
from .lent import with_glyphs
from .link import LinkClient
from .settings import Settings

NEW, CHANGED, UNCHANGED = "new", "provisioned again", "unchanged"
_CLOCK_TOLERANCE_S = 2


def provision(
    client: LinkClient,
    keystore: Keystore,
    terminal_id: str,
    settings: Settings,
    hotlist: list[bytes],
) -> str:
    """Keys, configuration, clock and hotlist onto one terminal; returns what it was: "new" or
    "provisioned again". Safe to repeat. Raises OneCardError."""
    greeting = client.log_in(keystore.link_key)
    client.provision(keystore.provision_fields(terminal_id), with_glyphs(settings.wire))
    client.log_in(keystore.link_key)
    client.set_time(int(time.time()))
    client.hotlist(0, int(time.time()), hotlist, [])
    if client.read_config()["merchant"] != settings.values["merchant"]:
        raise OneCardError("the terminal did not keep its configuration", "run the command again")
    return CHANGED if greeting.is_provisioned else NEW


def bring(
    client: LinkClient,
    keystore: Keystore,
    terminal_id: str,
    settings: Settings,
    hotlist: Sequence[bytes] | None,
    hotlist_version: int,
) -> str:
    """As provision(), but only what differs is written: "unchanged" if nothing did.

    hotlist: None leaves a terminal's own. hotlist_version: the terminal has it already if it says
    so. Raises OneCardError, and also if the terminal holds unread records of another number.
    """
    greeting = client.log_in(keystore.link_key)
    was, records = NEW, 0
    if greeting.is_provisioned:
        is_same = greeting.terminal_id == terminal_id and _are(client.read_config(), settings)
        was, records = UNCHANGED if is_same else CHANGED, client.status().next_seq
    if was != UNCHANGED or settings.values["operators"]:  # a PIN that changed cannot be read back
        client.provision(keystore.provision_fields(terminal_id), with_glyphs(settings.wire))
        client.log_in(keystore.link_key)
        if was == UNCHANGED and client.status().next_seq != records:
            was = CHANGED  # it has written that down
        if not _are(client.read_config(), settings):
            raise OneCardError(
                f"terminal {terminal_id} did not keep its configuration", "run the command again"
            )
    status, now_s = client.status(), int(time.time())
    if abs(status.time_s - now_s) > _CLOCK_TOLERANCE_S:
        client.set_time(now_s)
    if hotlist is None and not status.hotlist_version:
        client.hotlist(0, now_s, [], [])
    elif hotlist is not None and status.hotlist_version != hotlist_version:
        client.hotlist(0, hotlist_version, list(hotlist), [])
        was = CHANGED if was == UNCHANGED else was
    return was


def _are(read: dict[str, Any], settings: Settings) -> bool:
    """True if a terminal's configuration says what these settings do; its PINs are masked."""
    return read == rules.hidden(settings.values)
