"""Whether a terminal's clock behaved: its records tell every time it was set, or stood still."""

from __future__ import annotations

from collections.abc import Iterable

from ocwire import record
from ocwire.errors import RecordError

from .report import clock_text
from .verify import CLOCK, Finding

JUMP_S = 600  # more than a clock goes wrong between two pulls
BACK_S = 2
_TIMELESS = (record.CARRIED, record.DEBITED)  # of an earlier time; of none


def check_clock(items: Iterable[record.Record]) -> list[Finding]:
    """Settings by more than ten minutes after the first transaction, and time that goes back
    without one. A clock that a boot tells to have stopped may be set by any amount."""
    findings: list[Finding] = []
    last_s, is_lost, has_traded = 0, False, False
    for item in items:
        try:
            values = item.fields()
        except RecordError:
            continue
        now_s = item.time_s
        if item.kind == record.BOOT and values["cause"] & (
            record.CLOCK_NOT_SET | record.CLOCK_LATE
        ):
            is_lost, last_s = True, now_s
        elif item.kind == record.CLOCK_SET:
            jump_s = now_s - values["before_s"]
            if has_traded and not is_lost and abs(jump_s) > JUMP_S:
                way = "back" if jump_s < 0 else "forward"
                text = f"the clock was set {way} by {_span(jump_s)} to {clock_text(now_s)}"
                findings.append(Finding(item.seq, CLOCK, text))
            is_lost, last_s = False, now_s
        elif item.kind not in _TIMELESS and now_s:
            if now_s < last_s - BACK_S and not is_lost:
                text = (
                    f"{clock_text(now_s)} is {_span(last_s - now_s)} before the record before it"
                )
                findings.append(Finding(item.seq, CLOCK, text))
            last_s = now_s
        has_traded = has_traded or item.kind == record.INTENT
    return findings


def _span(seconds: int) -> str:
    minutes = abs(seconds) // 60
    return f"{minutes // 60} h {minutes % 60} min"
