"""The transaction engine: what happens between "a card is there" and "it is done"."""

from .engine import Engine
from .order import CompoundPurchase, Issuer, Load, NotAuthorised, Purchase, Refusal
from .ride import Place, Ride, Tariff

__all__ = [
    "CompoundPurchase",
    "Engine",
    "Issuer",
    "Load",
    "NotAuthorised",
    "Place",
    "Purchase",
    "Refusal",
    "Ride",
    "Tariff",
]
