"""SM2 of both backends against gmssl, the openssl command and an RFC 6979 of its own."""

import hashlib
import hmac
import shutil
import subprocess

import pytest
from gmssl import sm2 as gmssl_sm2
from hypothesis import given
from hypothesis import strategies as st
from occrypto import _reference_sm2
from test_occrypto import PRIVATE, N, backends, exactly, few

OPENSSL = shutil.which("openssl")
P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
P256_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# SubjectPublicKeyInfo and PKCS #8 up to the key itself: id-ecPublicKey, sm2p256v1
SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")
PKCS8 = bytes.fromhex("308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420")


def rfc6979(private, digest, order, name):
    """The first k of RFC 6979 3.2 for orders of 256 bits, with HMAC over the hash `name`."""
    seed = private + (int.from_bytes(digest, "big") % order).to_bytes(32, "big")
    key, v = bytes(32), b"\x01" * 32
    key = hmac.digest(key, v + b"\x00" + seed, name)
    v = hmac.digest(key, v, name)
    key = hmac.digest(key, v + b"\x01" + seed, name)
    v = hmac.digest(key, v, name)
    while True:
        v = hmac.digest(key, v, name)
        if 1 <= int.from_bytes(v, "big") < order:
            return v
        key = hmac.digest(key, v + b"\x00", name)
        v = hmac.digest(key, v, name)


def gmssl(public, private=bytes(32)):
    return gmssl_sm2.CryptSM2(private_key=private.hex(), public_key=public.hex())


def openssl(folder, *words, **files):
    """Run `openssl pkeyutl` on files of these contents; the exit code is 0 for yes."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    command = [OPENSSL, "pkeyutl", "-keyform", "DER", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def openssl_verifies(folder, public, digest, der):
    words = "-verify -pubin -inkey key -in digest -sigfile sig".split()
    return openssl(folder, *words, key=SPKI + public, digest=digest, sig=der)


@pytest.fixture
def peer(tmp_path):
    if not OPENSSL:
        pytest.skip("no openssl command")
    return tmp_path


def test_the_peers_nonces_are_rfc_6979s_own():
    """RFC 6979 A.2.5: P-256, SHA-256, "sample" and "test"."""
    private = bytes.fromhex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
    for message, k in (
        (b"sample", "a6e3c57dd01abe90086538398355dd4c3b17aa873382b0f24d6129493d8aad60"),
        (b"test", "d16b6ae827f17175e040871a1c7ec3500192c4c92677336ec2537acaee0008e0"),
    ):
        digest = hashlib.sha256(message).digest()
        assert rfc6979(private, digest, P256_N, "sha256").hex() == k


@backends
def test_a_signature_is_gmssls_with_the_nonce_of_rfc_6979(crypto):
    @few
    @given(PRIVATE, exactly(32))
    def same(private, digest):
        public = crypto.sm2_public_key(private)
        k = rfc6979(private, digest, N, "sm3").hex()
        signature = crypto.sm2_sign(private, digest)
        assert signature.hex() == gmssl(public, private).sign(digest, k)
        assert crypto.sm2_sign(private, digest) == signature
        assert crypto.sm2_verify(public, digest, signature) is True

    same()


@backends
def test_gmssl_takes_ours_and_we_take_gmssls_and_neither_a_corrupted_one(crypto):
    @few
    @given(PRIVATE, exactly(32), st.integers(1, N - 1), st.integers(0, 511))
    def cross(private, digest, k, bit):
        public = crypto.sm2_public_key(private)
        peer = gmssl(public, private)
        theirs = bytes.fromhex(peer.sign(digest, f"{k:064x}"))
        assert crypto.sm2_verify(public, digest, theirs)
        ours = crypto.sm2_sign(private, digest)
        assert peer.verify(ours.hex(), digest)
        bad = bytearray(ours)
        bad[bit // 8] ^= 1 << bit % 8
        assert crypto.sm2_verify(public, digest, bad) is False
        assert not peer.verify(bad.hex(), digest)
        other = bytearray(digest)
        other[bit // 16] ^= 1 << bit % 8
        assert crypto.sm2_verify(public, other, ours) is False
        assert not peer.verify(ours.hex(), bytes(other))

    cross()


@backends
def test_openssl_takes_ours_and_we_take_openssls(crypto, peer):
    for i in range(4):
        private = hashlib.sha256(b"key %d" % i).digest()
        digest = hashlib.sha256(b"digest %d" % i).digest()
        public = crypto.sm2_public_key(private)
        der = crypto.sm2_signature_der(crypto.sm2_sign(private, digest))
        assert openssl_verifies(peer, public, digest, der)
        assert not openssl_verifies(peer, public, digest[::-1], der)
        key = PKCS8 + private + bytes.fromhex("a14403420004") + public
        words = "-sign -inkey key -in digest -out sig".split()
        assert openssl(peer, *words, key=key, digest=digest)
        theirs = crypto.sm2_signature((peer / "sig").read_bytes())
        assert crypto.sm2_verify(public, digest, theirs)
        assert not crypto.sm2_verify(public, digest[::-1], theirs)


@backends
def test_openssl_hashes_the_id_as_we_do(crypto, peer):
    """With -rawin and distid it makes Z and the digest of the message itself."""
    private, message = hashlib.sha256(b"key").digest(), b"message digest"
    public = crypto.sm2_public_key(private)
    for identity in (b"1234567812345678", b"ALICE123@YAHOO.COM", b"x" * 100):
        digest = crypto.sm2_digest(public, message, identity)
        der = crypto.sm2_signature_der(crypto.sm2_sign(private, digest))
        words = "-verify -pubin -inkey key -in text -sigfile sig -rawin -digest sm3".split()
        words += ["-pkeyopt", "distid:" + identity.decode()]
        assert openssl(peer, *words, key=SPKI + public, text=message, sig=der)


@backends
def test_points_survive_packing_in_every_form(crypto):
    @few
    @given(PRIVATE)
    def survive(private):
        public = crypto.sm2_public_key(private)
        packed = bytes([2 + (public[63] & 1)]) + public[:32]
        assert crypto.sm2_point(packed) == crypto.sm2_point(b"\x04" + public) == public
        assert crypto.sm2_point(bytearray(public)) == public
        turned = crypto.sm2_point(bytes([packed[0] ^ 1]) + packed[1:])
        y = int.from_bytes(public[32:], "big") + int.from_bytes(turned[32:], "big")
        assert turned[:32] == public[:32] and y == P

    survive()


@backends
def test_half_of_all_x_are_no_point(crypto):
    taken = 0
    for i in range(100):
        encoded = b"\x02" + hashlib.sha256(b"x %d" % i).digest()
        try:
            taken += len(crypto.sm2_point(encoded)) == 64
        except ValueError as error:
            assert str(error) == "point is not on the curve"
    assert 30 < taken < 70


@backends
def test_der_survives_both_ways_and_any_altered_head_is_refused(crypto):
    sizes = st.integers(0, 256).flatmap(lambda bits: st.integers(0, (1 << bits) - 1))

    @few
    @given(sizes, sizes, st.integers(0, 255))
    def survive(r, s, byte):
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        der = crypto.sm2_signature_der(signature)
        assert crypto.sm2_signature(der) == signature
        for index in (0, 1, 2, 3):
            other = der[:index] + bytes([byte]) + der[index + 1 :]
            if other != der:
                with pytest.raises(ValueError, match="strict DER"):
                    crypto.sm2_signature(other)

    survive()


@backends
def test_hostile_der_is_refused_or_is_the_one_encoding(crypto):
    @few
    @given(st.binary(max_size=80), st.binary(max_size=34), st.binary(max_size=34))
    def refused(noise, r, s):
        body = bytes([2, len(r)]) + r + bytes([2, len(s)]) + s
        for der in (noise, b"\x30" + noise, bytes([0x30, len(body)]) + body):
            try:
                signature = crypto.sm2_signature(der)
            except ValueError:
                continue
            assert crypto.sm2_signature_der(signature) == der

    refused()


def test_the_twin_draws_another_nonce_where_the_standard_says_so():
    """GB/T 32918.2 6.1 A5 and A6: cases no digest leads to, made backwards."""
    sign_with, d, k = _reference_sm2._sign_with, 0x1234567, 0x7654321
    x1 = int.from_bytes(_reference_sm2.sm2_public_key(k.to_bytes(32, "big"))[:32], "big")
    assert len(sign_with(d, 0, k)) == 64
    assert sign_with(d, 0, 0) is None and sign_with(d, 0, N) is None
    assert sign_with(d, -x1 % N, k) is None  # r = 0
    assert sign_with(d, (N - k - x1) % N, k) is None  # r + k = n
    assert sign_with(d, (k * pow(d, -1, N) - x1) % N, k) is None  # s = 0


def test_the_twins_nonces_go_on_as_rfc_6979_does():
    private, digest = (5).to_bytes(32, "big"), bytes(32)
    nonces = _reference_sm2._nonces(5, digest)
    assert next(nonces).to_bytes(32, "big") == rfc6979(private, digest, N, "sm3")
    assert len({next(nonces) for _ in range(20)}) == 20
