"""The one thing pyproject.toml cannot say: the C core's extension module, built by cffi."""

from setuptools import setup

setup(cffi_modules=["native/cpython/build_core.py:ffi"])
