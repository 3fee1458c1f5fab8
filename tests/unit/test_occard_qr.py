"""Transit codes signed by gmssl, not by our own core; every flaw is refused with its reason."""

import random
import struct

import pytest
from gmssl import func, sm2, sm3
from occard.qr import Code, CodeError, Codes, TokenDecoder, TransitDecoder

NOW_S = 1767225600
DEFAULT_ID = b"1234567812345678"
CURVE = sm2.default_ecc_table


class Signer:
    """A key pair of gmssl's; signs with any identity."""

    def __init__(self, seed):
        self.private = random.Random(seed).randbytes(32).hex()
        tool = sm2.CryptSM2(private_key=self.private, public_key="")
        self.public = tool._kg(int(self.private, 16), CURVE["g"])
        self._tool = sm2.CryptSM2(private_key=self.private, public_key=self.public)

    @property
    def compressed(self):
        x, y = self.public[:64], self.public[64:]
        return bytes([2 + int(y, 16) % 2]) + bytes.fromhex(x)

    def sign(self, message, signer=DEFAULT_ID):
        text = struct.pack(">H", len(signer) * 8) + signer
        text += bytes.fromhex(CURVE["a"] + CURVE["b"] + CURVE["g"] + self.public)
        z = bytes.fromhex(sm3.sm3_hash(func.bytes_to_list(text)))
        e = bytes.fromhex(sm3.sm3_hash(func.bytes_to_list(z + message)))
        k = random.Random(message).randbytes(32).hex()
        return bytes.fromhex(self._tool.sign(e, k))


ROOT, ISSUER, USER, STRANGER = (Signer(n) for n in range(4))
ACCOUNT = bytes.fromhex("03104403000000012345")


def code(version=0x80, root=ROOT, issuer=ISSUER, user=USER, flaw=None, **changed):
    """A whole code; `flaw` flips a byte at that offset after signing."""
    values = dict(
        expiry=bytes.fromhex("1228"), account_expiry_s=NOW_S + 1000, lifetime_s=60,
        generated_s=NOW_S, most=2000, free=b"free", size=None,
    ) | changed  # fmt: skip
    is_local = version == 0x81
    head = bytes.fromhex("24") + b"TEST" + b"\x01"
    body = b"\x12" + b"ISSU" + values["expiry"] + b"\x00\x00\x01" + b"\x04\x00\x00\x21"
    body += issuer.compressed
    certificate = head + body + root.sign(body, head[1:6] if is_local else DEFAULT_ID)
    assert len(certificate) == 117
    account = bytes(16) + ACCOUNT + b"ISSU" + b"PLAT" + b"\x01"
    account += values["most"].to_bytes(3, "big") + user.compressed
    account += struct.pack(">IHB", values["account_expiry_s"], values["lifetime_s"],
                           len(values["free"])) + values["free"]  # fmt: skip
    signed = certificate + account
    issuer_id = b"ISSUPLAT" if is_local else DEFAULT_ID
    total = 332 + len(values["free"])
    size = total - 3 if values["size"] is None else values["size"]
    raw = bytes([version]) + struct.pack(">H", size) + signed
    raw += b"\x00" + ISSUER.sign(signed, issuer_id) if issuer is ISSUER else b"\x00" + bytes(64)
    raw += struct.pack(">I", values["generated_s"])
    raw += b"\x00" + user.sign(raw, ACCOUNT if is_local else DEFAULT_ID)
    assert len(raw) == total
    if flaw is not None:
        flaw %= total
        raw = raw[:flaw] + bytes([raw[flaw] ^ 1]) + raw[flaw + 1 :]
    return raw


def codes(**options):
    return Codes([TransitDecoder({1: bytes.fromhex(ROOT.public)}), TokenDecoder()], **options)


@pytest.mark.parametrize("version", [0x80, 0x81])
@pytest.mark.parametrize("size", [None, 336])
def test_a_code_of_either_kind_and_either_reading_of_its_length_is_proved(version, size):
    found = codes().take(code(version, size=size), NOW_S + 10, 200)
    assert isinstance(found, Code) and found.is_proved and found.account == ACCOUNT
    assert (found.lifetime_s, found.most, found.kind) == (60, 2000, "transit")


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (dict(root=STRANGER), "root signature"),
        (dict(issuer=STRANGER), "issuer signature"),
        (dict(flaw=10), "root signature"),
        (dict(flaw=140), "issuer signature"),
        (dict(flaw=-1), "user signature"),
        (dict(flaw=8), "root key 0"),
        (dict(size=7), "says it has 7 bytes"),
    ],
)
def test_what_is_not_genuine_is_refused_with_the_link_that_broke(made, text):
    with pytest.raises(CodeError, match=text) as caught:
        codes().take(code(**made), NOW_S + 1)
    assert not caught.value.is_stale


@pytest.mark.parametrize(
    ("made", "later_s", "text"),
    [
        (dict(), 91, "run out"),
        (dict(generated_s=NOW_S + 31, account_expiry_s=NOW_S + 99), 0, "future"),
        (dict(account_expiry_s=NOW_S - 1), 1, "no longer valid"),
        (dict(expiry=bytes.fromhex("1225")), 1, "certificate has expired"),
    ],
)
def test_a_code_out_of_its_time_is_stale(made, later_s, text):
    with pytest.raises(CodeError, match=text) as caught:
        codes().take(code(**made), NOW_S + later_s)
    assert caught.value.is_stale


@pytest.mark.parametrize("expiry", ["0126", "2601", "1228", "2812"])
def test_a_certificate_is_good_through_its_month_in_either_reading(expiry):
    assert codes().take(code(expiry=bytes.fromhex(expiry)), NOW_S + 1).is_proved


def test_a_code_is_taken_once_and_a_new_one_of_the_account_again():
    gate = codes()
    gate.take(code(), NOW_S + 1)
    with pytest.raises(CodeError, match="already"):
        gate.take(code(), NOW_S + 2)
    assert gate.take(code(generated_s=NOW_S + 5), NOW_S + 6).is_proved


def test_the_replay_list_is_bounded_and_forgets_only_what_has_run_out():
    gate = codes(seen=4)
    for n in range(4):
        gate.take(code(generated_s=NOW_S + n), NOW_S + 4)
    with pytest.raises(CodeError, match="too many"):
        gate.take(code(generated_s=NOW_S + 5), NOW_S + 5)
    assert gate.take(code(generated_s=NOW_S + 200), NOW_S + 200)


def test_codes_that_anybody_can_make_do_not_shut_out_proved_ones():
    gate = codes(seen=4)
    for n in range(4):
        gate.take(b"MADE-UP-%d" % n, NOW_S)
    with pytest.raises(CodeError, match="too many"):
        gate.take(b"MADE-UP-4", NOW_S)
    assert gate.take(code(), NOW_S + 1).is_proved


@pytest.mark.parametrize(("markers", "is_taken"), [(None, True), (b"\0", True), (b"\1\2", False)])
def test_the_byte_before_a_signature_is_a_setting(markers, is_taken):
    roots = {1: bytes.fromhex(ROOT.public)}
    gate = Codes([TransitDecoder(roots, markers=markers)])
    if is_taken:
        assert gate.take(code(), NOW_S + 1).is_proved
    else:
        with pytest.raises(CodeError, match="kind 00"):
            gate.take(code(), NOW_S + 1)


def test_the_reading_of_the_length_is_a_setting():
    roots = {1: bytes.fromhex(ROOT.public)}
    for counts_itself, size in ((True, 336), (False, 333)):
        gate = Codes([TransitDecoder(roots, counts_itself)])
        assert gate.take(code(size=size), NOW_S + 1).is_proved
        with pytest.raises(CodeError, match="says it has"):
            gate.take(code(size=336 + 333 - size), NOW_S + 1)


def test_an_amount_above_the_codes_limit_is_refused():
    with pytest.raises(CodeError, match="limit of 2000"):
        codes().take(code(), NOW_S + 1, 2001)


def test_an_opaque_token_is_known_by_its_shape_and_left_to_an_online_check():
    gate = codes()
    found = gate.take(b"0123456789ABCDEF", NOW_S)
    assert (found.kind, found.is_proved, found.most) == ("token", False, 0)
    with pytest.raises(CodeError, match="already"):
        gate.take(b"0123456789ABCDEF", NOW_S + 30)


def test_a_places_own_decoder_may_be_put_in():
    class Own:
        kind = "ours"

        def recognises(self, raw):
            return raw.startswith(b"LIB:")

        def decode(self, raw, now_s):
            return Code(self.kind, raw[4:], now_s, 10, 0, False)

    assert Codes([Own(), TokenDecoder()]).take(b"LIB:12345678", NOW_S).kind == "ours"


def test_p7_any_bytes_are_a_code_or_a_typed_error():
    seed = 8
    print("seed", seed)
    rng = random.Random(seed)
    genuine = code()
    for n in range(300):
        raw = bytearray(genuine[: rng.randrange(len(genuine) + 1)] if n % 3 else genuine)
        for _ in range(rng.randrange(1, 4)):
            if raw:
                raw[rng.randrange(len(raw))] = rng.randrange(256)
        with pytest.raises(CodeError):
            codes().take(bytes(raw), NOW_S + 1, 1)
    with pytest.raises(CodeError, match="limit 512"):
        codes().take(bytes(513), NOW_S)
