"""Virtual QR codes: right ones are taken by the firmware's verifier, each flaw is refused."""

import pytest
from gmssl import sm2
from occard.qr import CodeError, Codes, TokenDecoder, TransitDecoder
from onecard.sim.cards import qr

NOW_S = 1767225600
ROOT, ISSUER, USER = (qr.Sm2Key(bytes([n]) * 32) for n in (1, 2, 3))


def a_code(**fields):
    return qr.make(NOW_S, **({"root": ROOT, "issuer": ISSUER, "user": USER} | fields))


def verifier():
    return Codes([TransitDecoder({1: ROOT.public}), TokenDecoder()])


def test_the_standards_own_signature_key_is_ours():
    """GB/T 32918.5 annex A: the public point of d."""
    key = qr.Sm2Key(
        bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
    )
    assert key.compressed.hex().upper() == (
        "0309F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    )
    signature = key.sign(b"message digest")
    tool = sm2.CryptSM2(private_key="", public_key=key.public.hex())
    assert tool.verify_with_sm3(signature.hex(), b"message digest")


@pytest.mark.parametrize("version", [qr.NATIONWIDE, qr.LOCAL])
@pytest.mark.parametrize("counts_itself", [False, True])
@pytest.mark.parametrize("free", [b"", b"bus 12"])
def test_a_right_code_is_taken(version, counts_itself, free):
    code = a_code(version=version, counts_itself=counts_itself, free=free)
    raw = code.encode()
    assert len(raw) == 332 + len(free)
    found = verifier().take(raw, NOW_S + 5, 200)
    assert (found.account, found.most, found.lifetime_s) == (code.account, 30_000, 60)


@pytest.mark.parametrize("version", [qr.NATIONWIDE, qr.LOCAL])
@pytest.mark.parametrize("flaw", sorted(qr.FLAWS))
def test_each_flaw_is_refused(flaw, version):
    raw = qr.FLAWS[flaw](a_code(version=version))
    with pytest.raises(CodeError):
        verifier().take(raw, NOW_S + 5, 200)


@pytest.mark.parametrize("who", ["root", "issuer", "user"])
def test_a_strangers_signature_is_refused_where_it_stands(who):
    with pytest.raises(CodeError, match=f"{who} signature"):
        verifier().take(qr.FLAWS[f"{who} signature"](a_code()), NOW_S, 200)


def test_an_amount_above_the_codes_limit_is_refused():
    with pytest.raises(CodeError, match="limit"):
        verifier().take(a_code(most=100).encode(), NOW_S, 101)


def test_a_token_is_taken_unproved():
    found = verifier().take(qr.token(), NOW_S)
    assert found.kind == "token" and not found.is_proved
