"""Pages that show one bench: each is told how it is now, never more than it can take.

A page that is slow gets fewer states, not older ones: what waits for it is whether there is a new
one, and a bounded number of the buzzer's changes.

Messages to a page, JSON: "hello" (what does not change), "state" (all that does; the picture as
a PNG file; the log's new lines), "buzzer" (edges: [milliseconds, level]), "refused" (code, text).
From a page: {"line": …}, a command line of the desk.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from ...errors import OneCardError
from ..terminal_parts import KEYS
from ..view import Snapshot, View
from ..worker import Worker

MOST_PAGES = 16
_MOST_EDGES = 64
_TOO_MANY = 1013  # RFC 6455, try again later


class _Page:
    """One open page. seen: number of the last state, logged: of the last line of the log."""

    def __init__(self) -> None:
        self.wake = asyncio.Event()
        self.edges: deque[tuple[float, int]] = deque(maxlen=_MOST_EDGES)
        self.seen = -1
        self.logged = 0


class Hub:
    """view and worker: of the bench. begin() is called once, in the server's event loop."""

    def __init__(self, view: View, worker: Worker) -> None:
        self._view, self._worker = view, worker
        self._pages: set[_Page] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self) -> None:
        """Listen to the bench from now on."""
        self._loop = asyncio.get_running_loop()
        self._view.on_change.append(self._changed)
        self._view.on_buzzer.append(self._beeped)

    def end(self) -> None:
        """Listen no more."""
        self._loop = None
        self._view.on_change.remove(self._changed)
        self._view.on_buzzer.remove(self._beeped)

    # -- from the bench's threads --------------------------------------------------------------

    def _changed(self) -> None:
        if (loop := self._loop) is not None:
            loop.call_soon_threadsafe(self._wake)

    def _beeped(self, edges: list[tuple[float, int]]) -> None:
        if (loop := self._loop) is not None:
            loop.call_soon_threadsafe(self._wake, edges)

    # -- in the event loop -----------------------------------------------------------------------

    def _wake(self, edges: Iterable[tuple[float, int]] = ()) -> None:
        for page in self._pages:
            page.edges.extend(edges)
            page.wake.set()

    async def serve(self, socket: WebSocket) -> None:
        """One page, until it is closed."""
        await socket.accept()
        if len(self._pages) >= MOST_PAGES:
            await socket.close(_TOO_MANY, f"{MOST_PAGES} pages are open")
            return
        page = _Page()
        self._pages.add(page)
        page.wake.set()
        sender = asyncio.create_task(self._tell(socket, page))
        try:
            await socket.send_json(self._hello())
            async for text in socket.iter_text():
                await self._take(socket, text)
        except WebSocketDisconnect:
            pass
        finally:
            self._pages.discard(page)
            sender.cancel()

    async def _take(self, socket: WebSocket, text: str) -> None:
        try:
            line = json.loads(text)["line"]
            if not isinstance(line, str) or "\n" in line:
                raise ValueError
        except (ValueError, KeyError, TypeError):
            await _refuse(socket, "bad_message", 'a message is {"line": "one command line"}')
            return
        try:
            self._worker.submit(line)
        except OneCardError as error:
            await _refuse(socket, "busy", error.text)

    async def _tell(self, socket: WebSocket, page: _Page) -> None:
        try:
            while True:
                await page.wake.wait()
                page.wake.clear()
                if page.edges:
                    edges = list(page.edges)
                    page.edges.clear()
                    await socket.send_json({"type": "buzzer", "edges": edges})
                seen = self._view.snapshot()
                if seen.number != page.seen:
                    page.seen = seen.number
                    await socket.send_json(_state(seen, page))
        except (WebSocketDisconnect, RuntimeError):
            pass  # it was closed while it was being told

    def _hello(self) -> dict[str, Any]:
        return {
            "type": "hello",
            "about": asdict(self._view.about),
            "codes": self._view.codes,
            "keys": KEYS,
        }


def _state(seen: Snapshot, page: _Page) -> dict[str, Any]:
    log = [line for line in seen.log if line["number"] > page.logged]
    if log:
        page.logged = log[-1]["number"]
    return {
        "type": "state",
        "number": seen.number,
        "on": seen.is_on,
        "plugged": seen.is_plugged,
        "host": seen.is_host_there,
        "picture": base64.b64encode(seen.picture.png).decode(),
        "text": seen.text,
        "cards": [asdict(card) for card in seen.cards],
        "log": log,
    }


async def _refuse(socket: WebSocket, code: str, text: str) -> None:
    await socket.send_json({"type": "refused", "code": code, "text": text})
