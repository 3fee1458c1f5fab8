"""Argument checks, `out` and small helpers of the pure Python twin; also equal and wipe.

Every binding tells these errors in these words. `xor` is looked up here at every call, so that
occrypto._viper can put a faster one in its place.
"""

import sys

_NO_BUFFER = "object with buffer protocol required"
ON_HOST = sys.implementation.name != "micropython"


def as_bytes(data):
    """data (any buffer, also not of bytes) as bytes. Raises TypeError for anything else."""
    if isinstance(data, str):  # MicroPython would read its UTF-8
        raise TypeError(_NO_BUFFER)
    try:
        return bytes(memoryview(data))
    except TypeError:
        raise TypeError(_NO_BUFFER)


def sized(data, size, name):
    """data as bytes; ValueError unless it is `size` bytes."""
    data = as_bytes(data)
    if len(data) != size:
        raise ValueError(f"{name} must be {size} bytes")
    return data


def whole(data, size):
    """data as bytes; ValueError unless it is a multiple of `size` bytes."""
    data = as_bytes(data)
    if len(data) % size:
        raise ValueError(f"data must be a multiple of {size} bytes")
    return data


def under(data, limit, name):
    """data as bytes; ValueError unless it is less than `limit` bytes."""
    data = as_bytes(data)
    if len(data) >= limit:
        raise ValueError(f"{name} must be under {limit} bytes")
    return data


def integer(value, low, high, name):
    """value; TypeError unless it is an int (True and False are none), ValueError outside."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int")
    if not low <= value <= high:
        raise ValueError(f"{name} must be {low} to {high}")
    return value


def writable(buf):
    """A memoryview to write bytes through. Raises TypeError for no buffer or a read-only one."""
    as_bytes(buf)
    view = memoryview(buf)
    try:
        if ON_HOST:  # MicroPython cannot cast: there it must be of bytes, as all of ours are
            view = view.cast("B")  # refuses a buffer with gaps, as C does
        view[0:0] = view[0:0]  # nothing is written; both Pythons refuse it for read-only memory
    except TypeError:
        raise TypeError(_NO_BUFFER)
    return view


def room(out, size):
    """A memoryview of `out` to put a result of `size` bytes in; None if out is None."""
    if out is None:
        return None
    view = writable(out)
    if len(view) != size:
        raise ValueError(f"out must be {size} bytes")
    return view


def answer(value, out):
    """What a function with the result `value` (bytes) returns: value, or `out` filled with it."""
    view = room(out, len(value))
    if view is None:
        return value
    view[:] = value
    return out


def xor(a, b):
    """a XOR the first bytes of b, as many as a has."""
    return bytes([a[i] ^ b[i] for i in range(len(a))])


def split(data, size):
    """data in pieces of `size` bytes; the last one may be shorter."""
    return [data[i : i + size] for i in range(0, len(data), size)]


def words(data):
    """data as a list of big-endian 32-bit words."""
    return [int.from_bytes(part, "big") for part in split(data, 4)]


def unwords(values):
    """32-bit words as big-endian bytes."""
    return b"".join([value.to_bytes(4, "big") for value in values])


def rol(value, bits):
    """A 32-bit word rotated left."""
    bits %= 32
    return ((value << bits) | (value >> (32 - bits))) & 0xFFFFFFFF


def equal(a, b):
    a = as_bytes(a)
    b = as_bytes(b)
    if len(a) != len(b):
        return False
    differences = 0
    for i in range(len(a)):
        differences |= a[i] ^ b[i]
    return differences == 0


def wipe(buf):
    view = writable(buf)
    for i in range(len(view)):
        view[i] = 0
