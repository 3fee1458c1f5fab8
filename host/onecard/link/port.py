"""Opening a device: a serial port, a pseudo-terminal, or socket://host:port (pyserial)."""

from __future__ import annotations

import errno

import serial

from ..errors import OneCardError

BAUD = 115200


class PortError(OneCardError):
    """The device cannot be opened, or went away."""


class PortBusy(PortError):
    """Another program has the device open."""


def open_port(device: str) -> serial.SerialBase:
    """The device as a pyserial port with short reads, for this program alone.

    Raises PortError saying what to do; PortBusy if another program that asks for that has it.
    """
    options = {} if "://" in device else {"exclusive": True}
    try:
        return serial.serial_for_url(
            device, baudrate=BAUD, timeout=0.05, write_timeout=5, **options
        )
    except (serial.SerialException, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in (errno.EAGAIN, errno.EBUSY):
            raise PortBusy(
                f"{device} is in use",
                "another onecard, mpremote or esptool is at it: wait until it ends, or end it",
            ) from error
        raise PortError(
            f"cannot open {device}: {error}",
            "plug the terminal in and name its port, e.g. --device /dev/ttyACM0, "
            "or --device socket://HOST:PORT",
        ) from error
