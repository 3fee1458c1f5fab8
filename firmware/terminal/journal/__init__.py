"""The journal: a ring of records on NOR flash that survives any power cut (ring.py)."""

from .errors import JournalError, JournalFull, WrongReceipt
from .ring import Journal

__all__ = ["Journal", "JournalError", "JournalFull", "WrongReceipt"]
