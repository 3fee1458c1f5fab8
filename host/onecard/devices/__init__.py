"""What is plugged in: found without harm, told in one form."""

from .found import BARE, BOOTSEL, BUSY, ROM, SILENT, TERMINAL, UNASKED, Found
from .places import Place, Search, places
from .scan import scan

__all__ = [
    "BARE",
    "BOOTSEL",
    "BUSY",
    "ROM",
    "SILENT",
    "TERMINAL",
    "UNASKED",
    "Found",
    "Place",
    "Search",
    "places",
    "scan",
]
