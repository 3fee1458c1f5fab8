"""A label for each terminal: its number as QR code and in digits, as SVG, PNG and in the shell."""

from __future__ import annotations

import io
from pathlib import Path
from xml.sax.saxutils import escape

import segno

_SCALE = 4
_TEXT_HEIGHT = 26


def text_of(terminal: str) -> str:
    """What the code says: a number to look up, nothing secret."""
    return f"onecard:terminal:{terminal}"


def _code(terminal: str) -> segno.QRCode:
    return segno.make(text_of(terminal), error="m", micro=False)


def write(folder: Path, terminal: str, merchant: str) -> list[Path]:
    """TERMINAL.svg with its texts and TERMINAL.png with the code alone; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    svg, png = folder / f"{terminal}.svg", folder / f"{terminal}.png"
    svg.write_text(_svg(terminal, merchant), encoding="utf-8")
    _code(terminal).save(str(png), scale=_SCALE)
    return [svg, png]


def _svg(terminal: str, merchant: str) -> str:
    code, out = _code(terminal), io.BytesIO()
    code.save(out, kind="svg", scale=_SCALE, xmldecl=False, svgns=False, nl=False)
    width, height = code.symbol_size(scale=_SCALE)
    texts = (" ".join((terminal[:4], terminal[4:8], terminal[8:])), merchant)
    lines = "".join(
        f'<text x="{width / 2:g}" y="{height + 12 + n * _TEXT_HEIGHT / 2:g}" font-size="12" '
        f'font-family="monospace" text-anchor="middle">{escape(text)}</text>'
        for n, text in enumerate(texts)
        if text
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
        f'height="{height + _TEXT_HEIGHT + 6}">{out.getvalue().decode()}{lines}</svg>\n'
    )


def shown(terminal: str) -> str:
    """The code in block characters, for a shell."""
    out = io.StringIO()
    _code(terminal).terminal(out, compact=True)
    return out.getvalue()
