"""A PBOC electronic purse, also as the transit purse of JT/T 978, at APDU level.

Sources: JR/T 0025.1/.2 (purse), JT/T 978 (files, GET BALANCE kinds), ISO/IEC 7816-4.
Amounts are in fen; serials and dates are packed BCD as on the card.
"""

from dataclasses import fields
from typing import Any

from onecard.sim.cards import memory as plain
from onecard.sim.cards.application import Application, tlv
from onecard.sim.cards.base import status
from onecard.sim.cards.chip import Chip
from onecard.sim.cards.cipher import suite_of
from onecard.sim.cards.command import Command
from onecard.sim.cards.purse_files import Files
from onecard.sim.cards.purse_memory import AID_TRANSIT, PurseState
from onecard.sim.cards.purse_money import EP_PURCHASE, Money
from onecard.sim.cards.purse_security import Security

TTI_PURCHASE = EP_PURCHASE
_FILE_ID = b"\x10\x01"

__all__ = ["AID_TRANSIT", "TTI_PURCHASE", "Purse", "PurseCard", "PurseState"]


class Purse(Application):
    """The application. is_transit: JT/T 978 GET BALANCE kinds and EF 1A, 1E.

    has_prove: knows GET TRANSACTION PROVE. file_id: the DF's identifier.
    sets_top_bit: some cards set the highest bit of every balance; it carries no value.
    """

    kind = "purse"
    label = "MOT_T_EP"
    priority = 2

    def __init__(
        self,
        memory: PurseState,
        *,
        is_transit: bool = True,
        has_prove: bool = True,
        sets_top_bit: bool = False,
        file_id: bytes = _FILE_ID,
    ) -> None:
        super().__init__(memory)
        self.is_transit, self.has_prove, self.sets_top_bit = is_transit, has_prove, sets_top_bit
        self._file_id = file_id
        self.suite = suite_of(memory.algorithm, memory.sm4_session)
        self.files, self.money, self.security = Files(self), Money(self), Security(self)
        for part in (self.files, self.money, self.security):
            self.handlers |= part.handlers
        if memory.security_id:
            self.handlers[(0x80, 0xCA)] = self._get_security_id

    @property
    def name(self) -> bytes:
        return bytes(self.memory.aid)

    @property
    def file_id(self) -> bytes:
        return self._file_id

    def before(self, command: Command | None) -> None:
        self.money.before(command)

    def reset(self) -> None:
        self.money.before(None)
        self.files.reset()
        self.security.reset()

    def select(self) -> bytes:
        return self.fci() + status(0x6A81 if self.memory.locked else 0x9000)

    def select_file(self, file_id: bytes) -> bytes:
        return self.files.select(file_id)

    def fci(self) -> bytes:
        info = tlv(0x9F08, b"\x02") + tlv(0x9F0C, self.public_information())
        return tlv(0x6F, tlv(0x84, self.name) + tlv(0xA5, info))

    def public_information(self) -> bytes:
        """EF 15, 30 bytes; the same as FCI tag 9F0C."""
        m = self.memory
        use = b"\x03\x01" if m.has_deposit else b"\x02\x01"
        return bytes(m.issuer + use + m.serial + m.start_date + m.end_date + b"\x00\x00")

    def shown(self, balance: bytes) -> bytes:
        """A balance as this card shows it."""
        return bytes([balance[0] | 0x80]) + balance[1:] if self.sets_top_bit else balance

    def _get_security_id(self, command: Command) -> bytes:
        command.need(0x00, 0x00, 0)
        return command.limit(self.memory.security_id) + status(0x9000)


class PurseCard(Chip):
    """A card with one purse. Attributes of its memory can be read from the card itself.

    is_transit, has_prove: see Purse; further options: see Chip.
    """

    def __init__(
        self,
        state_: PurseState | None = None,
        *,
        is_transit: bool = True,
        has_prove: bool = True,
        **options: Any,
    ) -> None:
        memory = state_ or PurseState()
        self.purse = Purse(memory, is_transit=is_transit, has_prove=has_prove)
        super().__init__([self.purse], **options)

    @classmethod
    def make(cls, **options: Any) -> "PurseCard":
        """PurseCard.make(balance=5000, rng=..., ...): memory and other options in one go."""
        names = {f.name for f in fields(PurseState)}
        memory = {k: v for k, v in options.items() if k in names}
        return cls(PurseState(**memory), **{k: v for k, v in options.items() if k not in names})

    @property
    def state_(self) -> PurseState:
        """The purse's memory."""
        return self.purse.memory  # type: ignore[no-any-return]

    def __getattr__(self, name: str) -> Any:
        if name in PurseState.__dataclass_fields__ and "purse" in self.__dict__:
            return getattr(self.purse.memory, name)
        raise AttributeError(f"{type(self).__name__} has no {name}")

    def public_information(self) -> bytes:
        """See Purse."""
        return self.purse.public_information()

    def state(self) -> dict[str, Any]:
        """The memory and the UID as plain JSON values."""
        return plain.dump(self.state_) | {"uid": self.uid.hex().upper()}

    @classmethod
    def from_state(cls, state: dict[str, Any], **options: Any) -> "PurseCard":
        """The card that state() described; options as for the constructor.

        Fields that are missing have their defaults; those of other versions are left out.
        """
        memory = plain.load(PurseState, state, "card", is_strict=False)
        if "uid" in state:
            options.setdefault("uid", bytes.fromhex(state["uid"]))
        return cls(memory, **options)
