"""SM2 on CPython, through the cffi extension: see _cffi.py."""

from occrypto._cffi_args import (
    _BYTES,
    _SIZED,
    _bytes,
    _new,
    _result,
    _room,
    _sized,
    _under,
    _unpack,
)
from occrypto._core import ffi as _ffi
from occrypto._core import lib as _lib

_DEFAULT_ID = b"1234567812345678"

_POINT_TROUBLE = {
    _lib.OC_SM2_BAD_SIZE: "{} must be 33, 64 or 65 bytes",
    _lib.OC_SM2_BAD_PREFIX: "{} has a wrong prefix",
    _lib.OC_SM2_BAD_COORDINATE: "{} coordinate must be under p",
    _lib.OC_SM2_OFF_CURVE: "{} is not on the curve",
    _lib.OC_SM2_BAD_PRIVATE: "private key must be 1 to n-2",
}


def _check(outcome, name):
    """Raises ValueError for what oc_sm2_* found wrong; passes everything else on."""
    if outcome < 0:
        raise ValueError(_POINT_TROUBLE[outcome].format(name))
    return outcome


def _private_key(key):
    key = _sized(key, 32, "private key")
    _check(_lib.oc_sm2_check_private(key), "")
    return key


def sm2_public_key(private, out=None, /):
    private = _private_key(private)
    room = _room(out, 64)
    made = _new(_SIZED[64])
    _lib.oc_sm2_public_key(private, made)
    _ffi.memmove(room, made, 64)  # out may be the key's own memory
    return _result(out, room, 64)


def sm2_point(encoded, /):
    encoded = _bytes(encoded)
    room = _new(_SIZED[64])
    _check(_lib.oc_sm2_point(encoded, len(encoded), room), "point")
    return _unpack(room, 64)


def sm2_z(public, id=_DEFAULT_ID, out=None, /):
    public = _sized(public, 64, "public key")
    id = _under(id, 8192, "id")
    room = _room(out, 32)
    _lib.oc_sm2_z(public, id, len(id), room)
    return _result(out, room, 32)


def sm2_digest(public, message, id=_DEFAULT_ID, out=None, /):
    public = _sized(public, 64, "public key")
    message = _bytes(message)
    id = _under(id, 8192, "id")
    room = _room(out, 32)
    _lib.oc_sm2_digest(public, id, len(id), message, len(message), room)
    return _result(out, room, 32)


def sm2_sign(private, digest, out=None, /):
    private = _private_key(private)
    digest = _sized(digest, 32, "digest")
    room = _room(out, 64)
    _lib.oc_sm2_sign(private, digest, room)
    return _result(out, room, 64)


def sm2_verify(public, digest, signature, /):
    public = _sized(public, 64, "public key")
    digest = _sized(digest, 32, "digest")
    signature = _sized(signature, 64, "signature")
    return _check(_lib.oc_sm2_verify(public, digest, signature), "public key") == 1


def sm2_signature(der, /):
    der = _bytes(der)
    room = _new(_SIZED[64])
    if _lib.oc_sm2_from_der(der, len(der), room):
        raise ValueError("signature must be strict DER of two integers of 1 to 32 bytes")
    return _unpack(room, 64)


def sm2_signature_der(signature, /):
    signature = _sized(signature, 64, "signature")
    room = _new(_BYTES, 72)
    return _unpack(room, _lib.oc_sm2_to_der(signature, room))
