"""SM2 signatures of the pure Python twin: GB/T 32918.1, .2 and .5 with Python's integers.

Points are Jacobian triples (X, Y, Z) for the affine (X/Z^2, Y/Z^3); Z = 0 is the point at
infinity. TIME DEPENDS ON SECRETS, and on a microcontroller one signature takes seconds.
"""

from occrypto import _reference_hash as _hash
from occrypto import _reference_util as _util

# GB/T 32918.5-2017: y^2 = x^3 + ax + b over the integers modulo p; G has the order n.
_P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
_A = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC
_B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
_N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
_GX = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
_GY = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0

_ID = b"1234567812345678"  # GM/T 0009-2012 clause 10: when nothing else is agreed
_NOT_DER = "signature must be strict DER of two integers of 1 to 32 bytes"


def _double(point):
    x, y, z = point
    yy = y * y % _P
    s = 4 * x * yy % _P
    m = (3 * x * x + _A * pow(z, 4, _P)) % _P
    x3 = (m * m - 2 * s) % _P
    return x3, (m * (s - x3) - 8 * yy * yy) % _P, 2 * y * z % _P


def _add(p, q):
    if p[2] == 0:
        return q
    if q[2] == 0:
        return p
    zz1, zz2 = p[2] * p[2] % _P, q[2] * q[2] % _P
    u1, u2 = p[0] * zz2 % _P, q[0] * zz1 % _P
    s1, s2 = p[1] * zz2 * q[2] % _P, q[1] * zz1 * p[2] % _P
    h, r = (u2 - u1) % _P, (s2 - s1) % _P
    if h == 0:
        return _double(p) if r == 0 else (1, 1, 0)
    hh = h * h % _P
    v = u1 * hh % _P
    x3 = (r * r - h * hh - 2 * v) % _P
    return x3, (r * (v - x3) - s1 * h * hh) % _P, h * p[2] * q[2] % _P


def _times(k, point):
    """[k]point by double and add from the top bit; k under 2^256."""
    total = (1, 1, 0)
    for i in range(255, -1, -1):
        total = _double(total)
        if k >> i & 1:
            total = _add(total, point)
    return total


def _affine(point):
    """(x, y) of a point that is not infinity."""
    x, y, z = point
    inverse = pow(z, _P - 2, _P)
    square = inverse * inverse % _P
    return x * square % _P, y * square * inverse % _P


def _right_side(x):
    return (x * x * x + _A * x + _B) % _P


def _int(data):
    return int.from_bytes(data, "big")


def _pair(first, second):
    """Two integers as 64 bytes."""
    return first.to_bytes(32, "big") + second.to_bytes(32, "big")


def _private(private):
    d = _int(_util.sized(private, 32, "private key"))
    if not 1 <= d <= _N - 2:
        raise ValueError("private key must be 1 to n-2")
    return d


def _on_curve(data, name):
    """(x, y) of 64 bytes X|Y; ValueError unless it is a point of the curve."""
    x, y = _int(data[:32]), _int(data[32:])
    if x >= _P or y >= _P:
        raise ValueError(f"{name} coordinate must be under p")
    if (y * y - _right_side(x)) % _P:
        raise ValueError(f"{name} is not on the curve")
    return x, y


def sm2_public_key(private, out=None):
    d = _private(private)
    _util.room(out, 64)
    x, y = _affine(_times(d, (_GX, _GY, 1)))
    return _util.answer(_pair(x, y), out)


def _root(x, odd):
    """GB/T 32918.1 4.2.10 b): the y of a compressed point; p is 3 mod 4."""
    square = _right_side(x)
    y = pow(square, (_P + 1) // 4, _P)
    if y * y % _P != square:
        raise ValueError("point is not on the curve")
    return y if y & 1 == odd else _P - y  # y is not 0: the curve's order is odd


def sm2_point(encoded):
    encoded = _util.as_bytes(encoded)
    size = len(encoded)
    if size not in (33, 64, 65):
        raise ValueError("point must be 33, 64 or 65 bytes")
    if size == 33:
        if encoded[0] not in (2, 3):
            raise ValueError("point has a wrong prefix")
        x = _int(encoded[1:])
        if x >= _P:
            raise ValueError("point coordinate must be under p")
        return _pair(x, _root(x, encoded[0] & 1))
    if size == 65:
        if encoded[0] != 4:
            raise ValueError("point has a wrong prefix")
        encoded = encoded[1:]
    _on_curve(encoded, "point")
    return encoded


def _z(public, identity):
    """GB/T 32918.2 5.5: SM3(ENTL | ID | a | b | G | public)."""
    public = _util.sized(public, 64, "public key")
    identity = _util.under(identity, 8192, "id")
    curve = _pair(_A, _B) + _pair(_GX, _GY)
    return _hash.sm3((8 * len(identity)).to_bytes(2, "big") + identity + curve + public)


def sm2_z(public, id=_ID, out=None):
    return _util.answer(_z(public, id), out)


def sm2_digest(public, message, id=_ID, out=None):
    """e of GB/T 32918.2 6.1, A1 and A2."""
    public = _util.sized(public, 64, "public key")
    message = _util.as_bytes(message)
    return _util.answer(_hash.sm3(_z(public, id) + message), out)


def _nonces(d, digest):
    """RFC 6979 3.2 with HMAC-SM3: candidates for k, one after the other, without end."""
    seed = _pair(d, _int(digest) % _N)
    v, k = b"\x01" * 32, bytes(32)
    for separator in (b"\x00", b"\x01"):
        k = _hash.hmac_sm3(k, v + separator + seed)
        v = _hash.hmac_sm3(k, v)
    while True:
        v = _hash.hmac_sm3(k, v)
        yield _int(v)
        k = _hash.hmac_sm3(k, v + b"\x00")
        v = _hash.hmac_sm3(k, v)


def _sign_with(d, e, k):
    """GB/T 32918.2 6.1, A4 to A6, with this k: r|s, or None where another k must be drawn."""
    if not 1 <= k < _N:
        return None
    x1, _ = _affine(_times(k, (_GX, _GY, 1)))
    r = (e + x1) % _N
    if r == 0 or r + k == _N:
        return None
    s = pow(1 + d, _N - 2, _N) * (k - r * d) % _N
    return _pair(r, s) if s else None


def sm2_sign(private, digest, out=None):
    d = _private(private)
    digest = _util.sized(digest, 32, "digest")
    _util.room(out, 64)
    for k in _nonces(d, digest):
        signature = _sign_with(d, _int(digest), k)
        if signature:
            return _util.answer(signature, out)


def sm2_verify(public, digest, signature):
    """GB/T 32918.2 7.1, B1 to B7."""
    public = _util.sized(public, 64, "public key")
    e = _int(_util.sized(digest, 32, "digest"))
    signature = _util.sized(signature, 64, "signature")
    x, y = _on_curve(public, "public key")
    r, s = _int(signature[:32]), _int(signature[32:])
    t = (r + s) % _N
    if not 1 <= r < _N or not 1 <= s < _N or t == 0:
        return False
    point = _add(_times(s, (_GX, _GY, 1)), _times(t, (x, y, 1)))
    if point[2] == 0:
        return False
    return (e + _affine(point)[0] - r) % _N == 0


def _der_integer(der, offset):
    """The INTEGER at offset as (its value, the offset behind it); ITU-T X.690 8.3 and 10.1."""
    if len(der) < offset + 3 or der[offset] != 0x02:
        raise ValueError(_NOT_DER)
    size = der[offset + 1]
    start = offset + 2
    body = der[start : start + size]
    if not 1 <= size <= 33 or len(body) != size or body[0] & 0x80:
        raise ValueError(_NOT_DER)
    if size > 1 and body[0] == 0 and not body[1] & 0x80:  # one zero too many
        raise ValueError(_NOT_DER)
    if size == 33 and body[0]:
        raise ValueError(_NOT_DER)
    return _int(body), start + size


def sm2_signature(der):
    """SM2Signature of GM/T 0009-2012 7.2 as r|s."""
    der = _util.as_bytes(der)
    if len(der) < 2 or der[0] != 0x30 or der[1] != len(der) - 2:
        raise ValueError(_NOT_DER)
    r, offset = _der_integer(der, 2)
    s, offset = _der_integer(der, offset)
    if offset != len(der):
        raise ValueError(_NOT_DER)
    return _pair(r, s)


def _integer_der(value):
    body = value.to_bytes(33, "big")
    while len(body) > 1 and body[0] == 0 and not body[1] & 0x80:
        body = body[1:]
    return bytes([0x02, len(body)]) + body


def sm2_signature_der(signature):
    signature = _util.sized(signature, 64, "signature")
    body = _integer_der(_int(signature[:32])) + _integer_der(_int(signature[32:]))
    return bytes([0x30, len(body)]) + body
