"""Serves a bench as a page on loopback, until the process is told to end."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.responses import FileResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from ...errors import OneCardError
from ..view import View
from ..worker import Worker
from .guard import LOOPBACK, Guard
from .hub import Hub

STATIC = Path(__file__).parent / "static"
_MOST_MESSAGE = 4096  # bytes from a page
_BACKLOG = 16
_END_S = 2


class PortTaken(OneCardError):
    """Something listens on that port already, or it may not be used."""


def listen(port: int) -> socket.socket:
    """A socket on loopback. port: 0 for any. Raises PortTaken."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((LOOPBACK, port))
    except OSError as error:
        made.close()
        raise PortTaken(
            f"port {port}: {error.strerror}", "choose another one: --port N"
        ) from error
    made.listen(_BACKLOG)
    return made


def application(view: View, worker: Worker, port: int) -> Guard:
    """The ASGI application. port: the one that it is served on."""
    hub = Hub(view, worker)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        hub.begin()
        try:
            yield
        finally:
            hub.end()

    async def page(_: object) -> FileResponse:
        return FileResponse(STATIC / "index.html")

    routes = [
        Route("/", page),
        WebSocketRoute("/bench", hub.serve),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return Guard(Starlette(routes=routes, lifespan=lifespan), port)


def server(view: View, worker: Worker, port: int) -> uvicorn.Server:
    """What serves it: run(sockets=[…]) with a socket of listen(port)."""
    config = uvicorn.Config(
        application(view, worker, port),
        log_level="warning",
        lifespan="on",
        ws_max_size=_MOST_MESSAGE,
        server_header=False,
        timeout_graceful_shutdown=_END_S,
    )
    return uvicorn.Server(config)


def serve(
    view: View, worker: Worker, listening: socket.socket, on_ready: Callable[[str], None]
) -> None:
    """Serve it on a socket of listen(). on_ready: called with the page's address, to be opened."""
    number = listening.getsockname()[1]
    on_ready(f"http://{LOOPBACK}:{number}/")
    server(view, worker, number).run(sockets=[listening])
