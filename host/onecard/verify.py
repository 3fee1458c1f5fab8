"""Proves a terminal's records: the MAC chain, their numbers, every TAC, every open purchase."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from typing import Any

import occrypto
from ocwire import calendar, record
from ocwire.errors import RecordError

from .keystore import PurseKeys

# What a finding says is wrong. GAP: records are missing; the rest is as it was written.
ALTERED = "altered"
GAP = "missing"
WRONG_TAC = "wrong TAC"
OPEN = "open"
IN_DOUBT = "in doubt"
UNREADABLE = "unreadable"
# What an audit of the whole store names besides (settle/audit.py).
REPLAYED = "replayed record"
EDITED = "edited amount"
TAIL = "deleted tail"
CLONED_CARD = "cloned card"
CLONED_TERMINAL = "cloned terminal"
FORGED = "forged record"
CLOCK = "clock"
TWO_PLACES = "card in two places"
BALANCE = "balance"
COUNTER_GAP = "counter gap"
PULLED_TWICE = "duplicated pull"
LET_GO = "let go of"
ERASED = "erased"
ALGORITHM_3DES = (0x00, 0x01)
# These are for people to look at; all others mean that something is not right.
NOTICES = (OPEN, IN_DOUBT, COUNTER_GAP, PULLED_TWICE, LET_GO, ERASED)
_RUN = 65_536  # records proved in one call
_MOST_FEN = 100_000


@dataclass(frozen=True)
class Finding:
    """seq: the record it is about. kind: one of the words above. card: application serial, if it
    is about one."""

    seq: int
    kind: str
    text: str
    card: str = ""


@dataclass
class Report:
    """What was proved of one terminal. Sums in fen.

    unchecked_tacs: of cards whose algorithm has no published TAC (SM4), left to the card's issuer.
    """

    terminal: str
    records: int = 0
    purchases: int = 0
    debited: int = 0
    loads: int = 0
    loaded: int = 0
    tacs: int = 0
    unchecked_tacs: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_proved(self) -> bool:
        """True if nothing is altered, missing or wrong."""
        return all(finding.kind in NOTICES for finding in self.findings)


def chain(
    items: Iterable[record.Record],
    key: bytes,
    before_seq: int,
    before_mac: bytes,
    erased: Set[int] = frozenset(),
) -> tuple[list[record.Record], list[Finding]]:
    """Check records that follow record `before_seq` (0: the first ones), whose MAC was before_mac.

    before_mac may be record.UNKNOWN_MAC: that of an intent behind a gap, the last one of a batch.
    Returns the records that are proved and what was found. A gap is told and passed over: the
    record behind it can be tied to nothing before, the ones after that to it (an intent there has
    no MAC: the one after it cannot be tied either). An altered record
    ends the check: nothing behind it is returned. erased: numbers of records whose personal part
    is gone; their MACs are what the ones after them are tied to.
    """
    left = list(items)
    good: list[record.Record] = []
    findings: list[Finding] = []
    seq, mac = before_seq, before_mac
    is_tied = not before_seq or before_mac != record.UNKNOWN_MAC
    at = proved_to = 0
    while at < len(left):
        if is_tied and at >= proved_to:
            count = _proved(left[at : at + _RUN], key, seq, mac, erased)
            good += left[at : at + count]
            at += count
            proved_to = at + 1  # what stopped it is looked at below
            if count:
                seq, mac = good[-1].seq, good[-1].mac
                continue
        item = left[at]
        at += 1
        if item.seq != seq + 1:
            text = f"records {seq + 1} to {item.seq - 1} are missing"
            text += f"; record {item.seq} behind them cannot be proved"
            if item.seq <= seq:
                text = f"record {item.seq} comes after {seq}: repeated or put in elsewhere"
                findings.append(Finding(item.seq, ALTERED, text))
                break
            findings.append(Finding(seq + 1, GAP, text))
            is_tied = False
        elif is_tied and item.seq not in erased and not item.is_authentic(key, mac):
            findings.append(
                Finding(item.seq, ALTERED, f"record {item.seq} is not what the terminal wrote")
            )
            break
        good.append(item)
        seq, mac = item.seq, item.mac
        is_tied = is_tied or item.kind != record.INTENT or mac != record.UNKNOWN_MAC
    return good, findings


def _proved(items: list[record.Record], key: bytes, seq: int, mac: bytes, erased: Set[int]) -> int:
    """How many of these, from the first on, follow record `seq` in order: by one call."""
    ends = (n for n, one in enumerate(items) if one.seq != seq + 1 + n or one.seq in erased)
    count = next(ends, len(items))
    raw = b"".join(item.raw for item in items[:count])
    return occrypto.records_verify(key, seq + 1, mac, raw)[0] if raw else 0


def true_amount(item: record.Record, key: bytes, before_mac: bytes) -> int | None:
    """The amount (fen, up to 1000.00) with which an altered intent is what the terminal wrote;
    None if not the amount alone was altered."""
    if item.kind != record.INTENT or len(item.body) < 19:
        return None
    text = bytearray(item.raw[: -record.TAIL_SIZE])
    for amount in range(_MOST_FEN + 1):
        struct.pack_into(">I", text, record.HEAD_SIZE + 15, amount)
        if record.mac(key, item.seq, before_mac, bytes(text)) == item.mac:
            return amount
    return None


def tac_of(intent: dict[str, Any], terminal: str, purse: PurseKeys) -> bytes:
    """The TAC a 3DES card gives for this transaction (JR/T 0025.1): 4 bytes."""
    text = struct.pack(">IB", intent["amount"], intent["tti"]) + bytes.fromhex(terminal)
    if intent["tti"] in record.LOADS:
        after = intent["balance"] + intent["amount"]
        text = struct.pack(">IH", after, intent["card_counter"]) + text
    else:
        text += struct.pack(">I", intent["terminal_serial"])
    text += calendar.to_bcd(intent["time_s"])
    return occrypto.pboc_tac(purse.card_dtk(intent["serial"]), text)


def wrong_tac(seq: int) -> Finding:
    """Of the record that ends a transaction."""
    return Finding(seq, WRONG_TAC, f"TAC of transaction {seq} is not the card's")


def in_doubt(seq: int, outcome: int, is_tac: bool) -> Finding:
    """Of a record that ends a transaction without a sure outcome."""
    known = "TAC shows the debit" if is_tac else "no valid TAC"
    return Finding(seq, IN_DOUBT, f"{record.OUTCOMES.get(outcome, outcome)}: {known}")


def still_open(seq: int, amount: int) -> Finding:
    """Of an intent (fen)."""
    text = f"transaction {seq} of {amount / 100:.2f} is open: its card must come back"
    return Finding(seq, OPEN, text)


class _Transactions:
    """Follows transactions from intent to result through a terminal's records."""

    def __init__(self, report: Report, purse: PurseKeys | None) -> None:
        self._report, self._purse = report, purse
        self._open: dict[int, dict[str, Any]] = {}

    def take(self, item: record.Record) -> None:
        values = item.fields()
        if item.kind == record.INTENT:
            self._open[item.seq] = values
        elif item.kind == record.CARRIED:
            self._open.setdefault(values["intent_seq"], values)
        elif record.closes(item.kind):
            self._result(item.seq, values)

    def _result(self, seq: int, values: dict[str, Any]) -> None:
        intent = self._open.pop(values["intent_seq"], None)
        if intent is None:
            text = f"result {seq} without its intent {values['intent_seq']}"
            self._report.findings.append(Finding(seq, GAP, text))
            return
        outcome = values["outcome"]
        if outcome == record.NOT_DONE:
            return
        is_tac = self._check_tac(seq, intent, values["tac"])
        if outcome in record.COUNTED:
            self._count(intent)
            if not is_tac:
                self._report.findings.append(wrong_tac(seq))
        else:
            self._report.findings.append(in_doubt(seq, outcome, is_tac))

    def _count(self, intent: dict[str, Any]) -> None:
        if intent["tti"] in record.LOADS:
            self._report.loads += 1
            self._report.loaded += intent["amount"]
        else:
            self._report.purchases += 1
            self._report.debited += intent["amount"]

    def _check_tac(self, seq: int, intent: dict[str, Any], tac: bytes) -> bool:
        if self._purse is None:
            return True
        if intent["algorithm"] not in ALGORITHM_3DES:
            self._report.unchecked_tacs += 1
            return True
        self._report.tacs += 1
        return occrypto.equal(tac, tac_of(intent, self._report.terminal, self._purse))

    def end(self) -> None:
        for seq in sorted(self._open):
            self._report.findings.append(still_open(seq, self._open[seq]["amount"]))


def verify(
    terminal: str,
    items: Iterable[record.Record],
    journal_key: bytes,
    purse: PurseKeys | None,
    before: tuple[int, bytes] = (0, record.FIRST_MAC),
    erased: Set[int] = frozenset(),
) -> Report:
    """Everything that can be proved of one terminal's records that follow the one whose number and
    MAC are `before`. erased: see chain().

    purse: None leaves the TACs unchecked (Report.tacs is 0 then).
    """
    report = Report(terminal)
    good, report.findings = chain(items, journal_key, *before, erased)
    transactions = _Transactions(report, purse)
    for item in good:
        report.records += 1
        try:
            transactions.take(item)
        except RecordError as error:
            report.findings.append(Finding(item.seq, UNREADABLE, str(error)))
    transactions.end()
    return report
