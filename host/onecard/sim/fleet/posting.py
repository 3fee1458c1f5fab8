"""How a fleet reports over an MQTT broker, some connections for all terminals, as gateways do."""

from __future__ import annotations

import asyncio
from typing import Any

from ocwire.errors import WireError

from onecard.collect import broker, post
from onecard.collect.address import Broker

from .day import Fleet
from .terminal import FleetTerminal

_RECEIPT_S = 15.0
_IN_FLIGHT = 1000


class ByMQTT:
    """at: the broker. links: connections. receipt_s: without one for so long a report is
    sent again. Made inside the loop that runs the fleet."""

    def __init__(
        self,
        fleet: Fleet,
        at: Broker,
        links: int = 20,
        receipt_s: float = _RECEIPT_S,
    ) -> None:
        self._receipt_s = receipt_s
        self._loop = asyncio.get_running_loop()
        self._by_number = {terminal.number: terminal for terminal in fleet.terminals}
        self._wakers: dict[str, asyncio.Event] = {}
        self._clients: list[Any] = []
        self._link_of: dict[str, Any] = {}
        self.bytes_up = self.bytes_down = 0
        numbers = list(self._by_number)
        for first in range(links):
            own = numbers[first::links]
            if own:
                topics = [post.down(number) for number in own]
                client = broker.open_client(at, self._come, topics, _IN_FLIGHT, post.MOST_PACKET)
                self._clients.append(client)
                self._link_of |= dict.fromkeys(own, client)

    def close(self) -> None:
        """Leave the broker."""
        for client in self._clients:
            broker.close(client)

    def _come(self, message: Any) -> None:
        """In a client's thread."""
        self._link_of[post.terminal_of(message.topic)].ack(message.mid, message.qos)
        self._loop.call_soon_threadsafe(self._take, message.topic, bytes(message.payload))

    def _take(self, topic: str, payload: bytes) -> None:
        number = post.terminal_of(topic)
        self.bytes_down += len(payload)
        try:
            self._by_number[number].take_receipt(payload)
        except WireError:
            return  # not for what it has; it reports again
        if number in self._wakers:
            self._wakers[number].set()

    async def report(self, terminal: FleetTerminal) -> str:
        """Everything that is there, a report after the other, each with its receipt."""
        number = terminal.number
        waker = self._wakers.setdefault(number, asyncio.Event())
        wanted = terminal.count
        while terminal.acked < wanted:
            before = terminal.acked
            sealed = terminal.sealed_report()
            self.bytes_up += len(sealed)
            waker.clear()
            self._link_of[number].publish(post.up(number), sealed, qos=1)
            try:
                await asyncio.wait_for(waker.wait(), self._receipt_s)
            except TimeoutError:
                return "no receipt"
            if terminal.acked == before:
                return "a receipt for less"
        return "done"
