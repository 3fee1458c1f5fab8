"""What is at stake when a terminal's firmware is changed: records that no store has yet."""

from __future__ import annotations

from dataclasses import dataclass

from ocwire import record
from ocwire.errors import RecordError

from ..link import LinkClient, Status

# Of a terminal's own life: nobody loses money with them.
_HOUSEKEEPING = (
    record.BOOT, record.CLOCK_SET, record.CONFIGURED, record.ACKNOWLEDGED, record.UPDATED,
    record.LIST,
)  # fmt: skip


@dataclass(frozen=True)
class Stake:
    """unread: records that were never acknowledged. business: those among them (as far as looked)
    that are not the terminal's own housekeeping. amount: fen that they debited. is_more: there
    are more than were looked at."""

    unread: int
    business: int
    amount: int
    open_purchases: int
    is_more: bool = False

    @property
    def is_something(self) -> bool:
        """True if somebody could lose by it."""
        return bool(self.business or self.open_purchases)

    def text(self) -> str:
        """For the person who decides."""
        money = f"{self.amount // 100}.{self.amount % 100:02d} yuan"
        said = (
            f"{self.unread} unread records, {self.business} of them of business, {money} debited"
        )
        if self.open_purchases:
            said += f", {self.open_purchases} purchases in doubt"
        return said + (" and more" if self.is_more else "")


def look(client: LinkClient, status: Status) -> Stake:
    """Read (and acknowledge nothing of) what a terminal holds unread. One window at most."""
    if not status.unread:
        return Stake(0, 0, 0, status.open_purchases)
    first = max(status.oldest_seq, status.acked_seq + 1)
    records = client.pull(first)
    business = [item for item in records if item.kind not in _HOUSEKEEPING]
    amounts = {r.seq: _fields(r).get("amount", 0) for r in records if r.kind == record.INTENT}
    taken = sum(_debited(item, amounts) for item in records)
    is_more = bool(records) and records[-1].seq < status.next_seq - 1
    return Stake(status.unread, len(business), taken, status.open_purchases, is_more)


def _debited(item: record.Record, amounts: dict[int, int]) -> int:
    if item.kind == record.DEBITED:
        return amounts.get(item.seq - 1, 0)
    if item.kind == record.RESULT:
        values = _fields(item)
        if values.get("outcome") in record.COUNTED:
            return amounts.get(values.get("intent_seq", 0), 0)
    return 0


def _fields(item: record.Record) -> dict[str, int]:
    try:
        return dict(item.fields())
    except RecordError:
        return {}  # of a newer firmware
