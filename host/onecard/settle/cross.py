"""What no terminal can see alone: a card at two places, its counters, the sum of its money."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
from ocwire import record

from .relations import LOAD, PURCHASE, REFUND, purse_transactions, transactions

APART_S = 60  # nobody gets from one merchant to another in less
_OF_CARD = ("card", "application")


def cloned() -> ir.Table:
    """Proved purchases that a card made at the same count of its own: it exists twice."""
    t = purse_transactions()
    t = t.filter(t.outcome.isin(list(record.COUNTED)), t.kind == PURCHASE, t.held_for == "")
    same = ibis.window(group_by=[t.card, t.application, t.counter])
    t = t.mutate(times=t.count().over(same)).filter(ibis._.times > 1)
    return t.select("terminal", "seq", "card", "counter", "amount", "time_s").order_by(
        "card", "counter", "time_s", "terminal", "seq"
    )


def two_places() -> ir.Table:
    """Cards that were at two merchants at once: (terminal, seq) and that before it."""
    t = transactions()
    t = t.filter(t.is_counted, t.application.notnull(), t.held_for == "")
    t = t.mutate(where=ibis.ifelse(t.merchant == "", t.terminal, t.merchant))
    path = ibis.window(group_by=[t.card], order_by=[t.time_s, t.terminal, t.seq])
    t = t.mutate(
        was_where=t.where.lag().over(path),
        was_terminal=t.terminal.lag().over(path),
        was_seq=t.seq.lag().over(path),
        was_s=t.time_s.lag().over(path),
    )
    t = t.filter(t.was_where != t.where, t.time_s - t.was_s < APART_S)
    return t.select(
        "card", "terminal", "seq", "time_s", "was_terminal", "was_seq", "was_s"
    ).order_by("card", "time_s", "terminal", "seq")


def doubts() -> ir.Table:
    """Purse transactions without a sure outcome, and what the card's next count says of each.

    evidence: "done", "not done", or "" while the card was not seen again.
    """
    t = transactions()
    t = t.filter(t.application.notnull())
    t = t.mutate(is_load=t.kind != PURCHASE)
    next_ = ibis.window(
        group_by=[t.card, t.application, t.is_load],
        order_by=[t.counter, t.is_counted, t.time_s, t.terminal, t.intent_seq],
    )
    t = t.mutate(next_counter=t.counter.lead().over(next_))
    told = ibis.cases(
        (t.next_counter > t.counter, "done"), (t.next_counter == t.counter, "not done"), else_=""
    )
    return t.mutate(evidence=told)


def _moved() -> ir.Table:
    """Proved purse transactions that moved money, by outcome or by the card's next count."""
    t = doubts()
    is_moved = t.is_counted | (t.is_doubtful & (t.evidence == "done"))
    return t.filter(is_moved, t.held_for == "")


def counter_gaps() -> ir.Table:
    """Counts of a card, between two that are here, of which nothing is here."""
    t = _moved()
    path = ibis.window(
        group_by=[t.card, t.application, t.is_load], order_by=[t.counter, t.terminal, t.seq]
    )
    t = t.mutate(was=t.counter.lag().over(path))
    t = t.mutate(missing=t.counter - t.was - 1).filter(ibis._.missing > 0)
    return t.select(
        "card", "application", "is_load", "terminal", "seq", "was", "counter", "missing"
    ).order_by("card", "application", "is_load", "counter", "terminal", "seq")


def unbalanced() -> ir.Table:
    """Cards whose money does not add up, whatever the order in which they were used.

    Each transaction leads from a balance to another. Over a history without holes every balance is
    reached as often as it is left, but for the first and the last: so `breaks` (balances left more
    often than reached) is at most 1, and one more for each hole in the card's counters.
    surplus: what the card has more than its loads less its purchases say. The last terminal that
    saw the card comes along.
    """
    t = _moved()
    sign = ibis.ifelse(t.kind == PURCHASE, -1, 1)
    steps = t.mutate(change=sign * t.amount, reached=t.before + sign * t.amount)
    left = steps.select(*_OF_CARD, balance=steps.before, n=ibis.literal(1, "int64"))
    reached = steps.select(*_OF_CARD, balance=steps.reached, n=ibis.literal(-1, "int64"))
    each = left.union(reached).group_by([*_OF_CARD, "balance"]).agg(n=ibis._.n.sum())
    each = each.filter(each.n > 0)
    out = each.group_by(list(_OF_CARD)).agg(breaks=each.n.sum())
    out = out.filter(out.breaks > 1)
    gaps = counter_gaps()
    holes = gaps.group_by(list(_OF_CARD)).agg(
        holes=gaps.count(), load_holes=ibis.ifelse(gaps.is_load, 1, 0).sum()
    )
    out = out.left_join(holes, list(_OF_CARD)).select(
        *_OF_CARD,
        "breaks",
        holes=ibis._.holes.coalesce(0),
        load_holes=ibis._.load_holes.coalesce(0),
    )
    out = out.join(_ends(steps), list(_OF_CARD))
    has_more = (out.surplus > 0) & (out.load_holes == 0)
    return out.filter(has_more | (out.breaks > out.holes + 1)).order_by("card", "application")


def _ends(steps: ir.Table) -> ir.Table:
    """Of each card: where it was seen last, and its surplus over all that is here."""
    of = [steps.card, steps.application]
    first = ibis.window(group_by=of, order_by=[steps.time_s, steps.terminal, steps.seq])
    last = ibis.window(
        group_by=of, order_by=[steps.time_s.desc(), steps.terminal.desc(), steps.seq.desc()]
    )
    whole = ibis.window(group_by=of)
    t = steps.mutate(
        place=ibis.row_number().over(last),
        begin=steps.before.first().over(first),
        changes=steps.change.sum().over(whole),
    )
    t = t.filter(t.place == 0)
    surplus = (t.reached - t.begin - t.changes).cast("int64")
    return t.select(*_OF_CARD, "terminal", "seq", surplus=surplus)


def wrong_balances() -> ir.Table:
    """Ended transactions whose balance after is not the one before and their amount."""
    t = purse_transactions()
    t = t.filter(t.outcome.isin(list(record.COUNTED)), t.held_for == "")
    sign = ibis.cases((t.kind == PURCHASE, -1), (t.kind.isin([LOAD, REFUND]), 1), else_=0)
    t = t.filter(t.after != t.before + sign * t.amount)
    return t.select("terminal", "seq", "card", "before", "amount", "after").order_by(
        "terminal", "seq"
    )
