"""What pyproject.toml cannot say: the C core's two extension modules for CPython."""

import runpy

from setuptools import Extension, setup

core = runpy.run_path("native/cpython/build_core.py")  # imported, it would be on sys.path
calls = Extension(
    "occrypto._calls",
    sources=["native/cpython/calls.c", *core["SOURCES"]],
    depends=core["DEPENDS"],
    include_dirs=core["INCLUDES"],
    define_macros=[*core["OPTIONS"].items(), ("Py_LIMITED_API", "0x030B0000")],
    extra_compile_args=core["FLAGS"],
    py_limited_api=True,
)

setup(cffi_modules=["native/cpython/build_core.py:ffi"], ext_modules=[calls])
