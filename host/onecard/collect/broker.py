"""A connection to an MQTT broker, for both ends: paho-mqtt's client in its own thread."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import OneCardError

USER, PASSWORD = "ONECARD_MQTT_USER", "ONECARD_MQTT_PASSWORD"
_KEEP_ALIVE_S = 60
_READY_S = 20.0


class BrokerError(OneCardError):
    """A broker that is not there, or takes nobody in."""


def open_client(
    address: tuple[str, int],
    on_message: Callable[[Any], None],
    topics: Sequence[str],
    at_once: int,
    most_packet: int,
    tell: Callable[[str], None] = lambda text: None,
) -> Any:
    """A paho client that is connected, keeps itself so, and has subscribed to the topics.

    Name and password come from ONECARD_MQTT_USER and _PASSWORD. topics: one at least. at_once:
    messages that may be unanswered: answer each by client.ack(mid, qos). Bigger ones than
    most_packet do not come. on_message runs in the client's thread. Raises BrokerError.
    """
    try:
        from paho.mqtt import client as paho
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties
    except ImportError as error:
        raise BrokerError("MQTT needs paho-mqtt", "pip install 'onecard[collect]'") from error
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5, manual_ack=True)
    if os.environ.get(USER):
        client.username_pw_set(os.environ[USER], os.environ.get(PASSWORD))

    is_ready, refusals = threading.Event(), list[str]()

    def subscribed(client: Any, data: Any, number: Any, reasons: Any, properties: Any) -> None:
        refusals.extend(str(reason) for reason in reasons if reason.is_failure)
        is_ready.set()

    def connected(client: Any, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            refusals.append(str(reason))
            is_ready.set()
            tell(f"the broker refuses: {reason}")
        else:
            client.subscribe([(topic, paho.SubscribeOptions(qos=1)) for topic in topics])

    def left(client: Any, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            tell(f"the broker is gone: {reason}; trying again")

    client.on_connect, client.on_disconnect = connected, left
    client.on_subscribe = subscribed
    client.on_message = lambda client, data, message: on_message(message)
    client.reconnect_delay_set(1, 30)
    wanted = Properties(PacketTypes.CONNECT)
    wanted.ReceiveMaximum, wanted.MaximumPacketSize = at_once, most_packet
    where = f"{address[0]}:{address[1]}"
    try:
        client.connect(*address, _KEEP_ALIVE_S, clean_start=True, properties=wanted)
    except (OSError, ValueError) as error:
        raise BrokerError(f"no broker at {where}: {error}", "is it running?") from error
    client.loop_start()
    if not is_ready.wait(_READY_S) or refusals:
        close(client)
        why = refusals[0] if refusals else f"no answer in {_READY_S:g} s"
        raise BrokerError(f"the broker at {where} refuses: {why}", f"see {USER} and {PASSWORD}")
    return client


def close(client: Any) -> None:
    """Leave the broker."""
    client.disconnect()
    client.loop_stop()
