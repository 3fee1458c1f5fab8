"""The journal: a ring of records on NOR flash that survives any power cut (ring.py)."""

from .ring import Journal, JournalError, JournalFull, WrongReceipt

__all__ = ["Journal", "JournalError", "JournalFull", "WrongReceipt"]
