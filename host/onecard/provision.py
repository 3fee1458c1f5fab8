"""Provisioning: what makes a terminal this merchant's terminal."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

from .errors import OneCardError
from .keystore import Keystore
from .link import LinkClient


@dataclass(frozen=True)
class Settings:
    """What a canteen terminal is told. price: fen, 0 for amounts keyed in.

    update_roots: public keys (compressed, hex, with spaces) whose holders may sign its updates.
    """

    merchant: str
    price: int
    scene: str = "canteen"
    repeat_ms: int = 1500
    update_roots: str = ""


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
    client.provision(keystore.provision_fields(terminal_id), asdict(settings))
    client.hello()
    client.authenticate(keystore.link_key(terminal_id))
    client.set_time(int(time.time()))
    client.hotlist(0, int(time.time()), hotlist, [])
    if client.read_config()["merchant"] != settings.merchant:
        raise OneCardError("the terminal did not keep its configuration", "run the command again")
    return "provisioned again" if greeting.is_provisioned else "new"
