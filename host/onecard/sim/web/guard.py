"""Who may talk to the page's server: pages that it served itself, to a browser on this machine.

The socket listens on loopback only, yet any page that such a browser has open can send to it. A
page under another name that was made to point here (DNS rebinding) is told by its Host header,
one that opens a WebSocket across origins by its Origin header, which browsers always send.
"""

from __future__ import annotations

from collections.abc import Iterable

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from ...errors import OneCardError

LOOPBACK = "127.0.0.1"
_NAMES = (LOOPBACK, "localhost", "[::1]")
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}


class ForeignPage(OneCardError):
    """A request that no page of this server makes. code: "foreign_host" or "foreign_origin"."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text, "open the page by the address that onecard sim --web prints")
        self.code = code


def check(headers: Iterable[tuple[bytes, bytes]], port: int, is_socket: bool) -> None:
    """Raises ForeignPage. headers: of a request, names in lower case.

    is_socket: of a WebSocket, which must say its origin; elsewhere it must be right if it is said.
    """
    hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
    origins = [value.decode("latin-1") for name, value in headers if name == b"origin"]
    own = [f"{name}:{port}" for name in _NAMES]
    if len(hosts) != 1 or hosts[0].lower() not in own:
        raise ForeignPage("foreign_host", "the Host header names another server")
    is_wrong = any(origin.lower() not in [f"http://{host}" for host in own] for origin in origins)
    if is_wrong or (is_socket and len(origins) != 1):
        raise ForeignPage("foreign_origin", "the request comes from another page")


class Guard:
    """An ASGI application around `app`: refuses foreign requests with 403, adds HEADERS.

    port: the one that is listened on.
    """

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app, self._port = app, port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        is_socket = scope["type"] == "websocket"
        try:
            check(scope["headers"], self._port, is_socket)
        except ForeignPage as error:
            refusal = JSONResponse({"error": error.code, "text": error.text}, 403, HEADERS)
            if is_socket:
                await WebSocket(scope, receive, send).send_denial_response(refusal)
            else:
                await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send if is_socket else _with_headers(send))


def _with_headers(send: Send) -> Send:
    extra = [(name.encode(), value.encode()) for name, value in HEADERS.items()]

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name for name, _ in extra}
            kept = [pair for pair in message["headers"] if pair[0].lower() not in own]
            message = {**message, "headers": kept + extra}
        await send(message)

    return sending
