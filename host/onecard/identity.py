"""Opens what a terminal sealed of a person: for the registration gateways, never for a screen."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import occrypto
from occard import social
from occard.errors import ProtocolError
from ocwire import record

from .errors import OneCardError


class IdentityError(OneCardError):
    """A sealed identity that does not open: another terminal's keys, or altered."""


@dataclass(frozen=True, repr=False)
class Holder:
    """Who showed a card. Texts as on the card; dates are 8 digits."""

    id_number: str
    card_number: str
    valid_until: str
    region: str
    name: str

    def masked(self) -> str:
        """For logs and screens."""
        return f"{social.masked_name(self.name)} {social.masked_id(self.id_number)}"


def open_identity(item: record.Record, terminal: str, key: bytes) -> Holder:
    """The Holder of an IDENTITY record. key: Keystore.identity_key. Raises IdentityError."""
    values = item.fields()
    bound = bytes.fromhex(terminal) + struct.pack(">IB", values["time_s"], values["purpose"])
    try:
        plain = occrypto.sm4_ccm_open(key, values["nonce"], bound, values["sealed"])
        id_number, card_number, valid_until, region, name = social.unpack(plain)
    except (ValueError, ProtocolError) as error:
        raise IdentityError(
            f"identity in record {item.seq} does not open", "is this that terminal's keystore?"
        ) from error
    return Holder(id_number, card_number, valid_until, region, name.decode("gbk", "replace"))
