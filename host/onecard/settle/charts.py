"""Sums as a bar chart: SVG (texts stay texts), PNG or PDF by Matplotlib."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.figure import Figure

from ..errors import OneCardError

FORMATS = ("svg", "png", "pdf")
_ALONG = ("day", "hour")  # they run along the bottom; all others beside the bars
_CHINESE = ("Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei")
_MOST_BARS, _MOST_SERIES = 40, 8
_REST = "…"
_WIDTH, _BAR, _HEIGHT = 8.0, 0.3, 3.2  # inches


class ChartError(OneCardError):
    """A chart that cannot be drawn or written."""


def net(row: dict[str, Any]) -> float:
    """What a row of totals.report comes to, yuan: purchases and loads less refunds."""
    return float(row["purchases"] + row["loads"] - row["refunds"]) / 100


def draw(rows: Sequence[dict[str, Any]], by: Sequence[str], form: str = "svg") -> bytes:
    """Rows of totals.report as a chart: the same rows give the same bytes.

    by: what they are added up by. With a day or an hour among these, bars stand along it, a colour
    for each of the others (the greatest 8); else they lie below each other, the greatest 40.
    form: one of FORMATS.
    """
    along = [name for name in by if name in _ALONG]
    others = [name for name in by if name not in along]
    fonts = {font.name for font in font_manager.fontManager.ttflist}
    family = [name for name in _CHINESE if name in fonts] + ["DejaVu Sans"]
    setting: Any = {
        "font.family": family,
        "svg.fonttype": "none",
        "svg.hashsalt": "onecard",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "text.parse_math": False,
    }
    with mpl.rc_context(setting):
        figure = _along(rows, along, others) if along else _below(rows, others)
        out = io.BytesIO()
        dates = {"svg": "Date", "pdf": "CreationDate"}
        figure.savefig(
            out,
            format=form,
            bbox_inches="tight",
            metadata={dates[form]: None} if form in dates else None,
            dpi=144,
        )
    return out.getvalue()


def _name(row: dict[str, Any], names: Sequence[str]) -> str:
    parts = (f"{row[name]:02d}" if name == "hour" else str(row[name]) for name in names)
    return " · ".join(part or "–" for part in parts)


def _below(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> Figure:
    ranked = sorted(rows, key=lambda row: (-net(row), _name(row, names)))
    bars = [(_name(row, names), net(row)) for row in ranked[:_MOST_BARS]]
    if len(ranked) > _MOST_BARS:
        bars.append((_REST, sum(net(row) for row in ranked[_MOST_BARS:])))
    figure = Figure(figsize=(_WIDTH, 0.8 + _BAR * max(1, len(bars))))
    axes = figure.subplots()
    places = range(len(bars))
    drawn = axes.barh(places, [value for _, value in bars], color="tab:blue")
    axes.set_yticks(places, [name for name, _ in bars])
    axes.bar_label(drawn, labels=[f"{value:,.2f}" for _, value in bars], padding=3, fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set_xlabel("yuan")
    return figure


def _along(rows: Sequence[dict[str, Any]], along: Sequence[str], others: Sequence[str]) -> Figure:
    steps = sorted({_name(row, along) for row in rows})
    if steps and along == ["hour"]:
        steps = [f"{hour:02d}" for hour in range(int(steps[0]), int(steps[-1]) + 1)]
    sums: dict[str, float] = {}
    for row in rows:
        name = _name(row, others)
        sums[name] = sums.get(name, 0) + net(row)
    ranked = sorted(sums, key=lambda name: (-sums[name], name))
    shown = ranked[:_MOST_SERIES]
    values = {name: [0.0] * len(steps) for name in [*shown, _REST][: len(ranked)]}
    for row in rows:
        name = _name(row, others)
        values[name if name in shown else _REST][steps.index(_name(row, along))] += net(row)
    figure = Figure(figsize=(_WIDTH, _HEIGHT))
    axes = figure.subplots()
    below = [0.0] * len(steps)
    for name, heights in values.items():
        axes.bar(range(len(steps)), heights, bottom=below, label=name)
        below = [a + b for a, b in zip(below, heights, strict=True)]
    axes.set_xticks(range(len(steps)), steps, rotation=90 if len(steps) > 12 else 0, fontsize=8)
    axes.set_xlabel(" · ".join(along))
    axes.set_ylabel("yuan")
    if others and values:
        axes.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def save(rows: Sequence[dict[str, Any]], by: Sequence[str], path: Path) -> None:
    """A chart into a file; its ending says the format. Raises ChartError."""
    form = path.suffix.lstrip(".").lower()
    if form not in FORMATS:
        endings = ", ".join(f".{name}" for name in FORMATS)
        raise ChartError(f"{path}: no chart of this kind", f"endings: {endings}")
    try:
        path.write_bytes(draw(rows, by, form))
    except OSError as error:
        raise ChartError(f"{path}: {error.strerror}", "nothing else was changed") from error
