"""`out`: who may be one, what is written, and that it may lie over any input."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from occrypto import _cffi
from test_occrypto import WITH_OUT, backends, examples, few, pattern

names = pytest.mark.parametrize("name", WITH_OUT)
MEMORY = 700


def settings_of(crypto, name):
    return few if name.startswith("sm2") else examples(crypto)


def result_of(function, args):
    """What the function makes of these arguments, as bytes."""
    value = function(*args)
    return value.to_bytes(4, "big") if isinstance(value, int) else value


@backends
@names
def test_out_is_filled_and_returned(crypto, name):
    function = getattr(crypto, name)

    @settings_of(crypto, name)
    @given(st.tuples(*WITH_OUT[name]))
    def fills(args):
        want = result_of(function, args)
        memory = bytearray(b"\xa5" * (len(want) + 20))
        for out in (bytearray(len(want)), memoryview(memory)[9 : 9 + len(want)]):
            assert function(*args, out) is out
            assert bytes(out) == want
        assert memory == b"\xa5" * 9 + want + b"\xa5" * 11
        assert result_of(function, (*args, None)) == want

    fills()


def laid_out(draw, args, size):
    """The arguments as windows of one memory, wherever they fall, and a window for the result.

    Windows may lie over one another: what an argument is counts once all are written.
    """
    memory = bytearray(pattern(MEMORY))
    view = memoryview(memory)
    windows = []
    for arg in args:
        start = draw.draw(st.integers(0, 300))
        window = view[start : start + len(arg)] if isinstance(arg, bytes) else arg
        if isinstance(arg, bytes):
            window[:] = arg
        windows.append(window)
    start = draw.draw(st.integers(0, 300))
    return memory, windows, start, view[start : start + size]


@backends
@names
def test_out_may_lie_over_any_input(crypto, name):
    function = getattr(crypto, name)

    @settings_of(crypto, name)
    @given(st.tuples(*WITH_OUT[name]), st.data())
    def overlaps(args, draw):
        size = len(result_of(function, args))
        memory, windows, start, out = laid_out(draw, args, size)
        inputs = [bytes(w) if isinstance(w, memoryview) else w for w in windows]
        try:
            want = result_of(function, inputs)
        except ValueError:  # another argument was written over the private key
            return
        expected = memory[:start] + want + memory[start + size :]
        assert function(*windows, out) is out
        assert memory == expected

    overlaps()


@backends
@pytest.mark.parametrize("mode", ("ecb_encrypt", "cbc_encrypt", "cbc_decrypt", "ctr"))
@pytest.mark.parametrize("cipher", ("sm4", "aes"))
def test_a_window_may_slide_over_the_data_byte_by_byte(crypto, cipher, mode):
    function = getattr(crypto, f"{cipher}_{mode}")
    key, data = pattern(16), pattern(100)[20:]
    before = (key,) if mode.startswith("ecb") else (key, pattern(32)[16:])
    want = function(*before, data)
    for start in range(0, 161, 1 if crypto is _cffi else 5):
        memory = bytearray(240)
        view = memoryview(memory)
        view[80:160] = data
        out = view[start : start + 80]
        assert function(*before, view[80:160], out) is out
        assert bytes(out) == want, start


@backends
def test_opening_in_place_at_every_shift(crypto):
    key, nonce, aad, data = pattern(16), pattern(12), b"head", pattern(70)
    sealed = crypto.sm4_ccm_seal(key, nonce, aad, data)
    for start in range(0, 171, 1 if crypto is _cffi else 7):
        memory = bytearray(300)
        view = memoryview(memory)
        view[100:186] = sealed
        out = view[start : start + 70]
        assert crypto.sm4_ccm_open(key, nonce, aad, view[100:186], out) is out
        assert bytes(out) == data, start


@backends
@names
def test_a_wrong_out_is_refused_and_not_written(crypto, name):
    function = getattr(crypto, name)
    strategies = WITH_OUT[name]

    @few
    @given(st.tuples(*strategies))
    def refuses(args):
        size = len(result_of(function, args))
        for wrong in (bytearray(b"\xa5" * (size + 1)), bytearray(b"\xa5" * max(size - 1, 1))):
            if len(wrong) == size:
                continue
            with pytest.raises(ValueError, match=f"^out must be {size} bytes$"):
                function(*args, wrong)
            assert set(wrong) == {0xA5}
        for wrong in (bytes(size), memoryview(bytes(size)), "a" * size, 5, True, [0] * size):
            with pytest.raises(TypeError, match="buffer protocol required"):
                function(*args, wrong)

    refuses()
