"""Taps: APDUs and bytes of each transaction, simulated time, heap and hotlist on the virtual Pico.

make bench-tap; the tables go into docs/benchmarks.md. Counts are exact, time is simulated.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (".", "firmware", "native", "tests/shim", "tests/device", "tests/power")
sys.path[:0] = [str(ROOT / folder) for folder in FOLDERS]

import virtual  # noqa: E402

virtual.install()

from onecard.build import image_of  # noqa: E402
from onecard.sim.rp2040 import FLASH_SIZE  # noqa: E402
from onecard.sim.worlds.base import JOURNAL_SIZE  # noqa: E402
from onecard.sim.worlds.pico import PicoWorld  # noqa: E402
from pico_repl import open_repl  # noqa: E402
from pico_rig import K, Rig  # noqa: E402
from ram_flash import RamFlash  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from shop import Direct  # noqa: E402
from terminal.hotlist import Hotlist  # noqa: E402
from test_tears import KINDS  # noqa: E402

from tests.bench.native_report import write  # noqa: E402
from tests.bench.pico_figures import card, mean, ram_free, taps  # noqa: E402
from tests.bench.readers import markdown  # noqa: E402

HEAD = """## Taps

Written by `make bench-tap`. APDUs and bytes are exact; time is simulated, on the virtual Pico with
the UF2 that is flashed. The floor is air, card, reader's wire and own time, and flash.

"""
MARKS = "taps: begin, written by make bench-tap", "taps: end"
HOTLISTED = 100_000
HOTLIST_SECTORS = 146
SCRIPT = ROOT / "tests" / "device" / "tap_costs.py"


class Counting(Direct):
    """Counts what passes."""

    def __init__(self, a_card) -> None:
        super().__init__(a_card)
        self.sent = self.received = 0
        self.commands: list[str] = []

    async def exchange(self, command, expected=0):
        answer = await super().exchange(command, expected)
        self.sent += len(command)
        self.received += len(answer)
        self.commands.append(f"{command[1]:02X}")
        return answer


def apdu_table() -> Table:
    """What each kind of transaction asks of the card."""
    table = Table("transaction", "APDUs", "bytes out", "bytes back", "instructions",
                  title="APDUs of a transaction")  # fmt: skip
    for name, (make_shop, make_card, make_order, wrap) in KINDS.items():
        if wrap is not None:
            continue  # the same commands
        shop, target = make_shop(), Counting(make_card())
        virtual.run(shop.engine.run(target, make_order()))
        table.add_row(name, str(target.count), str(target.sent), str(target.received),
                      " ".join(target.commands))  # fmt: skip
    return table


def long_hotlist() -> tuple[bytes, list[bytes]]:
    """Flash with 100,000 cards, and their serials."""
    serials = [bytes.fromhex(f"0310999{number:013d}") for number in range(HOTLISTED)]
    flash = RamFlash(HOTLIST_SECTORS)
    with tempfile.TemporaryDirectory() as folder:
        Hotlist(flash, f"{folder}/h").apply(0, 1, b"".join(serials), b"")
    return bytes(flash.data), serials


def device_rows(table: Table) -> None:
    """Heap of a purchase and time of a look-up."""
    world = open_repl(PicoWorld(image_of("rp2_pico")))
    world.exec(SCRIPT.read_text())
    world.field.place(card(1, 0.0))
    said = world.exec(f"tap_heap(5, {K.hex()!r})", ms=30_000)
    heaps = [int(n) for n in re.findall(r"heap approved (\d+)", said)]
    table.add_row("heap a purchase takes after warm-up, bytes", f"{max(heaps[1:]):,}", "0")
    image, serials = long_hotlist()
    start = FLASH_SIZE - JOURNAL_SIZE
    world.bench.mcu.flash[start : start + len(image)] = image
    asked = [serials[n].hex() for n in range(0, HOTLISTED, HOTLISTED // 10)]
    asked += [f"99{n:018d}" for n in range(10)]
    said = world.exec(f"look_up({HOTLIST_SECTORS}, 1, {asked!r})", ms=30_000)
    mount = re.search(r"mount (\d+) (\d+) 1", said)
    found = re.findall(r"look-up (\d+) ([01])", said)
    assert mount and int(mount[2]) == HOTLISTED, said
    assert [int(is_in) for _, is_in in found] == [1] * 10 + [0] * 10
    worst = max(int(us) for us, _ in found)
    table.add_row(f"hotlist of {HOTLISTED:,}, flash, bytes", f"{len(image):,}", "600,000")
    table.add_row("look-up in it, at most, ms", f"{worst / 1000:.2f}", "2")
    table.add_row("mounting it, ms", f"{int(mount[1]) / 1000:.0f}", "")
    world.close()


def pico_table() -> Table:
    """A purchase on the virtual Pico, PN532 on HSU."""
    table = Table("figure", "ours", "goal", title="A purchase on the virtual Pico, PN532 on HSU")
    rig = Rig(image_of("rp2_pico"))
    rig.provision()
    for name, apdu_us in (("card of 10 ms", 10_000.0), ("card of 0 ms", 0.0)):
        found = taps(rig, card(1, apdu_us), 5)
        durable, floor = mean([t.durable_ms for t in found]), mean([t.floor_ms for t in found])
        goal = "100" if apdu_us else ""
        table.add_row(f"{name}: tap to durable, ms", f"{durable:.1f}", goal)
        table.add_row(f"{name}: floor, ms", f"{floor:.1f}", "")
        table.add_row(f"{name}: our share, ms", f"{durable - floor:.1f}", "10")
        table.add_row(f"{name}: over the floor", f"{durable / floor:.2f}", "1.10")
    table.add_row("RAM free, provisioned, bytes", f"{ram_free(rig):,}", "120,000")
    rig.world.close()
    device_rows(table)
    return table


def main() -> None:
    """Measure, print and write."""
    tables = [apdu_table(), pico_table()]
    for table in tables:
        Console(width=130).print(table)
    part = HEAD + "\n".join(markdown(table) for table in tables)
    write(ROOT / "docs" / "benchmarks.md", part, MARKS)


if __name__ == "__main__":
    main()
