"""A synthetic county's day: nine scenes, real signed records, every kind of fault, known truth.

What terminals, cards and thieves did is decided here, from a seed, and written down as truth; what
is written into journals follows from it. Nothing here asks the code that proves or settles.
"""

from .day import County, make_county
from .frauds import Fraud, Plan, bring, plant, tamper
from .journals import Deal, Place

__all__ = [
    "County",
    "Deal",
    "Fraud",
    "Place",
    "Plan",
    "bring",
    "make_county",
    "plant",
    "tamper",
]
