"""Formats that the terminal and the host share: records, flash sectors, link frames and messages.

One source for both runtimes (MicroPython and CPython); bytes in, bytes out, no I/O.
The layouts are drawn in SPEC.md.
"""
