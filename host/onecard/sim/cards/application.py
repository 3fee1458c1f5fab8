"""One application on a card: a name, a memory, command handlers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from onecard.sim.cards.base import status
from onecard.sim.cards.command import ApduError, Command

if TYPE_CHECKING:
    from onecard.sim.cards.chip import Chip

Handler = Callable[[Command], bytes]
Handlers = dict[tuple[int, int], Handler]


def tlv(tag: int, value: bytes) -> bytes:
    """One BER-TLV object; tag 0x84 or two bytes such as 0x9F0C."""
    size = len(value)
    length = bytes([size]) if size < 0x80 else bytes([0x81, size])
    return tag.to_bytes(2 if tag > 0xFF else 1, "big") + length + value


class Application:
    """Base of all applications. memory: a frozen dataclass, everything that is not volatile.

    kind: the word for it in a card's file. name: its AID or DF name. file_id: two bytes to select
    it by, or b"". label, priority: its line in PSE and PPSE; without a label it has none.
    """

    kind = ""
    label = ""
    priority = 0

    def __init__(self, memory: Any) -> None:
        self.memory = memory
        self.card: Chip | None = None
        self.handlers: Handlers = {}

    @property
    def name(self) -> bytes:
        return b""

    @property
    def file_id(self) -> bytes:
        return b""

    @property
    def chip(self) -> Chip:
        """The card that it is on."""
        if self.card is None:
            raise RuntimeError("this application is on no card")
        return self.card

    def commit(self, **changes: Any) -> None:
        """Change several fields of the memory together or not at all."""
        self.memory = replace(self.memory, **changes)
        self.chip.committed()

    def select(self) -> bytes:
        """Selected by name or file id: the FCI and the status word."""
        return self.fci() + status(0x9000)

    def fci(self) -> bytes:
        """File control information (ISO/IEC 7816-4, 5.3.3)."""
        return tlv(0x6F, tlv(0x84, self.name))

    def select_file(self, file_id: bytes) -> bytes:
        """Select an elementary file by its identifier. Raises ApduError 6A82."""
        raise ApduError(0x6A82)

    def before(self, command: Command | None) -> None:
        """Any command (None: a malformed one) comes while this application is selected."""

    def reset(self) -> None:
        """Another application was selected, or the power went: forget what is volatile."""
