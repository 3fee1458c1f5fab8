"""Readers: bytes, turns and simulated time of an offline purse purchase, beside floor and peers.

In process and in virtual time, where our own code takes none, and with --pico on the virtual Pico,
where it does; then the tables go into docs/benchmarks.md. Bytes and turns are exact counts. A turn
is a change of direction on a UART, a transaction on I2C, a chip select on SPI.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "shim"), str(ROOT / "tests" / "device")]

import virtual  # noqa: E402

virtual.install()

from onecard.sim.cards.base import status  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from tests.bench.native_report import write  # noqa: E402
from tests.chip.readers import Bench, Echo  # noqa: E402

HEAD = """## Readers and the SAM slot

Written by `make bench-readers`. Bytes and turns (changes of direction, transactions, chip
selects) are exact; time is simulated. In process our own code takes none, on the virtual Pico
it does. Looks at a chip while the card is at work are bytes on the wire beside the air, so a
polled bus can be below 1. Adafruit's driver is told the size of each answer and looks every 10
ms; nfcpy runs ISO/IEC 14443-4 itself. On HSU 312 bytes in 10 turns is what the PN532's protocol
takes.

"""
MARKS = "readers: begin, written by make bench-readers", "readers: end"

# SELECT, READ BINARY, INITIALIZE FOR PURCHASE, DEBIT: bytes out and back, as for a JT/T 978 purse.
APDUS = ((14, 51), (5, 32), (17, 17), (21, 10))
KINDS = (
    "pn532-hsu", "pn532-i2c", "pn532-i2c+irq", "pn532-spi", "pn532-spi+irq", "pn532-thru",
    "mfrc522-spi", "mfrc522-spi+irq", "mfrc522-i2c", "mfrc522-uart",
)  # fmt: skip
IN_DATA_EXCHANGE = 0x40


class Sized(Echo):
    """Answers of the given sizes, at once."""

    def __init__(self) -> None:
        super().__init__(fwi=7)
        self.sizes = [back for _, back in APDUS]
        self.count = 0

    def process(self, apdu: bytes) -> bytes:
        self.count += 1
        return bytes(range(self.sizes[(self.count - 1) % 4] - 2)) + status(0x9000)


@dataclass
class Figures:
    """Of one purchase: activation and four APDUs."""

    bytes: int = 0
    turns: int = 0
    wire_us: float = 0.0
    total_us: float = 0.0
    air_us: float = 0.0


class Meter:
    """Counts on a bench's bus between reset() and read()."""

    def __init__(self, bench: Bench) -> None:
        self._bench, self._bus = bench, bench.bus
        self._turns, self._way = 0, ""
        bus = bench.bus
        if hasattr(bus, "from_part"):
            bus.to_part, bus.from_part = self._way_of("out"), self._way_of("in")
        elif hasattr(bus, "starts"):
            pass
        else:
            bench.wiring.line(17).listen(self._selected)
        self.reset()

    def _way_of(self, way: str):
        def passed(data: bytes) -> bytes:
            if way != self._way:
                self._way, self._turns = way, self._turns + 1
            return data

        return passed

    def _selected(self, level: bool) -> None:
        self._turns += not level

    def _count(self) -> int:
        bus = self._bus
        if hasattr(bus, "count"):
            return bus.count
        return bus.written + bus.received + getattr(bus, "starts", 0)

    def reset(self) -> None:
        self._turns = 0
        if hasattr(self._bus, "starts"):
            self._bus.starts = 0
        self._start = self._count(), virtual.clock.now_s, self._bench.field.air_us

    def read(self) -> Figures:
        bus, (count, start_s, air_us) = self._bus, self._start
        size = self._count() - count
        if hasattr(bus, "count"):
            wire_us = size * 8e6 / bus.baudrate
        elif hasattr(bus, "starts"):
            wire_us = size * 9e6 / bus.freq
        else:
            wire_us = size * 10e6 / bus.baudrate
        turns = getattr(bus, "starts", 0) or self._turns
        total_us = (virtual.clock.now_s - start_s) * 1e6
        return Figures(size, turns, wire_us, total_us, self._bench.field.air_us - air_us)


def ours(kind: str) -> Figures:
    """One purchase with our driver; the card lies there when the search begins."""

    async def session() -> Figures:
        bench = Bench(kind, **({} if "mfrc" in kind or "thru" in kind else {"has_type_b": False}))
        await bench.reader.start()
        bench.field.place(Sized())
        meter = Meter(bench)
        target = await bench.reader.poll(1000)
        for out, back in APDUS:
            answer = await target.exchange(bytes(out), back if out != 14 else 0)
            assert len(answer) == back
        return meter.read()

    return virtual.run(session())


def adafruit(link: str) -> Figures:
    """The same with Adafruit's driver, told the size of each answer."""
    from tests.peers.adafruit import open_driver

    async def session() -> Figures:
        bench, driver = open_driver(link)
        bench.field.place(Sized())
        meter = Meter(bench)
        assert driver.read_passive_target(timeout=1) is not None
        for out, back in APDUS:
            answer = driver.call_function(
                IN_DATA_EXCHANGE, params=b"\x01" + bytes(out), response_length=back + 1
            )
            assert answer is not None and len(answer) == back + 1
        return meter.read()

    return virtual.run(session())


def nfcpy() -> Figures:
    """The same with nfcpy, which runs ISO/IEC 14443-4 itself over raw frames; HSU only.

    In real time on a pseudo-terminal: bytes and turns count, time does not.
    """
    import nfc
    from nfc.clf import RemoteTarget
    from nfc.tag import activate

    from tests.peers.pn532_pty import PN532OnPty
    from tests.peers.test_pn532_peers import open_nfcpy

    with PN532OnPty() as reader:
        reader.field.place(Sized())
        device = open_nfcpy(reader)
        before = len(reader.log)
        clf = nfc.ContactlessFrontend()
        clf.device, clf.target = device, device.sense_tta(RemoteTarget("106A"))
        tag = activate(clf, clf.target)
        for out, back in APDUS:
            assert len(tag.transceive(bytes(out))) == back
        lines = reader.log[before:]
        device.close()
    size = sum(len(bytes.fromhex(line[2:])) for line in lines)
    turns = sum(a[0] != b[0] for a, b in zip(["x", *lines], lines, strict=False))
    return Figures(size, turns, size * 10e6 / 921600)


def floor_us(figures: Figures) -> float:
    """What no driver saves: the bytes on the wire at that speed and the air."""
    return figures.wire_us + figures.air_us


def table_of_purchases() -> Table:
    table = Table(
        "reader", "bytes", "turns", "wire, us", "air, us", "all, us", "an APDU, us",
        "all / (wire + air)",
        title="A purchase (activation, 4 APDUs, a card without time of its own), virtual time",
    )  # fmt: skip
    for kind in KINDS:
        found = ours(kind)
        table.add_row(
            kind, f"{found.bytes}", f"{found.turns}", f"{found.wire_us:,.0f}",
            f"{found.air_us:,.0f}", f"{found.total_us:,.0f}", f"{found.total_us / 4:,.0f}",
            f"{found.total_us / floor_us(found):.2f}",
        )  # fmt: skip
    for link in ("hsu", "i2c", "spi"):
        found = adafruit(link)
        table.add_row(
            f"Adafruit, {link}", f"{found.bytes}", f"{found.turns}", f"{found.wire_us:,.0f}",
            f"{found.air_us:,.0f}", f"{found.total_us:,.0f}", f"{found.total_us / 4:,.0f}",
            f"{found.total_us / floor_us(found):.2f}",
        )  # fmt: skip
    found = nfcpy()
    table.add_row("nfcpy, hsu", f"{found.bytes}", f"{found.turns}", f"{found.wire_us:,.0f}")
    return table


def goals() -> Table:
    """The rows of design section 6 and the comparison with both peers."""
    table = Table("goal", "measured", "asked", "met")
    hsu, spi = ours("pn532-hsu"), ours("pn532-spi+irq")
    polled = ours("pn532-spi")
    peer_hsu, peer_spi, peer_i2c = adafruit("hsu"), adafruit("spi"), adafruit("i2c")
    other = nfcpy()
    i2c = ours("pn532-i2c+irq")
    rows = [
        ("PN532 wire, 4 APDUs, HSU 921600, ms", hsu.wire_us / 1000, 3.6),
        ("PN532 wire, 4 APDUs, SPI 5 MHz with IRQ, ms", spi.wire_us / 1000, 0.7),
        ("PN532 wire, 4 APDUs, SPI 5 MHz polled, ms", polled.wire_us / 1000, 0.7),
        ("HSU: bytes, beside Adafruit", hsu.bytes, peer_hsu.bytes),
        ("HSU: turns, beside Adafruit", hsu.turns, peer_hsu.turns),
        ("HSU: bytes, beside nfcpy", hsu.bytes, other.bytes),
        ("HSU: turns, beside nfcpy", hsu.turns, other.turns),
        ("I2C with IRQ: bytes, beside Adafruit", i2c.bytes, peer_i2c.bytes),
        ("I2C with IRQ: turns, beside Adafruit", i2c.turns, peer_i2c.turns),
        ("SPI with IRQ: bytes, beside Adafruit", spi.bytes, peer_spi.bytes),
        ("SPI with IRQ: turns, beside Adafruit", spi.turns, peer_spi.turns),
    ]
    for name, measured, asked in rows:
        met = "equal" if measured == asked else "yes" if measured < asked else "no"
        table.add_row(name, f"{measured:.4g}", f"{asked:.4g}", met)
    return table


def pico_table() -> Table:
    """Taps on the virtual Pico: from the card's coming to the durable result."""
    from onecard.build import image_of
    from onecard.sim.terminal_parts import READERS
    from pico_rig import NOW_S, K, PurseCard, Rig

    table = Table("reader", "durable, ms", "air, ms", "card, ms", "rest, ms", title="Virtual Pico")
    first = Rig(image_of("rp2_pico"))
    first.provision()
    first.world.run(500)
    flash = first.world.flash_image()
    first.world.close()
    for kind in READERS:
        rig = Rig(flash=flash, reader=kind)
        rig.serve()
        rig.session().set_time(NOW_S)
        rig.world.run(300)
        field, times = rig.world.field, []
        for number in range(3):
            one = PurseCard.make(
                serial=bytes.fromhex("0310999000000000") + number.to_bytes(2, "big"),
                balance=90_000, dpk=K, apdu_us=10_000.0,
            )  # fmt: skip
            rig.world.run(200 + 17 * number)
            before = field.air_us, field.card_us, len(rig.world.flash_operations)
            start_us = rig.world.us
            field.place(one)
            count = before[2] + 2
            rig.world.run(1500, lambda n=count, w=rig.world: len(w.flash_operations) >= n, 0.25)
            times.append(
                (
                    (rig.world.us - start_us) / 1000,
                    (field.air_us - before[0]) / 1000,
                    (field.card_us - before[1]) / 1000,
                )
            )
            rig.wait_screen("支付成功")
            field.remove()
            rig.wait_screen("请刷卡")
        durable, air, card = (sum(column) / len(times) for column in zip(*times, strict=True))
        table.add_row(
            kind, f"{durable:.1f}", f"{air:.1f}", f"{card:.1f}", f"{durable - air - card:.1f}"
        )
        rig.world.close()
    return table


def sam_table() -> Table:
    """A PSAM's answer to READ BINARY (terminal number) by its speed; the card takes 2 ms."""
    import contact
    from onecard.sim.cards.psam import Psam
    from onecard.sim.chips.iso7816_atr import Profile

    table = Table(
        "SAM", "baud", "characters", "us", "floor, us", "over floor",
        title="READ BINARY of a PSAM over T=0, virtual time",
    )  # fmt: skip
    command = "00B0960006"
    for name, profile in (
        ("as after reset", Profile()),
        ("38400 from reset", Profile(reset_etu=93)),
        ("TA1 18, by PPS", Profile(ta1=0x18)),
        ("TA1 97, by PPS", Profile(ta1=0x97)),
    ):

        async def test(bench):
            await bench.slot.power_on()
            start_s, count = virtual.clock.now_s, bench.wire.count
            await bench.exchange(command)
            took_us = (virtual.clock.now_s - start_s) * 1e6
            return took_us, bench.wire.count - count, bench.slot.baud

        options = {"reset_etus": (372, 93)} if profile.reset_etu == 93 else {}
        (took_us, count, baud), _ = contact.play(
            test, Psam(apdu_us=2000.0), profiles=[profile], **options
        )
        floor = 2000 + count * 12e6 / baud
        table.add_row(
            name, f"{baud}", f"{count}", f"{took_us:,.0f}", f"{floor:,.0f}",
            f"{took_us / floor:.2f}",
        )  # fmt: skip
    return table


def markdown(table: Table) -> str:
    """The same table for a file."""
    rows = [[str(column.header) for column in table.columns]]
    rows.append(["---"] + ["---:"] * (len(table.columns) - 1))
    rows += [list(row) for row in zip(*(c.cells for c in table.columns), strict=True)]
    rows = [[*row] for row in rows]
    text = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return f"{table.title or 'Goals'}:\n\n{text}\n"


def main() -> None:
    """Measure and print; with --pico also write."""
    tables = [goals(), table_of_purchases(), sam_table()]
    if "--pico" in sys.argv:
        tables.append(pico_table())
    console = Console(width=130)
    for table in tables:
        console.print(table)
    if "--pico" in sys.argv:
        part = HEAD + "\n".join(markdown(t) for t in tables)
        write(ROOT / "docs" / "benchmarks.md", part, MARKS)


if __name__ == "__main__":
    main()
