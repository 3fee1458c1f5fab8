"""cffi's own functions, which occrypto._calls stands before: they hold the vectors too (P8)."""

import sys
from pathlib import Path

from occrypto import _cffi

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "both"))

from test_crypto_vectors import run_folder  # noqa: E402


def test_vectors_hold_on_cffi_itself_behind_the_short_calls():
    class Behind:
        """The functions that occrypto._calls hands over to, where it stands before them."""

    wrapped = 0
    for name in dir(_cffi):
        function = getattr(_cffi, name)
        if name[0] != "_" and callable(function):
            behind = getattr(function, "__self__", function)
            wrapped += behind is not function
            setattr(Behind, name, staticmethod(behind))
    count, failures = run_folder(Behind, str(TESTS / "vectors" / "crypto"), slow=True)
    assert wrapped > 20 and count > 1000 and not failures, failures
