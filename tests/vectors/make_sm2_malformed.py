"""Makes sm2_points.json, sm2_keys, sm2_der* and sm2_verify: make_sm2_malformed.py FOLDER

Keys, points and signatures that a verifier must take or refuse for reasons that random ones never
show, in the way of Wycheproof. Shares nothing with the implementations under test: affine points,
inverses by Python's pow. A verifier knows no private key, so one for any wanted s, t and point R
is made backwards: public = (R - sG) / t.
"""

import json
import sys
from pathlib import Path

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
TOP = 2**256 - 1

# GM/T 0003.5-2012 annex A: private key, digest e, signature
D = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
E = 0xF0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640
R = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
S = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA

MADE = "made by tests/vectors/make_sm2_malformed.py"


def add(p, q):
    if p is None or q is None:
        return p or q
    if p[0] == q[0]:
        if (p[1] + q[1]) % P == 0:
            return None
        slope = (3 * p[0] * p[0] - 3) * pow(2 * p[1], -1, P) % P
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, P) % P
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


def times(k, point):
    total = None
    k %= N
    while k:
        if k & 1:
            total = add(total, point)
        point = add(point, point)
        k >>= 1
    return total


def negative(point):
    return point[0], P - point[1]


def right_side(x):
    return (x**3 - 3 * x + B) % P


def root(square):
    """A square root modulo P, or None."""
    y = pow(square, (P + 1) // 4, P)
    return y if y * y % P == square else None


def first_x(start, wanted):
    """The first x at or after start that is on the curve, or is not if wanted is False."""
    while (root(right_side(start)) is not None) != wanted:
        start += 1
    return start


def h(*numbers):
    return "".join(f"{number:064x}" for number in numbers)


def case(name, fn, args, **rest):
    return {"name": name, "fn": fn, "args": args, **rest}


def refused(name, fn, args, text):
    return case(name, fn, args, error="ValueError", text=text)


def bad_pairs(name):
    """Pairs X, Y that are no point, each with the end of the error's text."""
    gx, gy = G
    over = first_x(1, True)
    lost = first_x(5, False)
    other = first_x(7, True)
    twist = root(P - right_side(lost))  # -1 has no root, so this one is on the twist
    wrong_b = root((right_side(other) - B + 1) % P) or 1
    range_text, curve_text = f"{name} coordinate must be under p", f"{name} is not on the curve"
    return [
        ("x is p", P, gy, range_text),
        ("y is p", gx, P, range_text),
        ("x is p plus a good x", P + over, root(right_side(over)), range_text),
        ("all ones", TOP, TOP, range_text),
        ("y is all ones", gx, TOP, range_text),
        ("zeros", 0, 0, curve_text),
        ("y is 0", gx, 0, curve_text),
        ("x and y swapped", gy, gx, curve_text),
        ("y off by one", gx, gy + 1, curve_text),
        ("x off by one", gx - 1, gy, curve_text),
        ("y with its top bit turned", gx, gy ^ 1 << 255, curve_text),
        ("p-1, p-1", P - 1, P - 1, curve_text),
        ("on the twist", lost, twist, curve_text),
        ("on a curve with another b", other, wrong_b, curve_text),
        ("x without a root", lost, 1, curve_text),
    ]


def points():
    good = []
    for name, (x, y) in (
        ("the public key of GM/T 0003.5-2012", times(D, G)),
        ("G", G),
        ("-G", negative(G)),
        ("2G", times(2, G)),
        ("the lowest x", (first_x(0, True), root(right_side(first_x(0, True))))),
    ):
        whole = h(x, y)
        good.append(case(f"{name}, 64 bytes", "sm2_point", [whole], want=whole))
        good.append(case(f"{name}, 65 bytes", "sm2_point", ["04" + whole], want=whole))
        packed = f"{2 + (y & 1):02x}" + h(x)
        good.append(case(f"{name}, compressed", "sm2_point", [packed], want=whole))
        packed = f"{3 - (y & 1):02x}" + h(x)
        good.append(case(f"-({name}), compressed", "sm2_point", [packed], want=h(x, P - y)))
    bad = []
    prefix_text = "point has a wrong prefix"
    for prefix in (0, 1, 2, 3, 5, 6, 7, 8, 0x84, 0xFF):
        packed = f"{prefix:02x}" + h(*G)
        bad.append(refused(f"65 bytes with {prefix:02x}", "sm2_point", [packed], prefix_text))
    for prefix in (0, 1, 4, 5, 6, 7, 0x82, 0xFF):
        packed = f"{prefix:02x}" + h(G[0])
        bad.append(refused(f"33 bytes with {prefix:02x}", "sm2_point", [packed], prefix_text))
    for size in (0, 1, 2, 31, 32, 34, 63, 66, 128):
        text = "point must be 33, 64 or 65 bytes"
        packed = ("04" + h(*G, *G))[: 2 * size]
        bad.append(refused(f"{size} bytes", "sm2_point", [packed], text))
    for name, x, y, text in bad_pairs("point"):
        bad.append(refused(f"{name}, 64 bytes", "sm2_point", [h(x, y)], text))
    for name, x, y, text in bad_pairs("point")[3:7]:
        bad.append(refused(f"{name}, 65 bytes", "sm2_point", ["04" + h(x, y)], text))
    for name, x in (("p", P), ("p+1", P + 1), ("all ones", TOP)):
        text = "point coordinate must be under p"
        bad.append(refused(f"compressed, x is {name}", "sm2_point", ["02" + h(x)], text))
    for start in (0, 5, 2**255, P - 60):
        packed = "03" + h(first_x(start, False))
        text = "point is not on the curve"
        bad.append(refused(f"compressed, no root from {start:x}", "sm2_point", [packed], text))
    return [(f"GB/T 32918.1-2016 4.2.9 and 4.2.10, {MADE}", good), (f"no points, {MADE}", bad)]


def keys():
    text = "private key must be 1 to n-2"
    out = []
    for name, d in (("0", 0), ("n-1", N - 1), ("n", N), ("n+1", N + 1), ("all ones", TOP)):
        out.append(refused(f"public key of {name}", "sm2_public_key", [h(d)], text))
        out.append(refused(f"signature with {name}", "sm2_sign", [h(d), h(E)], text))
    public = [
        refused(name, "sm2_verify", [h(x, y), h(E), h(R, S)], text)
        for name, x, y, text in bad_pairs("public key")
    ]
    text = "public key is not on the curve"
    public.append(refused("before r's range", "sm2_verify", [h(0, 0), h(E), h(0, 0)], text))
    return [
        (f"private keys out of range, {MADE}", out),
        (f"public keys that are none, {MADE}", public),
    ]


def integer(value, size=None):
    """A DER INTEGER; with size, of exactly so many content bytes."""
    size = size or (value.bit_length() // 8 + 1)
    return bytes([2, size]) + value.to_bytes(size, "big")


def sequence(*parts):
    body = b"".join(parts)
    return bytes([0x30, len(body)]) + body


NOT_DER = "signature must be strict DER of two integers of 1 to 32 bytes"


def der_cut():
    right = sequence(integer(R), integer(S))
    short = sequence(integer(1), integer(1))
    bad = [(f"cut to {size} bytes", right[:size]) for size in range(len(right))]
    for size in range(2, len(short)):
        bad.append((f"short, cut to {size}, sequence fitted", sequence(short[2:size])))
    cases = [refused(name, "sm2_signature", [data.hex()], NOT_DER) for name, data in bad]
    return [("not strict DER, " + MADE, cases)]


def der_right():
    cases = []
    small = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 2**248 - 1, 2**255 - 1, 2**255, TOP)
    for r, s in [(R, S), *zip(small, small[::-1], strict=True)]:
        packed, pair = sequence(integer(r), integer(s)).hex(), h(r, s)
        name = f"{r.bit_length()} and {s.bit_length()} bits"
        cases.append(case(f"{name}, from DER", "sm2_signature", [packed], want=pair))
        cases.append(case(f"{name}, to DER", "sm2_signature_der", [pair], want=packed))
    return [("GM/T 0009-2012 7.2 with ITU-T X.690 10.1, " + MADE, cases)]


def der():
    bad = []
    right = sequence(integer(R), integer(S))
    r, s = integer(R), integer(S)
    one = integer(1)
    length = len(r + s)

    def no(name, data):
        bad.append(refused(name, "sm2_signature", [data.hex()], NOT_DER))

    no("sequence length 81", bytes([0x30, 0x81, length]) + r + s)
    no("sequence length 82 00", bytes([0x30, 0x82, 0, length]) + r + s)
    no("sequence length 84 00 00 00", bytes([0x30, 0x84, 0, 0, 0, length]) + r + s)
    no("indefinite length", b"\x30\x80" + r + s + b"\0\0")
    no("indefinite length without end", b"\x30\x80" + r + s)
    no("sequence length ff", b"\x30\xff" + r + s)
    no("integer length 81", sequence(bytes([2, 0x81, 33]) + r[2:], s))
    no("second integer length 81", sequence(r, bytes([2, 0x81, 33]) + s[2:]))
    no("integer length 80", sequence(bytes([2, 0x80]) + r[2:] + b"\0\0", s))
    no("sequence one too long", bytes([0x30, length + 1]) + r + s)
    no("sequence one too short", bytes([0x30, length - 1]) + r + s)
    no("trailing zero", right + b"\0")
    no("trailing zero inside", sequence(r, s, b"\0"))
    no("trailing NULL inside", sequence(r, s, b"\x05\0"))
    no("third integer", sequence(r, s, one))
    no("two signatures", right + right)
    no("zero before r", sequence(integer(R, 34), s))
    no("zero before s", sequence(r, integer(S, 34)))
    no("zero before a small r", sequence(integer(1, 2), one))
    no("zero before a small s", sequence(one, integer(0x7F, 2)))
    no("two zeros for 0", sequence(integer(0, 2), one))
    no("33 bytes of zeros", sequence(bytes([2, 33]) + bytes(33), one))
    no("negative r", sequence(bytes([2, 32]) + r[3:], s))
    no("negative s", sequence(r, bytes([2, 32]) + s[3:]))
    no("-1", sequence(one, b"\x02\x01\xff"))
    no("-128", sequence(b"\x02\x01\x80", one))
    no("empty r", sequence(b"\x02\0", s))
    no("empty s", sequence(r, b"\x02\0"))
    no("no integers", sequence())
    no("r alone", sequence(r))
    no("r of 33 bytes that count", sequence(integer(1 << 256), s))
    no("s of 33 bytes that count", sequence(r, integer((1 << 263) - 1)))
    no("r of 34 bytes", sequence(integer(1 << 264), one))
    no("r of 64 bytes", sequence(bytes([2, 64, 1]) + bytes(63), one))
    no("set, not sequence", b"\x31" + right[1:])
    no("primitive sequence", b"\x10" + right[1:])
    no("octet string in front", b"\x04" + right[1:])
    for tag in (0, 1, 3, 4, 0x0A, 0x22, 0x82):
        no(f"r with tag {tag:02x}", sequence(bytes([tag]) + r[1:], s))
        no(f"s with tag {tag:02x}", sequence(r, bytes([tag]) + s[1:]))
    no("a sequence around it", sequence(right))
    no("r|s without DER", bytes.fromhex(h(R, S)))
    return [("not strict DER, " + MADE, bad)]


def backwards(r, s, point, e=None):
    """[public, digest, signature] that is right and in which sG + tP is `point`."""
    t = (r + s) % N
    public = times(pow(t, -1, N), add(point, negative(times(s, G))))
    return [h(*public), h((r - point[0]) % N if e is None else e), h(r, s)]


def right_signatures():
    one = times(0x1234567, G)
    high = first_x(N, True)
    r = 0xABCDEF
    doubled = r * D * pow(1 - D, -1, N) % N  # sG = tP, so that adding them is doubling
    twice = times(2 * doubled, G)[0]
    of_ones = (TOP + one[0]) % N
    just_over = (N + 5 + one[0]) % N
    return [
        ("the standard's", [h(*times(D, G)), h(E), h(R, S)]),
        ("r = s = 1", backwards(1, 1, one)),
        ("r = s = n-1", backwards(N - 1, N - 1, one)),
        ("r = n-1, s = 2: t = 1", backwards(N - 1, 2, one)),
        ("r = 1, s = n-2: t = n-1", backwards(1, N - 2, one)),
        ("x1 from n to p-1", backwards(r, 77, (high, root(right_side(high))))),
        ("digest of all ones", backwards(of_ones, 99, one, TOP)),
        ("digest n+5", backwards(just_over, 3, one, N + 5)),
        ("sG = tP", [h(*times(D, G)), h((r - twice) % N), h(r, doubled)]),
        ("sG + tP = G", backwards(5, 6, G)),
        ("sG + tP = -G", backwards(5, 6, negative(G))),
    ]


ONE_CHECK = (
    ("r = 0", 0xE2249475D0FF79283A81DEC37CB78CE3D82D633B04B510712D9B32311DBE9C8C, 0, 7),
    ("s = 0", 0xCEAE5CB31DFD16BF6FCEB2D2922A889C4165D2ADDB1520183596FEBEA61DE338, 5, 0),
    ("r + s = n", 0x220F6DA9ABF63E6202417958A3EC66F8CA024737AA8116B2869410845FD89207, N - 7, 7),
    ("x plus n wraps", 0x52E690F41B870D19CC5FF60A38ED85F3BE9882566E28298FD0DFE6EE816FD55A, 5, 7),
)


def wrong_signatures():
    public, e = h(*times(D, G)), h(E)
    at_infinity = -(E % N) * D * pow(1 + D, -1, N) % N  # sG + tP is infinity; x1 = 0 would fit
    wrong = [("n minus s", R, N - S), ("n minus r", N - R, S), ("swapped", S, R)]
    for name, value in (("0", 0), ("n", N), ("n+1", N + 1), ("p", P), ("all ones", TOP)):
        wrong += [(f"r = {name}", value, S), (f"s = {name}", R, value)]
        wrong.append((f"r = s = {name}", value, value))
    wrong += [
        ("r + s = n", R, N - R),
        ("r = 1, s = n-1", 1, N - 1),
        ("r = s = 1", 1, 1),
        ("r + 1", R + 1, S),
        ("s + 1", R, S + 1),
        ("sG + tP at infinity", E % N, at_infinity),
        ("r's top bit turned", R ^ 1 << 255, S),
        ("s's lowest bit turned", R, S ^ 1),
    ]
    out = [(name, [public, e, h(r, s)]) for name, r, s in wrong]
    # Each is refused by one check of a verifier alone: without it, x of sG + tP would fit r - e.
    for name, digest, r, s in ONE_CHECK:
        out.append((f"but for one check right: {name}", [public, h(digest), h(r, s)]))
    if R + N <= TOP or S + N <= TOP:  # the same residue, written too high
        out.append(("s plus n", [public, e, h(R, S + N)]))
    base = backwards(5, 6, times(9, G))
    out.append(("r plus n, right modulo n", base[:2] + [h(5 + N, 6)]))
    out.append(("s plus n, right modulo n", base[:2] + [h(5, 6 + N)]))
    for name, digest in (("0", 0), ("e + 1", E + 1), ("e - 1", E - 1), ("all ones", TOP)):
        out.append((f"digest {name}", [public, h(digest), h(R, S)]))
    out.append(("of another key", [h(*times(D + 1, G)), e, h(R, S)]))
    out.append(("of the negative key", [h(*negative(times(D, G))), e, h(R, S)]))
    out.append(("of the key G", [h(*G), e, h(R, S)]))
    return out


def verify():
    """The cases that take a twin two multiplications are slow, but for the first few."""
    right = [case(name, "sm2_verify", args, want=True) for name, args in right_signatures()]
    wrong = [case(name, "sm2_verify", args, want=False) for name, args in wrong_signatures()]
    in_range = [
        one for one in wrong if all(0 < int(one["args"][2][i : i + 64], 16) < N for i in (0, 64))
    ]
    for one in right[3:] + in_range[3:]:
        one["slow"] = True
    return [
        (f"GB/T 32918.2-2016 7.1, right, {MADE}", right),
        (f"GB/T 32918.2-2016 7.1, wrong, {MADE}", wrong),
    ]


def write(path, groups):
    lines = []
    for source, cases in groups:
        body = ",\n".join("  " + json.dumps(one) for one in cases)
        lines.append(f' {{"source": {json.dumps(source)}, "cases": [\n{body}\n ]}}')
    path.write_text('{"groups": [\n' + ",\n".join(lines) + "\n]}\n")


def main(folder):
    for make in (points, keys, der, der_cut, der_right, verify):
        write(Path(folder) / f"sm2_{make.__name__}.json", make())


if __name__ == "__main__":
    main(sys.argv[1])
