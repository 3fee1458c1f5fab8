"""A MicroPython prompt: recognised by its banner, asked through mpremote's transport."""

from __future__ import annotations

import ast
import contextlib
import re
import time
from collections.abc import Iterator

import serial
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from ..errors import OneCardError

# Ctrl-U and Ctrl-K empty the line that was begun, Ctrl-B at an empty line prints the banner (and
# leaves the raw mode that a tool died in). A program that runs is not interrupted by any of them.
_ASK_BANNER = b"\x15\x0b\x02"
_BANNER = re.compile(rb"(MicroPython) (\S+) on [^;]*; ([^\r\n]*)")
_MOST = 4096
_RAW = b"raw REPL; CTRL-B to exit\r\n"
_DETAILS = """
import sys
found = {"version": ".".join(str(n) for n in sys.implementation[1][:3])}
found["machine"] = getattr(sys.implementation, "_machine", sys.platform)
try:
    from base import DIGEST
    from terminal.version import FIRMWARE
    found["image"], found["firmware"] = DIGEST.hex(), FIRMWARE
except ImportError:
    pass
print(found)
"""
_RESTART = "import machine\nmachine.reset()"
_LEAVES_S = 0.2  # a board leaves the bus without an answer
_BOOTLOADER = "import machine\nmachine.bootloader()"


class ReplError(OneCardError):
    """The prompt does not do what was asked."""


def banner(port: serial.SerialBase, wait_s: float) -> tuple[str, str] | None:
    """(version, machine) if a MicroPython prompt waits at this port; nothing is interrupted."""
    port.write(_ASK_BANNER)
    deadline, got = time.monotonic() + wait_s, b""
    while time.monotonic() < deadline and len(got) < _MOST:
        got += port.read(256)
        found = _BANNER.search(got)
        if found and got.rstrip().endswith(b">>>"):
            return found[2].decode("ascii", "replace").lstrip("v"), found[3].decode(
                "utf-8", "replace"
            )
    return None


@contextlib.contextmanager
def raw_repl(device: str) -> Iterator[SerialTransport]:
    """mpremote's transport in raw mode. Interrupts what runs there. Raises ReplError."""
    transport = None
    try:
        transport = SerialTransport(device)
        _enter(transport)
        yield transport
        with contextlib.suppress(OSError, serial.SerialException):
            transport.exit_raw_repl()  # one that was restarted is not there any more
    except (TransportError, serial.SerialException, OSError) as error:
        raise ReplError(f"{device}: the MicroPython prompt does not answer: {error}") from error
    finally:
        if transport is not None:
            with contextlib.suppress(OSError, serial.SerialException):
                transport.close()


def _enter(transport: SerialTransport) -> None:
    """As its enter_raw_repl(soft_reset=False), which prints what it could not read."""
    transport.serial.write(b"\r\x03")
    transport.serial.reset_input_buffer()
    transport.serial.write(b"\r\x01")
    answer = transport.read_until(1, _RAW, timeout_overall=5)
    if not answer.endswith(_RAW):
        raise TransportError("no raw mode")
    transport.in_raw_repl = True


def details(device: str) -> dict[str, str]:
    """version, machine; image and firmware if a terminal of ours is frozen into it.

    Only for a port whose prompt was seen to wait: it interrupts. Raises ReplError.
    """
    with raw_repl(device) as transport:
        printed = transport.exec(_DETAILS)
    try:
        found = ast.literal_eval(printed.decode("utf-8", "replace").strip())
    except (ValueError, SyntaxError) as error:
        raise ReplError(f"{device}: an answer that is none: {printed[:80]!r}") from error
    return {str(name): str(value) for name, value in dict(found).items()}


def restart(device: str) -> None:
    """Have the board start anew, as after power-up. Raises ReplError."""
    with raw_repl(device) as transport:
        transport.exec_raw_no_follow(_RESTART)
        time.sleep(_LEAVES_S)


def to_bootloader(device: str) -> None:
    """Have an RP2040 restart as a drive. Raises ReplError."""
    with raw_repl(device) as transport:
        transport.exec_raw_no_follow(_BOOTLOADER)
        time.sleep(_LEAVES_S)
