"""The C core's one Python face: the same names, errors and limits on a terminal and on a host.

What there is, with types and contracts: __init__.pyi, made from the comments beside the C binding.
`backend` says what computes: "usermod" (C, in the firmware image), "natmod" (C, an `_occrypto`
.mpy on sys.path), "cffi" (C, on CPython), "viper" (the pure Python twin with its inner loops as
machine code, for a MicroPython board without a native build) or "reference" (the pure twin). On
CPython, ONECARD_CRYPTO=reference in the environment forces the twin, for tests.
"""

import sys

if sys.implementation.name == "micropython":
    try:
        import _occrypto as _impl  # a built-in module wins over a .mpy of the same name
    except ImportError:
        try:
            from occrypto import _viper as _impl
        except ImportError:
            from occrypto import _reference as _impl
else:
    import os as _os

    _wanted = _os.environ.get("ONECARD_CRYPTO", "")
    if _wanted not in ("", "cffi", "reference"):
        raise ValueError(f"ONECARD_CRYPTO must be cffi or reference, not {_wanted!r}")
    try:
        if _wanted == "reference":
            raise ImportError
        from occrypto import _cffi as _impl
    except ImportError:
        if _wanted == "cffi":
            raise
        from occrypto import _reference as _impl

backend = _impl.binding

for _name in dir(_impl):
    if _name[0] != "_" and _name != "binding":
        globals()[_name] = getattr(_impl, _name)
