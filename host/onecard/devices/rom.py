"""Espressif's ROM loader, through esptool as a library."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..errors import OneCardError

if TYPE_CHECKING:
    from esptool.loader import ESPLoader

_BAUD = 115200
_quiet_lock = threading.Lock()
_quiet: list[object] = []


class RomError(OneCardError):
    """The ROM loader does not do what was asked."""


def errors() -> tuple[type[Exception], ...]:
    """What esptool raises."""
    import serial
    from esptool.util import FatalError

    return FatalError, serial.SerialException, OSError


@contextlib.contextmanager
def loader(device: str, is_reset: bool = False) -> Iterator[ESPLoader]:
    """The chip in its ROM loader at this port. Raises RomError.

    is_reset: get it there by the port's DTR and RTS, which ends whatever runs on it.
    """
    from esptool.cmds import detect_chip

    _be_quiet()
    esp = None
    try:
        mode = "default-reset" if is_reset else "no-reset"
        esp = detect_chip(device, _BAUD, mode, False, 3 if is_reset else 1)
        yield esp
    except errors() as error:
        raise RomError(f"{device}: {error}") from error
    finally:
        if esp is not None and esp._port is not None:
            with contextlib.suppress(*errors()):
                esp._port.close()


def chip(device: str) -> str:
    """The name of the chip whose ROM loader waits there, e.g. "ESP32-S3"; "" if none does."""
    try:
        with loader(device) as esp:
            return str(esp.CHIP_NAME)
    except RomError:
        return ""


def _be_quiet() -> None:
    """esptool prints as it goes; its errors are raised all the same."""
    from esptool.logger import TemplateLogger, log

    class Quiet(TemplateLogger):
        """Says nothing."""

        def print(self, *args: Any, **kwargs: Any) -> None: ...
        def note(self, message: str) -> None: ...
        def warning(self, message: str) -> None: ...
        def error(self, message: str) -> None: ...
        def stage(self, finish: bool = False) -> None: ...
        def progress_bar(self, *args: Any, **kwargs: Any) -> None: ...
        def set_verbosity(self, verbosity: str) -> None: ...

    with _quiet_lock:
        if not _quiet:
            _quiet.append(Quiet())
            log.set_logger(_quiet[0])
