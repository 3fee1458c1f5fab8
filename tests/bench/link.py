"""Pull, flash and a fleet of forty beside mpremote, in one run; into docs/benchmarks.md.

make bench-link; one part alone: python tests/bench/link.py unix, or pico. Bytes and turns are
exact. Seconds on the unix port are the machine's; on the virtual Pico they are simulated, and the
share of the line rate is against a script that does nothing but send bytes over the same port.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (".", "firmware", "native", "tests/shim", "tests/bench", "tests/device")
sys.path[:0] = [str(ROOT / folder) for folder in FOLDERS]

import virtual  # noqa: E402

virtual.install()

from inproc import DTK, JOURNAL_KEY, TERMINAL, K  # noqa: E402
from onecard.build import image_of  # noqa: E402
from onecard.devices import Search, scan  # noqa: E402
from onecard.flash import Job, find_wanted, run_all  # noqa: E402
from onecard.flash.terminal import Options  # noqa: E402
from onecard.fleet.inventory import Row  # noqa: E402
from onecard.fleet.provisioning import assign, provision_all  # noqa: E402
from onecard.keystore import Keystore, PurseKeys  # noqa: E402
from onecard.link import LinkClient, open_port  # noqa: E402
from onecard.pull import pull  # noqa: E402
from onecard.settings import Settings  # noqa: E402
from onecard.sim.rp2040 import FLASH_SIZE  # noqa: E402
from onecard.sim.session import Session  # noqa: E402
from onecard.sim.worlds.base import JOURNAL_SIZE, JOURNAL_START  # noqa: E402
from onecard.sim.worlds.pico_port import PicoPort  # noqa: E402
from onecard.sim.worlds.unix import UnixWorld  # noqa: E402
from onecard.store import Store  # noqa: E402
from onecard.update import update  # noqa: E402
from pico_rig import Rig  # noqa: E402
from ports import Prompt  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from updates import KEY, signed  # noqa: E402

from tests.bench.journal_ours import Canteen  # noqa: E402
from tests.bench.link_wire import Counting, Counts, mpremote_over  # noqa: E402
from tests.bench.native_report import write  # noqa: E402
from tests.bench.readers import markdown  # noqa: E402

SEED = 20261127
PURCHASES, PICO_PURCHASES = 12_000, 300
PICO_FILE = 8 * 1024  # its littlefs has 32 KiB
FLEET = 40
# Modules that the bundle brings: each is given another docstring.
CHANGED = ("app", "config", "hotlist", "online", "rules", "shift", "till", "update")
MARKS = "link: begin, written by make bench-link", "link: end"
HEAD = f"""## The link: pull, flash, forty terminals

Written by `make bench-link`, seed {SEED}. One run; bytes and turns (from host to device and back
is one) are exact, of our client on a counting port and of mpremote's own transport on the same
kind of port. Seconds on the unix port are the machine's and of one run; on the virtual Pico they
are simulated, and the share of what the port carries is against a script that only sends. The
seconds of an update in full are mostly those of its restart.
mpremote's times are those of a stock MicroPython that does nothing else.

"""
COLUMNS = (
    "", "payload, bytes", "wire ÷ payload", "turns a KiB", "s", "of what the port carries",
)  # fmt: skip
LINK_KEY = bytes(range(16, 32))


@dataclass
class Row_:
    """One line of the table. size: payload bytes."""

    name: str
    size: int
    counts: Counts
    share: float | None = None


def keystore() -> Keystore:
    """Its journal key is that of the filled journal."""
    keys = {TERMINAL: {"link": LINK_KEY, "journal": JOURNAL_KEY}}
    return Keystore(b"", PurseKeys(K, DTK), "technician", 0, keys)


def filled(purchases: int) -> bytes:
    """The flash of a journal after so many keyed-in purchases by the real engine."""
    canteen = Canteen(True, 256, SEED)
    for _ in range(purchases):
        canteen.sell()
        canteen.shop.journal.prepare()
    return bytes(canteen.shop.nor.image())


@contextmanager
def unix_terminal(folder: Path, journal: bytes | None = None) -> Iterator[UnixWorld]:
    """A provisioned terminal of the unix port; its journal is put in while it is off."""
    world = UnixWorld(image_of("unix"), folder, time_scale=0.0)
    session = Session(world, {})
    try:
        session.call(world.power_on)
        with LinkClient(open_port(world.link_path), 20) as client:
            client.hello()
            fields = keystore().provision_fields(TERMINAL)
            client.provision(fields, Settings(price=1, update_roots=KEY.root).wire)
        if journal is not None:
            session.call(world.power_off)
            session.call(lambda: _put(world, journal))
            session.call(world.power_on)
        yield world
    finally:
        session.close()


def _put(world: UnixWorld, journal: bytes) -> None:
    world.flash.memory[JOURNAL_START : JOURNAL_START + JOURNAL_SIZE] = journal


def _size(store: Store) -> int:
    return sum(len(item.raw) for item in store.records(TERMINAL))


def pull_unix(folder: Path, journal: bytes) -> list[Row_]:
    """Our pull over a pseudo-terminal: everything, and again with nothing new."""
    rows = []
    with unix_terminal(folder / "pull", journal) as world, Store(folder / "s.duckdb") as store:
        for name in ("everything", "nothing new"):
            before = _size(store) if name != "everything" else 0
            wire = Counting(open_port(world.link_path))
            with LinkClient(wire, 20) as client:
                wire.start()
                pull(client, keystore(), store)
                counts = wire.stop()
            rows.append(Row_(f"onecard pull, {name}", _size(store) - before, counts))
    return rows


def mpremote_unix(data: bytes, folder: Path) -> Row_:
    """`mpremote cp :f .` of as many bytes from a stock MicroPython on a pseudo-terminal."""
    file = folder / "log.bin"
    file.write_bytes(data)
    prompt = Prompt()
    try:
        wire = Counting(open_port(prompt.path))
        transport = mpremote_over(wire)
        wire.start()
        got = transport.fs_readfile(str(file))
        counts = wire.stop()
        assert bytes(got) == data
        wire.close()
    finally:
        prompt.close()
    return Row_("mpremote cp :f .", len(data), counts)


# -- the virtual Pico -------------------------------------------------------------------------


def pico(journal: bytes, folder: Path) -> list[Row_]:
    """Pull, the floor and mpremote on the same virtual Pico, in simulated time."""
    rig = Rig(image_of("rp2_pico"))
    rig.keystore = keystore()
    rig.client = lambda: LinkClient(PicoPort(rig.world), 600)  # it is emulated, and slow
    rig.provision()
    flash = bytearray(rig.world.flash_image())
    flash[FLASH_SIZE - JOURNAL_SIZE :] = journal
    rig.world.close()
    rig = Rig(None, bytes(flash))
    rig.serve()
    world = rig.world
    now_s = lambda: world.us / 1e6  # noqa: E731
    with Store(folder / "pico.duckdb") as store:
        wire = Counting(PicoPort(world), now_s)
        client = LinkClient(wire, 300)
        wire.start()
        pull(client, keystore(), store)
        ours, size = wire.stop(), _size(store)
        data = b"".join(item.raw for item in store.records(TERMINAL))[:PICO_FILE]
    client.service()
    world.run(3000)
    world.link_read()
    wire = Counting(PicoPort(world), now_s)
    transport = mpremote_over(wire)
    transport.exec("import sys\nb = bytes(4096)\nw = sys.stdout.buffer.write")
    wire.start()
    transport.exec("for _ in range(16): w(b)")
    floor = wire.stop()
    transport.fs_writefile("log.bin", data)
    wire.start()
    assert bytes(transport.fs_readfile("log.bin")) == data
    peer = wire.stop()
    rate = 65536 / floor.seconds
    world.close()
    return [
        Row_("a script that only sends", 65536, floor, 1.0),
        Row_("onecard pull", size, ours, size / ours.seconds / rate),
        Row_("mpremote cp :f .", len(data), peer, len(data) / peer.seconds / rate),
    ]


# -- flash ------------------------------------------------------------------------------------


def flashing(folder: Path) -> list[Row_]:
    """An update in full and with equal hashes; mpremote's way with as many bytes of files."""
    rows = []
    made = signed(folder / "made", **{name: ('"""', '""" ') for name in CHANGED})
    made.save(folder / "made.ocb")
    with unix_terminal(folder / "flash") as world:
        search = Search((world.link_path,), is_usb=False)
        wires: list[Counting] = []

        def client() -> LinkClient:
            wires.append(Counting(open_port(world.link_path)))
            return LinkClient(wires[-1], 5)

        for name in ("in full", "hashes are equal"):
            wires.clear()
            begun_s = time.monotonic()
            result = update(client, keystore(), made)
            counts = Counts(
                sum(w.counts.out for w in wires),
                sum(w.counts.back for w in wires),
                sum(w.counts.turns for w in wires),
                time.monotonic() - begun_s,
            )
            rows.append(Row_(f"onecard update, {name}", result.sent or len(made.image), counts))
        found = scan(search, keystore(), 1.0)
        begun_s = time.monotonic()
        (done,) = run_all(
            [Job(one) for one in found], find_wanted([folder / "made.ocb"]),
            Options(search, keystore()), every_s=0.01,
        )  # fmt: skip
        assert done.result == "unchanged", done
        quick = Counts(seconds=time.monotonic() - begun_s)
        rows.append(Row_("onecard flash, hashes are equal", len(made.image), quick))
    return rows + _mpremote_push(folder, made.image)


def _mpremote_push(folder: Path, data: bytes) -> list[Row_]:
    prompt = Prompt()
    path = str(folder / "pushed.bin")
    try:
        wire = Counting(open_port(prompt.path))
        transport = mpremote_over(wire)
        wire.start()
        transport.fs_writefile(path, data)
        full = wire.stop()
        wire.start()
        transport.fs_hashfile(path, "sha256")
        same = wire.stop()
        wire.close()
    finally:
        prompt.close()
    return [
        Row_("mpremote cp f :, in full", len(data), full),
        Row_("mpremote cp f :, SHA-256 is equal", len(data), same),
    ]


# -- forty ------------------------------------------------------------------------------------


def fleet(folder: Path) -> list[tuple[str, float, float]]:
    """(what, seconds to the first tick, seconds to the last) for forty terminals at once."""
    office = Keystore(bytes(32), PurseKeys(K, DTK))
    hub = folder / "hub"
    hub.mkdir()
    sessions = []
    for number in range(FLEET):
        world = UnixWorld(image_of("unix"), folder / f"t{number}", time_scale=0.0)
        sessions.append(Session(world, {}))
        sessions[-1].call(world.power_on)
        (hub / f"t{number:02d}").symlink_to(world.link_path)
    try:
        return _fleet_runs(office, Search((), hub, is_usb=False), folder)
    finally:
        for session in sessions:
            session.close()


def _fleet_runs(office: Keystore, search: Search, folder: Path) -> list[tuple[str, float, float]]:
    settings = Settings(price=100, update_roots=KEY.root)
    numbers = [f"{n:012d}" for n in range(1, FLEET + 1)]
    rows = [Row(number, settings) for number in numbers]
    out = []
    begun_s = time.monotonic()
    ticks: list[float] = []

    def tick(*_: object) -> None:
        ticks.append(time.monotonic() - begun_s)

    found = scan(search, None, 3.0)
    assert sum(one.kind == "terminal" for one in found) == FLEET, found
    done = provision_all(assign(rows, found, True), office, 30.0, tell=tick)
    assert {one.result for one in done} == {"new"}, done
    out.append(("devices and provision --assign", ticks[0], ticks[-1]))
    begun_s = time.monotonic()
    jobs = [Job(one) for one in scan(search, office, 3.0)]
    ended: dict[str, float] = {}

    def watch() -> None:
        for job in jobs:
            if job.outcome is not None:
                ended.setdefault(job.found.device, time.monotonic() - begun_s)

    chosen = Options(search, office, timeout_s=30.0)
    outcomes = run_all(jobs, find_wanted([folder / "made.ocb"]), chosen, watch, 16, 0.01)
    assert {one.result for one in outcomes} == {"done"}, outcomes
    out.append(("flash --all, in full", min(ended.values()), max(ended.values())))
    ended.clear()
    begun_s = time.monotonic()
    jobs[:] = [Job(one) for one in scan(search, office, 3.0)]
    outcomes = run_all(jobs, find_wanted([folder / "made.ocb"]), chosen, watch, 16, 0.01)
    assert {one.result for one in outcomes} == {"unchanged"}, outcomes
    out.append(("flash --all, hashes are equal", min(ended.values()), max(ended.values())))
    return out


# -- telling ----------------------------------------------------------------------------------


def _table(title: str, rows: list[Row_], goal: str) -> Table:
    table = Table(title=title)
    for name in COLUMNS:
        table.add_column(name)
    for row in rows:
        ratio = f"{row.counts.both / row.size:.3f}" if row.counts.both and row.size else ""
        turns = f"{row.counts.per_kib(row.size):.3f}" if row.counts.both and row.size else ""
        share = "" if row.share is None else f"{row.share:.0%}"
        if row.size < 100:
            ratio, turns = f"{row.counts.both} bytes", f"{row.counts.turns} turns"
        table.add_row(row.name, f"{row.size:,}", ratio, turns, f"{row.counts.seconds:.2f}", share)
    table.add_row("goal", "", *goal.split("|"))
    return table


def unix_tables(folder: Path) -> list[Table]:
    """Pull, flash and the fleet on the unix port."""
    print("pull on the unix port")
    ours = pull_unix(folder, filled(PURCHASES))
    print("mpremote on the unix port")
    with Store(folder / "s.duckdb") as store:
        data = b"".join(item.raw for item in store.records(TERMINAL))
    rows = [*ours, mpremote_unix(data, folder)]
    tables = [_table("Pull, unix port over a pseudo-terminal", rows, "1.02|0.05||")]
    print("updates")
    tables.append(_table("Flash, unix port", flashing(folder), "1.02||< 1, equal|"))
    print("forty terminals")
    forty = Table("", "first tick, s", "last tick, s", title=f"{FLEET} terminals, unix port")
    for what, first, last in fleet(folder):
        forty.add_row(what, f"{first:.1f}", f"{last:.1f}")
    return [*tables, forty]


def pico_tables(folder: Path) -> list[Table]:
    """Pull on the virtual Pico."""
    print("the virtual Pico")
    rows = pico(filled(PICO_PURCHASES), folder)
    return [_table("Pull, virtual Pico, simulated time", rows, "1.02|0.05||95 %")]


PARTS = {"unix": unix_tables, "pico": pico_tables}


def main(parts: list[str]) -> None:
    """Measure these parts (all, if none is named), print them; write all that were measured."""
    kept = ROOT / "build" / "bench-link"
    kept.mkdir(parents=True, exist_ok=True)
    console = Console(width=130)
    for name in parts or list(PARTS):
        with tempfile.TemporaryDirectory() as folder:
            tables = PARTS[name](Path(folder))
        for table in tables:
            console.print(table)
        (kept / f"{name}.md").write_text("\n".join(markdown(table) for table in tables))
    texts = [kept / f"{name}.md" for name in PARTS]
    whole = HEAD + "\n".join(file.read_text() for file in texts if file.exists())
    write(ROOT / "docs" / "benchmarks.md", whole.rstrip(), MARKS)


if __name__ == "__main__":
    main(sys.argv[1:])
