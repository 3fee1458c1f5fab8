"""Lists of cards for terminals: who booked a meal, who is paid what. ocwire/cardlist.py."""

from __future__ import annotations

from collections.abc import Mapping

import occrypto
from ocwire import cardlist
from ocwire.fingerprint import fingerprint

from .bundle import SigningKey
from .errors import OneCardError


def build(
    name: str, numbers: Mapping[bytes, int], key: SigningKey, version: int, expires_s: int = 0
) -> bytes:
    """A signed list. numbers: by 10-byte application serial, fen of a pay-out or 0.

    name: up to 16 bytes of UTF-8. version: UTC second in which it was made. Raises OneCardError.
    """
    if not 0 < len(numbers) <= cardlist.MOST_ENTRIES:
        raise OneCardError(
            f"a list has 1 to {cardlist.MOST_ENTRIES} cards, not {len(numbers)}",
            "give each terminal its own part",
        )
    if len(name.encode()) > 16:
        raise OneCardError(f"the name {name} is longer than 16 bytes")
    marks = {fingerprint(serial): number for serial, number in numbers.items()}
    if len(marks) < len(numbers):
        raise OneCardError("two of these cards cannot be told apart: put one on another list")
    entries = b"".join(mark + number.to_bytes(4, "big") for mark, number in sorted(marks.items()))
    header = cardlist.Header(name, version, expires_s, len(numbers), occrypto.sm3(entries))
    digest = occrypto.sm2_digest(occrypto.sm2_public_key(key.private), header.signed_part())
    header.signature = occrypto.sm2_sign(key.private, digest)
    return header.pack() + entries
