"""Records for people: in words, in tables, with card numbers masked."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from ocwire import bundle, record
from ocwire.errors import RecordError
from rich.table import Table

_CST = datetime.timezone(datetime.timedelta(hours=8))


def clock_text(unix_s: int) -> str:
    """China Standard Time, as the terminal's people read it."""
    return datetime.datetime.fromtimestamp(unix_s, _CST).strftime("%Y-%m-%d %H:%M:%S")


def yuan(fen: int | None) -> str:
    """12.00 of 1200; empty of None."""
    return "" if fen is None else f"{fen / 100:.2f}"


def masked(serial: str | None) -> str:
    """An application serial for screens and reports: its last four digits."""
    return f"…{serial[-4:]}" if serial else ""


# What the numbers of a field say, by kind and name.
_WORDS = {
    (record.UPDATED, "event"): record.EVENTS,
    (record.SHIFT, "event"): record.SHIFTS,
    (record.TRIP, "event"): record.SHIFTS,
    (record.LOAN, "event"): record.LOANS,
    (record.STAY, "event"): record.STAYS,
    (record.MEDICAL, "event"): record.MEDICALS,
    (record.ADMIN, "event"): record.ADMINS,
    (record.ENTRY, "way"): record.WAYS,
    (record.REFUSED, "reason"): record.REASONS,
    (record.IDENTITY, "purpose"): record.PURPOSES,
    (record.CODE, "purpose"): record.PURPOSES,
}
_PLAIN_TEXTS = ("item", "room", "driver", "reference", "detail", "list_name")


def describe(item: record.Record, intent: bytes | None = None) -> dict[str, Any]:
    """A record for people and JSON: numbers as they are, bytes as hex, outcomes in words.

    intent: body of the intent before a DEBITED, which then tells time and balance too.
    """
    out: dict[str, Any] = {"seq": item.seq, "kind": record.name(item.kind)}
    values = item.fields()
    if item.kind == record.DEBITED and intent is not None:
        body = record.as_result(item.seq, item.kind, item.body, intent)
        values = record.fields(record.RESULT, body)
    for name, value in values.items():
        words = _WORDS.get((item.kind, name))
        if words is not None:
            value = words.get(value, value)
        elif name == "outcome":
            value = record.OUTCOMES.get(value, value)
        elif name == "cause":
            out["clock"] = _clock_at_boot(value)
            value &= ~(record.CLOCK_NOT_SET | record.CLOCK_LATE)
        elif name in _PLAIN_TEXTS:
            value = value.decode("utf-8", "replace")
        elif name == "version" and item.kind == record.UPDATED:
            value = bundle.version_text(value)
        elif name == "firmware":
            value = value.rstrip(b"\0").decode("ascii", "replace")
        out[name] = value.hex() if isinstance(value, bytes) else value
    return out


def _clock_at_boot(cause: int) -> str:
    if cause & record.CLOCK_NOT_SET:
        return "not set"
    return "from the last record" if cause & record.CLOCK_LATE else "set"


def rows(items: Iterable[record.Record]) -> list[dict[str, Any]]:
    """Records as dicts for JSON; one that cannot be decoded says so."""
    out = []
    before: record.Record | None = None
    for item in items:
        intent = None
        if before is not None and before.kind == record.INTENT and before.seq == item.seq - 1:
            intent = before.body
        before = item
        try:
            out.append(describe(item, intent))
        except RecordError as error:
            out.append({"seq": item.seq, "kind": record.name(item.kind), "error": str(error)})
    return out


def table(title: str, values: Iterable[dict[str, Any]]) -> Table:
    """The same for people."""
    made = Table(title=title, title_justify="left")
    for name, justify in (
        ("seq", "right"),
        ("time", "left"),
        ("what", "left"),
        ("card", "left"),
        ("amount", "right"),
        ("balance", "right"),
        ("of", "right"),
        ("more", "left"),
    ):
        made.add_column(name, justify=justify)  # type: ignore[arg-type]
    for row in values:
        made.add_row(
            str(row["seq"]),
            clock_text(row["time_s"]) if row.get("time_s") else "",
            row["kind"],
            masked(row.get("serial")),
            yuan(row.get("amount")),
            yuan(row.get("balance")),
            str(row.get("intent_seq", "")),
            _more(row),
        )
    return made


def _more(row: dict[str, Any]) -> str:
    if "outcome" in row:
        return f"{row['outcome']}, TAC {row['tac']}"
    if "event" in row:
        more = [row[name] for name in ("version", *_PLAIN_TEXTS) if row.get(name)]
        return " ".join(str(word) for word in (row["event"], *more))
    if "boots" in row:
        late = "" if row["clock"] == "set" else f", clock {row['clock']}"
        return f"boots {row['boots']}{late}"
    for name in ("reason", "purpose", "way", "upto_seq", "error"):
        if name in row:
            return f"{name.replace('_', ' ')} {row[name]}"
    return f"counter {row['card_counter']}" if "card_counter" in row else ""
