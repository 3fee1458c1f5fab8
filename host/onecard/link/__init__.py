"""The host's side of the link: client.py speaks, port.py opens what it speaks over."""

from .client import Greeting, LinkClient, LinkFailed, Refused, Status, UpdateStatus
from .port import open_port

__all__ = [
    "Greeting",
    "LinkClient",
    "LinkFailed",
    "Refused",
    "Status",
    "UpdateStatus",
    "open_port",
]
