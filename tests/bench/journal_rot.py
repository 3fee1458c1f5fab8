"""Bits that flip at rest: what our journal and littlefs make of them.

Both hold the same number of records, all acknowledged as stored; then one bit anywhere in what was
ever written is flipped, everything is mounted and read anew, and what comes is compared.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

from inproc import JOURNAL_KEY, NOW_S, NORBlocks
from littlefs.errors import LittleFSError
from ocwire import record
from onecard import verify
from onecard.sim.flash import SECTOR_SIZE, NORFlash
from terminal.journal import Journal, JournalError

from tests.bench import journal_peers as peers
from tests.bench.journal_ours import Canteen

HARMLESS = "harmless: everything reads as it was"
NOTICED = "noticed"
NEWEST_LOST = "the newest record lost, as in a power cut"
SILENT_LOSS = "records lost, nothing said"
SILENT_CHANGE = "wrong bytes read as good"
RECORDS, SIZE, ROT_SECTORS = 100, 64, 16


class Rot:
    """What came of the flips: verdicts, and the most records that one flip cost."""

    def __init__(self) -> None:
        self.verdicts: Counter[str] = Counter()
        self.most_lost = 0

    def note(self, wanted: list[bytes], found: list[bytes], is_noticed: bool) -> None:
        """Compare; is_noticed: an error was told."""
        lost = len(wanted) - len(set(wanted) & set(found))
        self.most_lost = max(self.most_lost, lost)
        if is_noticed:
            self.verdicts[NOTICED] += 1
        elif found == wanted:
            self.verdicts[HARMLESS] += 1
        elif found == wanted[:-1]:
            self.verdicts[NEWEST_LOST] += 1
        elif found == wanted[: len(found)]:
            self.verdicts[SILENT_LOSS] += 1
        else:
            self.verdicts[SILENT_CHANGE] += 1


def ours(flips: int, seed: int) -> Rot:
    """Purchases in the journal; noticed: by the chain of MACs, the numbers, or the mount."""
    canteen = Canteen(True, 256, seed, ROT_SECTORS)
    while canteen.shop.journal.next_seq <= RECORDS:
        assert canteen.sell()
    image = canteen.shop.nor.image()
    wanted = _read(image)
    out = Rot()
    for flipped in _flips(image, flips, seed):
        try:
            found = _read(flipped)
        except JournalError:
            out.note(_said(wanted), [], True)
            continue
        _, findings = verify.chain(found, JOURNAL_KEY, 0, record.FIRST_MAC)
        out.note(_said(wanted), _said(found), bool(findings))
    return out


def _said(items: list[record.Record]) -> list[bytes]:
    """What records say: behind a gap the MAC of an intent is not known, the intent is."""
    return [bytes((item.kind,)) + item.body for item in items]


def _read(image: bytes) -> list[record.Record]:
    """All records, as a terminal that mounts this flash gives them to the host."""
    nor = NORFlash(len(image))
    nor.load(image)
    journal = Journal(NORBlocks(nor), JOURNAL_KEY, lambda: NOW_S)
    journal.mount()
    out: list[record.Record] = []
    seq = 1
    while True:
        first, raw = journal.read(seq, 2048)
        if not raw:
            return out
        out += record.split(raw, first)
        seq = out[-1].seq + 1


def littlefs(flips: int, seed: int) -> Rot:
    """Records of SIZE bytes appended and flushed; noticed: any error on the way to them."""
    rng = random.Random(seed)
    wanted = [rng.randbytes(SIZE) for _ in range(RECORDS)]
    nor = NORFlash(ROT_SECTORS * SECTOR_SIZE)
    fs = peers.new(nor)
    with fs.open(peers.FILE, "ab", buffering=0) as file:
        for raw in wanted:
            file.write(raw)
            file.flush()
    out = Rot()
    for flipped in _flips(nor.image(), flips, seed):
        found = _read_littlefs(flipped)
        out.note(wanted, found or [], found is None)
    return out


def _read_littlefs(image: bytes) -> list[bytes] | None:
    """The log's records; None if an error is told."""
    nor = NORFlash(len(image))
    nor.load(image)
    try:
        fs = peers.mounted(nor)
        with fs.open(peers.FILE, "rb", buffering=0) as file:
            data = file.readall()
    except (LittleFSError, OSError):
        return None
    return [data[at : at + SIZE] for at in range(0, len(data), SIZE)]


def _flips(image: bytes, count: int, seed: int) -> Iterator[bytes]:
    """The image with one bit flipped, `count` times, in sectors that were ever written."""
    rng = random.Random(seed)
    blank = b"\xff" * SECTOR_SIZE
    starts = range(0, len(image), SECTOR_SIZE)
    written = [start for start in starts if image[start : start + SECTOR_SIZE] != blank]
    bits = [start * 8 + bit for start in written for bit in range(SECTOR_SIZE * 8)]
    for bit in rng.sample(bits, min(count, len(bits))):
        flipped = bytearray(image)
        flipped[bit // 8] ^= 1 << bit % 8
        yield bytes(flipped)
