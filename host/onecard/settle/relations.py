"""What the store's records say of money, as relations: written once, compiled for any engine.

The tables' names and columns are those of the store; `unproved` and `held` are an audit's. What
runs them is in engines.py. Amounts are fen, times UTC seconds, days counted from 1970-01-01.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import ibis
import ibis.expr.types as ir
from occard.profiles import PURSES
from ocwire import calendar, record

DAY_S = 86_400
PURCHASE, LOAD, REFUND, CODE, MEDICAL = "purchase", "load", "refund", "code", "medical"
UNKNOWN = ""  # merchant and scene of a terminal that is in no list
ISSUER_DIGITS = 8

_RECORDS = {
    "terminal": "string",
    "seq": "int64",
    "kind": "int64",
    "time_s": "int64",
    "card": "string",
    "amount": "int64",
    "balance": "int64",
    "outcome": "int64",
    "intent_seq": "int64",
    "tti": "int64",
    "application": "int64",
    "counter": "int64",
    "terminal_serial": "int64",
    "undoes": "int64",
    "event": "int64",
}
records = ibis.table(_RECORDS, name="records")
merchants = ibis.table(
    {"terminal": "string", "merchant": "string", "scene": "string"}, name="merchants"
)
settled = ibis.table({"terminal": "string", "seq": "int64", "day": "int64"}, name="settled")
STORED = ("records", "merchants", "settled")  # these are in the store
# of an audit: terminals whose records from `from_seq` on are not proved; single transactions
unproved = ibis.table({"terminal": "string", "from_seq": "int64"}, name="unproved")
held = ibis.table({"terminal": "string", "seq": "int64", "reason": "string"}, name="held")

_MOVES = {
    "terminal": "string",
    "card": "string",
    "amount": "int64",
    "time_s": "int64",
    "tti": "int64",
    "application": "int64",
    "counter": "int64",
    "terminal_serial": "int64",
    "undoes": "int64",
    "intent_seq": "int64",
    "before": "int64",
    "after": "int64",
    "seq": "int64",
    "outcome": "int64",
    "kind": "string",
    "account": "string",
    "merchant": "string",
    "scene": "string",
    "issuer": "string",
    "day": "int64",
    "is_counted": "boolean",
    "is_doubtful": "boolean",
    "is_proved": "boolean",
}
moves = ibis.table(_MOVES, name="moves")

_OF_INTENT = (
    "card",
    "amount",
    "time_s",
    "tti",
    "application",
    "counter",
    "terminal_serial",
    "undoes",
)


def _openings() -> ir.Table:
    """(terminal, intent_seq) of every intent, or of the oldest record that carries it on."""
    intents = records.filter(records.kind == record.INTENT)
    own = intents.select(
        "terminal", *_OF_INTENT, intent_seq=intents.seq, before=intents.balance, at=intents.seq
    )
    carried = records.filter(records.kind == record.CARRIED)
    carried = carried.select(
        "terminal", *_OF_INTENT, "intent_seq", before=carried.balance, at=carried.seq
    )
    every = own.union(carried.select(*own.columns))
    first = ibis.window(group_by=[every.terminal, every.intent_seq], order_by=[every["at"]])
    return every.mutate(place=ibis.row_number().over(first)).filter(ibis._.place == 0)


def _endings() -> ir.Table:
    """What ended each intent: the first that did."""
    ends = records.filter(records.kind.isin([record.RESULT, record.DEBITED]))
    first = ibis.window(group_by=[ends.terminal, ends.intent_seq], order_by=[ends.seq])
    ends = ends.mutate(place=ibis.row_number().over(first)).filter(ibis._.place == 0)
    return ends.select("terminal", "seq", "intent_seq", "outcome", after=ends.balance)


def _of_purses() -> ir.Table:
    """Every transaction of a purse. outcome 0: open; seq is its intent's then."""
    opens, ends = _openings(), _endings()
    t = opens.left_join(ends, ["terminal", "intent_seq"])
    kind = ibis.cases(
        (~t.tti.isin(list(record.LOADS)), PURCHASE),
        (t.undoes.notnull(), REFUND),
        else_=LOAD,
    )
    accounts = [(t.application == p.code, p.account) for p in PURSES]
    return t.select(
        "terminal",
        *_OF_INTENT,
        "intent_seq",
        "before",
        "after",
        seq=ibis.coalesce(t.seq, t.intent_seq),
        outcome=ibis.coalesce(t.outcome, 0),
        kind=kind,
        account=ibis.cases(*accounts, else_="application " + t.application.cast("string")),
    )


def _of_others() -> ir.Table:
    """Money that moved by a code or on a medical account: settled with whoever answers for it."""
    kinds = (records.kind == record.CODE) & (records.amount > 0)
    kinds |= (records.kind == record.MEDICAL) & (records.event == record.COMMITTED)
    t = records.filter(kinds)
    name = ibis.cases((t.kind == record.CODE, CODE), else_=MEDICAL)
    null = ibis.null("int64")
    return t.select(
        "terminal",
        "card",
        "amount",
        "time_s",
        tti=null,
        application=null,
        counter=null,
        terminal_serial=null,
        undoes=null,
        intent_seq=t.seq,
        before=null,
        after=null,
        seq=t.seq,
        outcome=ibis.literal(record.DONE, "int64"),
        kind=name,
        account=name,
    )


def assembled() -> ir.Table:
    """All of both, with whose terminal it was, the card's issuer and the day (of the terminal's
    clock, China Standard Time). is_proved: it ends before its terminal's unproved stretch."""
    purse = _of_purses()
    t = purse.union(_of_others().select(*purse.columns))
    places, from_seq = merchants.rename(of="terminal"), unproved.rename(un_terminal="terminal")
    t = t.left_join(places, [("terminal", "of")]).drop("of")
    t = t.left_join(from_seq, [("terminal", "un_terminal")]).drop("un_terminal")
    return t.mutate(
        merchant=ibis.coalesce(t.merchant, UNKNOWN),
        scene=ibis.coalesce(t.scene, UNKNOWN),
        issuer=t.card.substr(0, ISSUER_DIGITS),
        day=((t.time_s + calendar.CST_OFFSET_S) // DAY_S).cast("int64"),
        is_counted=t.outcome.isin(list(record.COUNTED)),
        is_doubtful=t.outcome.isin([0, record.IN_DOUBT, record.WRONG_MAC2]),
        is_proved=t.from_seq.isnull() | (t.seq < t.from_seq),
    ).select(*_MOVES)


def transactions() -> ir.Table:
    """What was assembled, each with why it is held back: "" if it is not."""
    reasons = held.rename(held_terminal="terminal", held_seq="seq")
    t = moves.left_join(reasons, [("terminal", "held_terminal"), ("seq", "held_seq")])
    reason = ibis.ifelse(t.is_proved, ibis.coalesce(t.reason, ""), "not proved")
    return t.mutate(held_for=reason).drop("held_terminal", "held_seq", "reason")


def purse_transactions() -> ir.Table:
    """Those of purses alone."""
    t = transactions()
    return t.filter(t.application.notnull())


@functools.cache
def sql(relation: Callable[..., ir.Table], *arguments: Any, dialect: str) -> str:
    """What one of these functions makes, as a query; compiled once. dialect: by sqlglot's name."""
    return str(ibis.to_sql(relation(*arguments), dialect=dialect))
