"""A configuration that does not fit one frame, in parts: SPEC.md section 4."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

from ocwire import message

from ..errors import OneCardError

Ask = Callable[[bytes], tuple[tuple[Any, ...], bytes]]


def send(ask: Ask, values: dict[str, Any]) -> bytes:
    """The tail that a message gives for this configuration: nothing if it went ahead in parts.

    Raises OneCardError if it is longer than a terminal takes.
    """
    raw = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
    if len(raw) > message.CONFIG_SIZE:
        raise OneCardError(
            f"the configuration has {len(raw):,} bytes, at most {message.CONFIG_SIZE:,} fit",
            "shorten its lists",
        )
    if len(raw) <= message.PART_SIZE:
        return raw
    for offset in range(0, len(raw), message.PART_SIZE):
        part = raw[offset : offset + message.PART_SIZE]
        ask(message.pack(message.CONFIG_PART, offset, tail=part))
    return b""


def read(ask: Ask) -> dict[str, Any]:
    """The configuration the terminal runs."""
    raw = part = ask(message.pack(message.READ_CONFIG))[1]
    while len(part) == message.PART_SIZE:
        request = message.pack(message.READ_CONFIG, tail=struct.pack(">I", len(raw)))
        part = ask(request)[1]
        raw += part
        if len(raw) > message.CONFIG_SIZE:
            raise OneCardError("the terminal's configuration has no end", "is it a terminal?")
    try:
        values: dict[str, Any] = json.loads(raw)
    except ValueError as error:
        raise OneCardError(f"the terminal's configuration is no JSON: {error}") from error
    return values
