"""A day's settlement and reports as relations, on top of relations.py."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from .cross import doubts
from .relations import CODE, LOAD, MEDICAL, PURCHASE, REFUND, settled, transactions

BY = ("merchant", "scene", "account", "issuer", "terminal", "kind", "day", "hour")
SALES = (PURCHASE, CODE, MEDICAL)
_LINE = ("merchant", "scene", "account", "issuer")


def _with_settlement() -> ir.Table:
    t = transactions()
    booked = settled.rename(s_terminal="terminal", s_seq="seq", s_day="day")
    return t.left_join(booked, [("terminal", "s_terminal"), ("seq", "s_seq")]).drop(
        "s_terminal", "s_seq"
    )


def due(day: int, is_closed: bool) -> ir.Table:
    """The transactions of a day's settlement: those booked in it, or, while it is not closed, all
    that are counted, proved, not held, of that day or before, and in no settlement yet."""
    t = _with_settlement()
    if is_closed:
        return t.filter(t.s_day == day)
    return t.filter(t.is_counted, t.held_for == "", t.day <= day, t.s_day.isnull())


def _sums(t: ir.Table) -> dict[str, ir.Value]:
    out: dict[str, ir.Value] = {}
    kinds = {"purchases": list(SALES), "refunds": [REFUND], "loads": [LOAD]}
    for name, of in kinds.items():
        is_of = t.kind.isin(of)
        out[f"{name}_count"] = ibis.ifelse(is_of, 1, 0).sum().cast("int64")
        out[name] = ibis.ifelse(is_of, t.amount, 0).sum().cast("int64")
    return out


def lines(day: int, is_closed: bool) -> ir.Table:
    """Totals per merchant, scene, account and issuer; late_count: of days before."""
    t = due(day, is_closed)
    late = ibis.ifelse(t.day < day, 1, 0).sum().cast("int64")
    return t.group_by(list(_LINE)).agg(**_sums(t), late_count=late).order_by(list(_LINE))


def items(day: int, is_closed: bool) -> ir.Table:
    """Each transaction of the settlement, in order."""
    return due(day, is_closed).order_by("terminal", "seq", "intent_seq")


def open_cases(day: int) -> ir.Table:
    """What is in doubt or open until the end of a day, with the card's own evidence."""
    t = doubts()
    t = t.filter(t.is_doubtful, t.day <= day)
    names = ("merchant", "terminal", "seq", "card", "kind", "amount", "outcome", "evidence")
    return t.select(*names, "time_s").order_by("terminal", "seq")


def held_back(day: int) -> ir.Table:
    """What would be paid if it were proved."""
    t = transactions()
    t = t.filter(t.is_counted, t.held_for != "", t.day <= day)
    names = ("merchant", "terminal", "seq", "card", "kind", "amount", "held_for")
    return t.select(*names).order_by("terminal", "seq")


def by_terminal() -> ir.Table:
    """Counted, proved and not held, of all days: for the recount."""
    t = transactions()
    t = t.filter(t.is_counted, t.held_for == "")
    return t.group_by("terminal").agg(**_sums(t)).order_by("terminal")


def report(by: tuple[str, ...], first_day: int, last_day: int) -> ir.Table:
    """Totals of what is counted and proved, by any of BY. hour: of the day, by the terminal."""
    t = transactions()
    t = t.filter(t.is_counted, t.held_for == "", t.day.between(first_day, last_day))
    t = t.mutate(hour=((t.time_s + 8 * 3600) // 3600 % 24).cast("int64"))
    return t.group_by(list(by)).agg(**_sums(t)).order_by(list(by))
