"""Opening a device: a serial port, a pseudo-terminal, or socket://host:port (pyserial)."""

from __future__ import annotations

import serial

from ..errors import OneCardError

BAUD = 115200


class PortError(OneCardError):
    """The device cannot be opened, or went away."""


def open_port(device: str) -> serial.SerialBase:
    """The device as a pyserial port with short reads. Raises PortError saying what to do."""
    try:
        return serial.serial_for_url(device, baudrate=BAUD, timeout=0.05, write_timeout=5)
    except (serial.SerialException, OSError, ValueError) as error:
        raise PortError(
            f"cannot open {device}: {error}",
            "plug the terminal in and name its port, e.g. --device /dev/ttyACM0, "
            "or --device socket://HOST:PORT",
        ) from error
