"""Scenes on the virtual Pico: RAM of each, and a tap under the largest settings that there are.

make bench-scenes; the tables go into docs/benchmarks.md. Bytes are exact, time is simulated.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in (".", "tests/device", "tests/shim")]

from largest import largest  # noqa: E402
from onecard.build import image_of  # noqa: E402
from onecard.lent import with_glyphs  # noqa: E402
from onecard.link import LinkClient  # noqa: E402
from onecard.settings import load  # noqa: E402
from onecard.settings.fields import SCENES  # noqa: E402
from onecard.sim.worlds.pico_port import PicoPort  # noqa: E402
from pico_rig import NOW_S, TERMINAL, K, PurseCard, Rig  # noqa: E402
from rich.console import Console  # noqa: E402

from tests.bench.native_report import table, write  # noqa: E402

MARKS = "scenes: begin, written by make bench-scenes", "scenes: end"
HEAD = """## Scenes

Written by `make bench-scenes`, on the virtual Pico with the UF2 that is flashed. RAM: what the
terminal itself says is free after a collection, with the settings of docs/examples and a host
connected (goal: 120,000 bytes or more).

"""
TAP_HEAD = """
A canteen with as much of everything as its settings take: {sizes}. {size:,} bytes of JSON; a card
that takes 10 ms an APDU. Milliseconds from the card's coming (goal: 100 to the durable record).

"""
TAPS = 9
PATIENCE_S = 120.0


def patient(rig: Rig) -> LinkClient:
    """A client that gives the emulator its time; the clock is set."""
    client = LinkClient(PicoPort(rig.world), PATIENCE_S)
    client.hello()
    client.authenticate(rig.keystore.link_key(TERMINAL))
    client.set_time(NOW_S)
    return client


def ram_of_scenes(flash: bytes) -> list[tuple[str, int, int]]:
    """(scene, bytes of settings as sent, bytes free) of each: one Pico, one after the other."""
    rig, rows = Rig(flash=flash), []
    rig.serve()
    client = patient(rig)
    for scene in SCENES:
        values = with_glyphs(load(ROOT / "docs" / "examples" / f"{scene}.toml").wire)
        client.configure(values)
        rig.world.run(700)
        rows.append((scene, len(json.dumps(values).encode()), client.status().ram_free_bytes))
        print(rows[-1], file=sys.stderr)
    rig.world.close()
    return rows


def tap_times(flash: bytes, values: dict[str, Any]) -> tuple[list[tuple[float, ...]], int]:
    """(durable, sounded, drawn) ms of TAPS taps, and the RAM that is free then."""
    rig = Rig(flash=flash)
    rig.serve()
    client = patient(rig)
    client.configure(values)
    rig.wait_screen("请刷卡", 20_000)
    rig.world.run(2000)
    out = []
    for number in range(TAPS):
        serial = bytes.fromhex("0310999000000000") + number.to_bytes(2, "big")
        tap = rig.tap(PurseCard.make(serial=serial, balance=9000, dpk=K, apdu_us=10_000.0))
        rig.take_away()
        rig.world.run(300)
        out.append((tap.durable_ms, tap.sound_ms, tap.drawn_ms))
        print(out[-1], file=sys.stderr)
    free = client.status().ram_free_bytes
    rig.world.close()
    return out, free


def main() -> None:
    """Measure and write."""
    first = Rig(image_of("rp2_pico"))
    first.provision()
    first.world.run(500)
    first.world.close()
    flash = first.world.flash_image()
    rows = [(scene, f"{size:,}", f"{free:,}") for scene, size, free in ram_of_scenes(flash)]
    part = HEAD + table(("scene", "settings, bytes", "RAM free, bytes"), rows)
    values = with_glyphs(largest())
    times, free = tap_times(flash, values)
    size = len(json.dumps(values).encode())
    sizes = "8 meals, 60 dishes, 16 classes, 16 operators, 2,000 counted cards, lent glyphs"
    part += TAP_HEAD.format(sizes=sizes, size=size)
    middle = [sorted(column)[len(times) // 2] for column in zip(*times, strict=True)]
    worst = [max(column) for column in zip(*times, strict=True)]
    part += table(
        (f"of {TAPS} taps", "durable", "sounded", "drawn"),
        [
            (name, *(f"{ms:.1f}" for ms in row))
            for name, row in (("median", middle), ("worst", worst))
        ],
    )
    part += f"\nRAM free then: {free:,} bytes.\n"
    write(ROOT / "docs" / "benchmarks.md", part, MARKS)
    Console().print(part, markup=False, highlight=False)


if __name__ == "__main__":
    main()
