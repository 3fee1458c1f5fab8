"""Provisioning: what makes a terminal this merchant's terminal."""

from __future__ import annotations

import time

from .errors import OneCardError
from .keystore import Keystore
from .lent import with_glyphs
from .link import LinkClient
from .settings import Settings


def provision(
    client: LinkClient,
    keystore: Keystore,
    terminal_id: str,
    settings: Settings,
    hotlist: list[bytes],
) -> str:
    """Keys, configuration, clock and hotlist onto one terminal; returns what it was: "new" or
    "provisioned again". Safe to repeat. Raises OneCardError."""
    greeting = client.hello()
    if greeting.is_provisioned:
        client.authenticate(keystore.link_key(greeting.terminal_id))
    client.provision(keystore.provision_fields(terminal_id), with_glyphs(settings.wire))
    client.hello()
    client.authenticate(keystore.link_key(terminal_id))
    client.set_time(int(time.time()))
    client.hotlist(0, int(time.time()), hotlist, [])
    if client.read_config()["merchant"] != settings.values["merchant"]:
        raise OneCardError("the terminal did not keep its configuration", "run the command again")
    return "provisioned again" if greeting.is_provisioned else "new"
