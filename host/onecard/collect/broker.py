"""A connection to an MQTT broker, for both ends: paho-mqtt's client in its own thread."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from . import tls
from .address import PASSWORD, Broker, BrokerError

_KEEP_ALIVE_S = 60
_READY_S = 20.0
_ALERT = re.compile(r"\[SSL: (\w*ALERT\w*)\]")


class _Told:
    """What a client's thread says of its connection. tell: for what comes after the beginning;
    the same thing again is said once."""

    def __init__(self, broker: Broker, tell: Callable[[str], None]) -> None:
        self._broker, self._tell = broker, tell
        self._last = self._alert = ""
        self._is_refused = False
        self._has_begun = threading.Event()
        self._error: BrokerError | None = None

    def wait(self) -> BrokerError | None:
        """Until the broker has taken us in, None, or has not."""
        if not self._has_begun.wait(_READY_S):
            return BrokerError(f"{self._broker}: no answer in {_READY_S:g} s", "is it a broker?")
        return self._error

    def ready(self) -> None:
        """Subscribed."""
        self._last, self._is_refused = "", False
        self._has_begun.set()

    def failed(self, error: BrokerError) -> None:
        """In the beginning that is the end; later it is told, and tried again."""
        self._is_refused = True
        if not self._has_begun.is_set():
            self._error = error
            self._has_begun.set()
        elif self._error is None and error.text != self._last:
            self._last = error.text
            self._tell(f"{error.text}; trying again")

    def left(self, reason: Any) -> None:
        """The connection ended and it was not us."""
        alert, self._alert = self._alert, ""
        if self._is_refused:
            self._is_refused = False  # and told
        elif alert:
            self.failed(tls.refused(self._broker, alert))
        elif self._has_begun.is_set():
            self.failed(BrokerError(f"{self._broker} is gone: {reason}"))
        else:
            self.failed(tls.hung_up(self._broker))

    def log(self, client: Any, data: Any, level: int, text: str) -> None:
        """paho tells an alert that comes behind the handshake nowhere else."""
        if found := _ALERT.search(text):
            self._alert = found[1]


def open_client(
    broker: Broker,
    on_message: Callable[[Any], None],
    topics: Sequence[str],
    at_once: int,
    most_packet: int,
    tell: Callable[[str], None] = lambda text: None,
) -> Any:
    """A paho client that is connected, keeps itself so, and has subscribed to the topics.

    The user's password comes from ONECARD_BROKER_PASSWORD. topics: one at least. at_once:
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
    if broker.user:
        client.username_pw_set(broker.user, os.environ.get(PASSWORD))
    if broker.is_tls:
        client.tls_set_context(tls.context(broker))
    wanted = [(topic, paho.SubscribeOptions(qos=1)) for topic in topics]
    told = _Told(broker, tell)
    _listen(client, told, broker, wanted)
    client.on_message = lambda client, data, message: on_message(message)
    client.reconnect_delay_set(1, 30)
    limits = Properties(PacketTypes.CONNECT)
    limits.ReceiveMaximum, limits.MaximumPacketSize = at_once, most_packet
    try:
        client.connect(
            broker.host, broker.port, _KEEP_ALIVE_S, clean_start=True, properties=limits
        )
    except (OSError, ValueError) as error:
        raise tls.told(error, broker) from error
    client.loop_start()
    if refusal := told.wait():
        close(client)
        raise refusal
    return client


def _listen(client: Any, told: _Told, broker: Broker, wanted: list[Any]) -> None:
    """Have the client subscribe whenever it is connected, and tell how it fares."""

    def connected(client: Any, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        if not reason.is_failure:
            client.subscribe(wanted)
        else:
            told.failed(_not_taken(broker, reason))

    def subscribed(client: Any, data: Any, number: Any, reasons: Any, properties: Any) -> None:
        if refusals := [reason for reason in reasons if reason.is_failure]:
            text = f"{broker} does not let us subscribe: {refusals[0]}"
            told.failed(BrokerError(text, f"what may {broker.user or 'a user without name'} do?"))
        else:
            told.ready()

    def left(client: Any, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            told.left(reason)

    def not_connected(client: Any, data: Any) -> None:
        error = sys.exception() or OSError("no connection")  # paho calls this while it handles it
        told.failed(tls.told(error, broker))

    client.on_connect, client.on_disconnect, client.on_subscribe = connected, left, subscribed
    client.on_connect_fail, client.on_log = not_connected, told.log


def _not_taken(broker: Broker, reason: Any) -> BrokerError:
    if broker.user:
        text, hint = f"{broker} refuses user {broker.user}: {reason}", f"is {PASSWORD} right?"
    else:
        text, hint = f"{broker} refuses us: {reason}", f"USER@ in its URL, and {PASSWORD}"
    return BrokerError(text, hint)


def close(client: Any) -> None:
    """Leave the broker."""
    client.disconnect()
    client.loop_stop()
