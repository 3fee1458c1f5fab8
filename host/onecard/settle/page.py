"""A settlement as a page to read and to print: HTML with its chart in it, nothing to load."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jinja2
from ocwire import calendar

from ..report import masked, yuan
from . import charts
from .settlement import Settlement

_BY = ("scene", "hour")
_SUMS = ("purchases", "refunds", "loads")


def page(made: Settlement, rows: Sequence[dict[str, Any]]) -> str:
    """HTML of a settlement and its transactions (totals.items). The same ones give the same."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("onecard.settle", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    environment.filters |= {"yuan": yuan, "masked": masked}
    chart = charts.draw(_hours(rows), _BY).decode() if rows else ""
    chart = chart[chart.find("<svg") :]
    return environment.get_template("page.html").render(made=made, hours=chart)


def _hours(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    out: dict[tuple[str, int], dict[str, Any]] = {}
    for row in rows:
        hour = (row["time_s"] + calendar.CST_OFFSET_S) // 3600 % 24
        sums = out.setdefault((row["scene"], hour), dict.fromkeys(_SUMS, 0))
        kind = f"{row['kind']}s"
        sums[kind if kind in _SUMS else "purchases"] += row["amount"]
    return [{"scene": scene, "hour": hour} | sums for (scene, hour), sums in sorted(out.items())]
