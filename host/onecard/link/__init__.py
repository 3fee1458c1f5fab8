"""The host's side of the link: client.py speaks, port.py opens what it speaks over."""

from .client import LinkClient
from .port import PortBusy, PortError, open_port
from .replies import Greeting, LinkFailed, Refused, Status, UpdateStatus

__all__ = [
    "Greeting",
    "LinkClient",
    "LinkFailed",
    "PortBusy",
    "PortError",
    "Refused",
    "Status",
    "UpdateStatus",
    "open_port",
]
