"""A whole terminal (terminal.app.Terminal) whose files, hotlist and journal lie on one simulated
NOR flash, and the host that stores its records. Power may fail in any operation of any of them."""

import random

from inproc import DTK, NOW_S, Buzzer, Display, FieldReader, K
from nor_files import NorFiles, Part
from ocwire import record
from onecard import verify
from onecard.keystore import PurseKeys
from onecard.sim.flash import NORFlash
from terminal import files, keys
from terminal.app import Terminal

FILE_SECTORS, HOTLIST_SECTORS, JOURNAL_SECTORS = 8, 5, 5
PURSE = PurseKeys(K, DTK)
SERIAL_SIZE = 10


class WallClock:
    """A battery-backed clock that stands. It is set as it is asked to."""

    def __init__(self):
        self.now_s = NOW_S

    def read_s(self):
        return self.now_s

    def write_s(self, unix_s):
        self.now_s = unix_s


class _Os(NorFiles):
    """os, as firmware/terminal knows it: the random bytes are the same each time."""

    def __init__(self, nor, count, is_new):
        super().__init__(nor, count, is_new)
        self.urandom = random.Random(1).randbytes


class _Board:
    """What app.Terminal is handed (boards/README.md)."""

    name = "nor"
    root = ""
    allows_reference_crypto = True
    sam_slot = keypad = link_port = None
    journal_page_size = 256
    secret = b"board 1"

    def __init__(self, nor, rtc):
        self.reader, self.rtc = FieldReader(), rtc
        self.display, self.buzzer = Display(), Buzzer()
        self.hotlist_flash = Part(nor, FILE_SECTORS, HOTLIST_SECTORS)
        self.journal_flash = Part(nor, FILE_SECTORS + HOTLIST_SECTORS, JOURNAL_SECTORS)

    @staticmethod
    def reset_cause():
        return 1


class Site:
    """nor: the flash. terminal: since start(). chains: journal key -> records that the host has
    stored under it. rtc: the clock."""

    def __init__(self):
        self.nor = NORFlash((FILE_SECTORS + HOTLIST_SECTORS + JOURNAL_SECTORS) * 4096)
        self.rtc = WallClock()
        self.chains = {}
        _Os(self.nor, FILE_SECTORS, is_new=True)

    def start(self):
        """Power is on: what the boot does, and the idle time behind it."""
        files.open = None  # of no earlier power-up
        own = _Os(self.nor, FILE_SECTORS, is_new=False)
        files.open, files.os, keys.os = own.open, own, own
        self.terminal = Terminal(_Board(self.nor, self.rtc))
        return self.terminal

    def idle(self):
        """Nobody comes: time to erase ahead."""
        if self.terminal.engine is not None:
            self.terminal.journal.prepare()

    # -- the host ---------------------------------------------------------------------

    def pull(self):
        """Store what is new; the records stored now, of the terminal's present key."""
        stored = self.chains.setdefault(self.terminal.keys.journal, [])
        seq = stored[-1].seq + 1 if stored else 1
        while True:
            first, raw = self.terminal.journal.read(seq, 2048)
            if not raw:
                return stored
            stored += record.split(raw, first)
            seq = stored[-1].seq + 1

    def acknowledge(self):
        """All that is stored."""
        last = self.pull()[-1]
        return self.terminal.journal.acknowledge(last.seq, last.mac)

    def judge(self, case):
        """P3, P4: all that is not acknowledged is readable as it was stored; the chain holds from
        the first record to the last; no number is missing."""
        journal, key = self.terminal.journal, self.terminal.keys.journal
        stored = self.pull()
        number = self.terminal.keys.terminal_id.hex().upper()
        report = verify.verify(number, stored, key, PURSE)
        assert [f for f in report.findings if f.kind != verify.OPEN] == [], (case, report.findings)
        assert [item.seq for item in stored] == list(range(1, journal.next_seq)), case
        seq, told = journal.oldest_seq, []
        assert seq <= journal.acked + 1, case
        while seq < journal.next_seq:
            first, raw = journal.read(seq, 4096)
            told += record.split(raw, first)
            seq = told[-1].seq + 1
        assert [item.raw for item in told] == [item.raw for item in stored[-len(told) :]], case

    # -- snapshots ----------------------------------------------------------------------

    def save(self):
        return self.nor.image(), self.rtc.now_s, {k: list(v) for k, v in self.chains.items()}

    def load(self, saved):
        image, self.rtc.now_s, chains = saved
        self.chains = {key: list(stored) for key, stored in chains.items()}
        self.nor.power_on()
        self.nor.load(image)


def serial(number):
    """A card's serial."""
    return number.to_bytes(SERIAL_SIZE, "big")


def serials(numbers):
    """Back to back."""
    return b"".join(serial(number) for number in numbers)
