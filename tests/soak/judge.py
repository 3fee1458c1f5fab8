"""What a soak has shown: cards, screen and store against each other, RAM and wear."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from ocwire import record
from onecard.verify import IN_DOUBT, Report, verify

from tests.soak.soak import PRICE, START, TERMINAL, Sample, Soak


@dataclass
class Verdict:
    """lost: fen that left the cards. missing: successes that were shown and are not in the store.

    unexplained: cards whose balance the store's records do not explain to the fen, given that
    each transaction in doubt was done or not.
    """

    report: Report
    lost: int
    in_doubt: int
    missing: int
    unexplained: int


def judge(soak: Soak) -> Verdict:
    """Reconcile, card by card, with everything that is in the store."""
    key, purse = soak.keystore.journal_key(TERMINAL), soak.keystore.purse
    report = verify(TERMINAL, soak.store.records(TERMINAL), key, purse)
    counted, doubts = transactions(soak.store.records(TERMINAL))
    unexplained = 0
    for card in soak.cards:
        serial = bytes(card.serial)
        taken, odd = divmod(START - card.balance - PRICE * len(counted[serial]), PRICE)
        unexplained += bool(odd) or not 0 <= taken <= doubts[serial]
    return Verdict(
        report,
        sum(START - card.balance for card in soak.cards),
        sum(finding.kind == IN_DOUBT for finding in report.findings),
        sum(balance not in counted[serial] for serial, balance in soak.tally.shown),
        unexplained,
    )


def transactions(
    items: Iterable[record.Record],
) -> tuple[dict[bytes, set[int]], Counter[bytes]]:
    """(balances after each counted debit, number in doubt or open) of every card."""
    counted: dict[bytes, set[int]] = defaultdict(set)
    doubts: Counter[bytes] = Counter()
    opened: dict[int, bytes] = {}
    for item in items:
        if item.kind == record.INTENT:
            opened[item.seq] = item.body
        elif record.closes(item.kind):
            intent = opened.pop(record.closed_seq(item.seq, item.kind, item.body))
            serial = record.fields(record.INTENT, intent)["serial"]
            result = record.as_result(item.seq, item.kind, item.body, intent)
            values = record.fields(record.RESULT, result)
            if values["outcome"] in record.COUNTED:
                counted[serial].add(values["balance"])
            elif values["outcome"] != record.NOT_DONE:
                doubts[serial] += 1
    doubts.update(record.fields(record.INTENT, body)["serial"] for body in opened.values())
    return counted, doubts


def slope(samples: list[Sample]) -> float:
    """Bytes of free RAM that a tap adds: least squares; negative if it eats them."""
    x = sum(s.taps for s in samples) / len(samples)
    y = sum(s.ram_free for s in samples) / len(samples)
    below = sum((s.taps - x) ** 2 for s in samples)
    return sum((s.taps - x) * (s.ram_free - y) for s in samples) / below if below else 0.0
