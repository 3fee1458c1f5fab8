"""What a terminal answers, as values, and the errors of the link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ocwire import message

from ..errors import OneCardError


class LinkFailed(OneCardError):
    """No proper answer from the device."""


class Refused(OneCardError):
    """The terminal answered with an error. code: ocwire.message.E_*."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(f"the terminal refuses: {text}")
        self.code = code


@dataclass(frozen=True)
class Greeting:
    """What a terminal says of itself before any key is used."""

    terminal_id: str
    state: str
    description: str

    @property
    def is_provisioned(self) -> bool:
        """False for a terminal without keys."""
        return self.state != message.STATES[message.UNPROVISIONED]


@dataclass(frozen=True)
class UpdateStatus:
    """What firmware a terminal runs. version: "1.2.3". slot: 0 is what is frozen into its image.

    state: ocwire.message.SETTLED, ACTIVATED or TRIAL. base: digest of the frozen modules, 8 bytes.
    offset: how far a download has got. image: first 8 bytes of the SM3 of the bundle's image that
    runs, zeros in slot 0. fault: why something else runs than was activated.
    """

    version: str
    slot: int
    state: int
    tries: int
    base: bytes
    offset: int
    image: bytes
    fault: str


@dataclass(frozen=True)
class Status:
    """A terminal's state. Sequence numbers: records oldest..next-1 are readable.

    fault: what is out of order at the terminal, empty if nothing is.
    """

    state: str
    time_s: int
    oldest_seq: int
    next_seq: int
    acked_seq: int
    open_purchases: int
    free_bytes: int
    boots: int
    hotlist_version: int
    failed_programs: int
    ram_free_bytes: int
    fault: str

    @property
    def unread(self) -> int:
        """Records not acknowledged yet."""
        return self.next_seq - 1 - self.acked_seq


@dataclass(frozen=True)
class Question:
    """What a terminal asks while somebody waits at it; see firmware/terminal/online.py.

    number: the same when it is asked again. left_ms: time until nobody waits any more.
    """

    number: int
    what: str
    values: dict[str, Any]
    left_ms: int
