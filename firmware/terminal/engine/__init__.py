"""The transaction engine: what happens between "a card is there" and "it is done"."""

from .engine import Engine
from .order import CompoundPurchase, Load, Purchase, Refusal

__all__ = ["CompoundPurchase", "Engine", "Load", "Purchase", "Refusal"]
