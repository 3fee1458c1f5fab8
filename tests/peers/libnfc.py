"""libnfc through its C interface: what its tools do not offer, a raw APDU exchange above all."""

import ctypes
import ctypes.util
import os

import pytest

NMT_ISO14443A, NMT_ISO14443B, NBR_106 = 1, 3, 1
_CONTEXT = ctypes.c_void_p


class _Modulation(ctypes.Structure):
    _fields_ = (("nmt", ctypes.c_int), ("nbr", ctypes.c_int))


class Device:
    """A PN532 behind `path`, opened by libnfc's own driver. A context."""

    def __init__(self, path):
        name = ctypes.util.find_library("nfc") or "libnfc.so.6"
        try:
            self._nfc = nfc = ctypes.CDLL(name)
        except OSError:
            pytest.skip("libnfc is missing (apt-get install libnfc-bin)")
        nfc.nfc_open.restype = ctypes.c_void_p
        nfc.nfc_open.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        self._path = path

    def __enter__(self):
        os.environ["LIBNFC_AUTO_SCAN"] = "false"
        self._context = _CONTEXT()
        self._nfc.nfc_init(ctypes.byref(self._context))
        device = self._nfc.nfc_open(self._context, f"pn532_uart:{self._path}".encode())
        assert device, "libnfc does not open the reader"
        self._device = ctypes.c_void_p(device)
        assert self._nfc.nfc_initiator_init(self._device) == 0
        return self

    def __exit__(self, *_):
        self._nfc.nfc_close(self._device)
        self._nfc.nfc_exit(self._context)

    def select(self, nmt=NMT_ISO14443A):
        """The target structure's bytes of the card that was found, or None."""
        target = ctypes.create_string_buffer(512)
        found = self._nfc.nfc_initiator_select_passive_target(
            self._device, _Modulation(nmt, NBR_106), None, ctypes.c_size_t(0), target
        )
        return target.raw if found > 0 else None

    def transceive(self, data, timeout_ms=2000):
        """The answer of the selected card to these bytes. Raises OSError with libnfc's code."""
        answer = ctypes.create_string_buffer(300)
        size = self._nfc.nfc_initiator_transceive_bytes(
            self._device, bytes(data), ctypes.c_size_t(len(data)), answer,
            ctypes.c_size_t(300), timeout_ms,
        )  # fmt: skip
        if size < 0:
            raise OSError(size, "libnfc")
        return answer.raw[:size]
