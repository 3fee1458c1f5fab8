"""Figures of the terminal on the virtual Pico, in simulated time, beside the goals of the design.

python tests/bench/pico_figures.py [TAPS]: TAPS for the memory figure, 50 if not given. Exact and
repeatable; nothing here depends on the host's speed.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "device"))

from onecard.build import image_of
from pico_rig import PROGRAM, K, PurseCard, Rig
from rich.console import Console
from rich.table import Table

PHASES_MS = (0, 7, 19, 31, 43)  # where in a polling round the card comes


def card(number: int, apdu_us: float) -> PurseCard:
    """A card of this terminal's scheme with money for many meals."""
    serial = bytes.fromhex("0310999000000000") + number.to_bytes(2, "big")
    return PurseCard.make(serial=serial, balance=90_000, dpk=K, apdu_us=apdu_us)


def ram_free(rig: Rig) -> int:
    """Bytes of heap free after a collection, as STATUS tells."""
    with rig.session() as client:
        return client.status().ram_free_bytes


def taps(rig: Rig, one: PurseCard, count: int) -> list:
    """Taps of one card, each at another moment of the polling round."""
    out = []
    for index in range(count):
        rig.world.run(200 + PHASES_MS[index % len(PHASES_MS)])
        out.append(rig.tap(one))
        rig.world.field.remove()
        rig.world.run(250)
    return out


def mean(values: list[float]) -> float:
    """Their mean."""
    return sum(values) / len(values)


def tap_rows(table: Table, name: str, found: list) -> None:
    """What a series of taps took."""
    durable = [t.durable_ms for t in found]
    floor, share = mean([t.floor_ms for t in found]), mean([t.share_ms for t in found])
    goal = "400 city standard; 100 ours" if "10 ms" in name else "400 city standard"
    table.add_row(f"{name}: result durable, ms", _range(durable), goal)
    table.add_row(f"{name}: sound begins, ms", _range([t.sound_ms for t in found]), "")
    table.add_row(f"{name}: screen drawn, ms", _range([t.drawn_ms for t in found]), goal)
    first = found[0]
    parts = (
        f"{floor:.1f} (air {mean([t.air_ms for t in found]):.1f}, card {first.card_ms:.1f}, "
        f"line {first.wire_ms:.1f}, chip {first.chip_ms:.1f}, flash {first.flash_ms:.1f})"
    )
    table.add_row(f"{name}: floor, ms", parts, "")
    table.add_row(f"{name}: our share, ms", f"{share:.1f}", "10")
    table.add_row(f"{name}: durable / floor", f"{mean(durable) / floor:.2f}", "1.10")


def _range(values: list[float]) -> str:
    return f"{mean(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def main(count: int) -> None:
    """Measure and print."""
    uf2 = image_of("rp2_pico")
    firmware = uf2.parent / "obj" / "firmware.bin"
    table = Table("figure", "ours", "goal", title="OneCard terminal on the virtual Pico")
    table.add_row("firmware.uf2, bytes", f"{uf2.stat().st_size:,}", "")
    table.add_row("firmware.bin, bytes", f"{firmware.stat().st_size:,}", "589,824 (its part)")
    rig = Rig(uf2)
    table.add_row("first boot to screen, ms", f"{rig.boot('终端未初始化'):.0f}", "")
    rig.provision()
    table.add_row("RAM free, provisioned", f"{ram_free(rig):,}", "120,000")
    slow, quick = taps(rig, card(1, 10_000.0), 5), taps(rig, card(2, 0.0), 5)
    tap_rows(table, "card of 10 ms", slow)
    tap_rows(table, "card of 0 ms", quick)
    operations = [op for tap in slow + quick for op in tap.operations]
    programs = [op for op in operations if op[0] == PROGRAM]
    purchases = len(slow + quick)
    table.add_row(
        "flash operations a purchase", f"{len(operations) / purchases:.1f}", "no erase in its path"
    )
    table.add_row("erases in taps", str(len(operations) - len(programs)), "0")
    programmed = sum(op[2] for op in programs) / purchases
    with rig.session() as client:
        size = sum(len(item.raw) for item in client.pull(1)[-2:])
    table.add_row(
        "bytes programmed a purchase",
        f"{programmed:.0f} for {size} of records ({programmed / size:.1f}x)",
        "4x in whole pages",
    )
    left = f"{1316 * 1024 // size:,}"
    table.add_row("records' bytes a purchase, 1.25 MiB holds", left, "36,000")
    taps(rig, card(3, 0.0), max(0, count - purchases))
    table.add_row(f"RAM free, after {count} taps", f"{ram_free(rig):,}", "120,000, no growth")
    rig.world.reboot()
    table.add_row("boot to idle screen, ms", f"{rig.boot('请刷卡'):.0f}", "")
    rig.world.close()
    Console(width=120).print(table)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
