"""What the functions of the cffi binding share: arguments checked, results made."""

from occrypto._core import ffi as _ffi

_NO_BUFFER = "object with buffer protocol required"

_new = _ffi.new
_unpack = _ffi.unpack
_from_buffer = _ffi.from_buffer
# `char` is what _ffi.unpack turns into bytes; the C side takes both.
_BYTES = _ffi.typeof("char[]")
_SIZED = {size: _ffi.typeof(f"char[{size}]") for size in (4, 8, 16, 32, 64)}


def _bytes(data):
    """data as something cffi passes as a pointer without a copy: bytes or a view of a buffer."""
    if type(data) is bytes:
        return data
    try:
        return _from_buffer(_BYTES, data)
    except (TypeError, ValueError, BufferError):
        pass
    try:
        return bytes(memoryview(data))  # a buffer with gaps, such as view[::2]
    except TypeError:
        raise TypeError(_NO_BUFFER) from None


def _sized(data, size, name):
    """data as _bytes() gives it; ValueError unless it is `size` bytes."""
    data = _bytes(data)
    if len(data) != size:
        raise ValueError(f"{name} must be {size} bytes")
    return data


def _whole(data, size):
    """data as _bytes() gives it; ValueError unless it is a multiple of `size` bytes."""
    data = _bytes(data)
    if len(data) % size:
        raise ValueError(f"data must be a multiple of {size} bytes")
    return data


def _under(data, limit, name):
    """data as _bytes() gives it; ValueError unless it is shorter than `limit` bytes."""
    data = _bytes(data)
    if len(data) >= limit:
        raise ValueError(f"{name} must be under {limit} bytes")
    return data


def _writable(buf):
    try:
        return _from_buffer(_BYTES, buf, require_writable=True)
    except (TypeError, ValueError, BufferError):
        raise TypeError(_NO_BUFFER) from None


def _writable_of(buf, size, name):
    view = _writable(buf)
    if len(view) != size:
        raise ValueError(f"{name} must be {size} bytes")
    return view


def _room(out, size):
    """Where C writes a result of `size` bytes: the caller's buffer, or memory of its own."""
    if out is None:
        return _new(_SIZED.get(size) or _BYTES, None if size in _SIZED else size)
    return _writable_of(out, size, "out")


def _result(out, room, size):
    """What the caller gets: `out` itself, or new bytes."""
    return _unpack(room, size) if out is None else out


def _in_range(value, low, high, name):
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int")
    if not low <= value <= high:
        raise ValueError(f"{name} must be {low} to {high}")
    return value
