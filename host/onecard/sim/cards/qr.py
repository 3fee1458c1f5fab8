"""Codes that stand for a card: transport-ministry QR codes and social security tokens.

The transport ministry's code as public gate software reads it (its standard, JT/T 1179 by memory,
is not free): root signs issuer, issuer signs account, user signs code, SM2 with SM3. Unconfirmed:
whether the length field counts itself, the certificate's parameter byte, and the signature's
marker byte. Signed by gmssl, not by our own core.
"""

from __future__ import annotations

import base64
import secrets
import struct
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from gmssl import func, sm2, sm3

NATIONWIDE, LOCAL = 0x80, 0x81
DEFAULT_ID = b"1234567812345678"
_CURVE = sm2.default_ecc_table
_SIGNATURE_SIZE = 65
_FIXED_SIZE = 332
_TOKEN_SIZE = 24


class Sm2Key:
    """An SM2 key pair (GB/T 32918). private: 32 bytes, a random one without."""

    def __init__(self, private: bytes | None = None) -> None:
        text = (private or secrets.token_bytes(32)).hex()
        tool = sm2.CryptSM2(private_key=text, public_key="")
        self._point: str = tool._kg(int(text, 16), _CURVE["g"])
        self._tool = sm2.CryptSM2(private_key=text, public_key=self._point)

    @property
    def public(self) -> bytes:
        """X and Y, 64 bytes."""
        return bytes.fromhex(self._point)

    @property
    def compressed(self) -> bytes:
        """02 or 03 and X, 33 bytes."""
        return bytes([2 + (self.public[-1] & 1)]) + self.public[:32]

    def sign(self, message: bytes, signer: bytes = DEFAULT_ID) -> bytes:
        """r and s, 64 bytes. signer: the ID that ZA covers."""
        curve = bytes.fromhex(_CURVE["a"] + _CURVE["b"] + _CURVE["g"]) + self.public
        z = _digest(struct.pack(">H", len(signer) * 8) + signer + curve)
        return bytes.fromhex(self._tool.sign(_digest(z + message), secrets.token_hex(32)))


def _digest(message: bytes) -> bytes:
    return bytes.fromhex(sm3.sm3_hash(func.bytes_to_list(message)))


@dataclass(frozen=True)
class TransitCode:
    """What a code says and who signs it. Times in UTC seconds, amounts in fen.

    root_index: number of the root's key. institution, platform: 4 bytes. certificate_expiry: 2
    bytes BCD, month and year. account: 10 bytes BCD. user_type: 1. free: up to 255 bytes of the
    issuer's. counts_itself: the length field counts version and itself too.
    """

    root: Sm2Key
    issuer: Sm2Key
    user: Sm2Key
    generated_s: int
    version: int = NATIONWIDE
    service: bytes = b"OCTC"
    root_index: int = 1
    institution: bytes = bytes.fromhex("03104403")
    platform: bytes = bytes.fromhex("00000001")
    certificate_expiry: bytes = bytes.fromhex("1244")
    payment_account: bytes = bytes(16)
    account: bytes = bytes.fromhex("03109990000012345678")
    user_type: int = 1
    most: int = 30_000
    account_expiry_s: int = 0xFFFFFFFF
    lifetime_s: int = 60
    free: bytes = b""
    counts_itself: bool = False
    signers: dict[str, Sm2Key] = field(default_factory=dict)

    def _sign(self, who: str, message: bytes, local_id: bytes) -> bytes:
        key = self.signers.get(who) or getattr(self, who)
        signer = local_id if self.version == LOCAL else DEFAULT_ID
        return bytes(key.sign(message, signer))

    def _certificate(self) -> bytes:
        head = b"\x24" + self.service + bytes([self.root_index])
        body = b"\x12" + self.institution + self.certificate_expiry + b"\x00\x00\x01"
        body += bytes([0x04, 0x00, 0x00, 33]) + self.issuer.compressed
        return head + body + self._sign("root", body, head[1:])

    def encode(self) -> bytes:
        """The code, 332 bytes and the free part."""
        account = self.payment_account + self.account + self.institution + self.platform
        account += bytes([self.user_type]) + self.most.to_bytes(3, "big") + self.user.compressed
        account += struct.pack(">IHB", self.account_expiry_s, self.lifetime_s, len(self.free))
        signed = self._certificate() + account + self.free
        size = _FIXED_SIZE + len(self.free) - (0 if self.counts_itself else 3)
        code = bytes([self.version]) + struct.pack(">H", size) + signed
        code += b"\x00" + self._sign("issuer", signed, self.institution + self.platform)
        code += struct.pack(">I", self.generated_s)
        return code + b"\x00" + self._sign("user", code, self.account)


def make(generated_s: int, version: int = NATIONWIDE, **fields: object) -> TransitCode:
    """A right code with fresh keys. fields: of TransitCode."""
    keys = {name: fields.pop(name, None) or Sm2Key() for name in ("root", "issuer", "user")}
    return TransitCode(generated_s=generated_s, version=version, **keys, **fields)  # type: ignore[arg-type]


def _signed_by_a_stranger(who: str) -> Callable[[TransitCode], bytes]:
    return lambda code: replace(code, signers={who: Sm2Key()}).encode()


# Each makes what a verifier has to refuse out of a right code.
FLAWS: dict[str, Callable[[TransitCode], bytes]] = {
    "root signature": _signed_by_a_stranger("root"),
    "issuer signature": _signed_by_a_stranger("issuer"),
    "user signature": _signed_by_a_stranger("user"),
    "unknown root": lambda code: replace(code, root_index=code.root_index ^ 0xFF).encode(),
    "certificate expired": lambda code: replace(code, certificate_expiry=b"\x01\x01").encode(),
    "account expired": lambda code: replace(code, account_expiry_s=code.generated_s - 1).encode(),
    "run out": lambda code: replace(
        code, generated_s=code.generated_s - code.lifetime_s - 3600
    ).encode(),
    "of the future": lambda code: replace(code, generated_s=code.generated_s + 3600).encode(),
    "cut short": lambda code: code.encode()[:-1],
    "altered": lambda code: _altered(code.encode()),
}


def _altered(code: bytes) -> bytes:
    """The account's last digit is another one: no signature fits any more."""
    return code[:145] + bytes([code[145] ^ 1]) + code[146:]


def token() -> bytes:
    """An opaque token as an electronic social security card shows it: only its platform knows it.

    Its form is not published; this one is 32 characters that any scanner reads.
    """
    return base64.urlsafe_b64encode(secrets.token_bytes(_TOKEN_SIZE))
