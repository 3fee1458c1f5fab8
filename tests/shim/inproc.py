"""A terminal's surroundings in one process: flash, cards in a field, a board, the link's line."""

import asyncio
import random
import types

import virtual
from onecard.keystore import Keystore, PurseKeys
from onecard.sim.cards.purse import PurseCard
from onecard.sim.field import Field
from onecard.sim.flash import NORFlash
from onecard.sim.pcd import Pcd

from drivers.reader.base import CardGone, Reader, Target

K = bytes.fromhex("11223344556677888877665544332211")
DTK = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
JOURNAL_KEY = bytes(range(16))
TERMINAL = "112233445566"
NOW_S = 1767225600  # 2026-01-01 00:00 UTC


_EPOCH_S = virtual.clock.now_s


def wall_s():
    """What every right clock says: NOW_S when the tests began, going on in virtual time."""
    return NOW_S + virtual.clock.now_s - _EPOCH_S


class Died(BaseException):
    """The process was killed here."""


def host_time(monkeypatch, *modules):
    """The host's waiting goes by virtual time, and its wall clock by the terminal's. modules: of
    the host that ask for either."""
    both = types.SimpleNamespace(
        monotonic=lambda: virtual.clock.now_s, time=wall_s, sleep=virtual.clock.advance
    )
    for module in modules:
        monkeypatch.setattr(module + ".time", both)


class Clock:
    """The terminal's clock as far as the engine asks it, stepping with virtual time."""

    def __init__(self, now_s=NOW_S):
        self.base_s, self.start_s = now_s, virtual.clock.now_s

    def now_s(self):
        return self.base_s + int(virtual.clock.now_s - self.start_s)

    def is_set(self):
        return True

    def bcd(self):
        from ocwire import calendar

        return calendar.to_bcd(self.now_s())


class NORBlocks:
    """onecard.sim.flash.NORFlash as MicroPython's extended block device."""

    def __init__(self, nor):
        self.nor = nor

    def readblocks(self, block, buf, offset=0):
        buf[:] = self.nor.read(block * 4096 + offset, len(buf))

    def writeblocks(self, block, buf, offset=0):
        self.nor.program(block * 4096 + offset, bytes(buf))

    def ioctl(self, op, arg):
        if op == 4:
            return self.nor.size // 4096
        if op == 5:
            return 4096
        if op == 6:
            self.nor.erase(arg * 4096)
        return 0


def nor_blocks(sectors):
    """A fresh NOR flash of `sectors` sectors as a block device."""
    return NORBlocks(NORFlash(sectors * 4096))


class FieldTarget(Target):
    """A card in the simulated field, through the field's own block protocol."""

    def __init__(self, field):
        self._pcd = Pcd(field)
        found = self._pcd.activate()
        if found is None:
            raise CardGone("no card")
        self.uid, self.ats, self.is_iso_dep = found.uid, found.ats, bool(found.sak & 0x20)

    async def exchange(self, command, expected=0):
        answer = self._pcd.transceive(bytes(command))
        if answer is None:
            raise CardGone("silent")
        return answer

    async def is_present(self):
        return self._pcd.is_present()


class FieldReader(Reader):
    """A reader without a chip: the simulated field at once."""

    def __init__(self, field=None):
        self.field = field or Field()
        self.starts = 0

    async def start(self):
        self.starts += 1

    async def poll(self, timeout_ms):
        if self.field.card is None:
            await asyncio.sleep_ms(timeout_ms)
            return None
        try:
            return FieldTarget(self.field)
        except CardGone:
            return None


def card(serial=1, balance=100_00, purse=None, **options):
    """A purse card whose keys are diversified from `purse` (default: K and DTK as masters)."""
    keys = purse or PurseKeys(K, DTK)
    number = serial if isinstance(serial, bytes) else bytes.fromhex(f"{serial:020d}")
    own = {
        "rng": random.Random(number),
        "dpk": keys.card_dpk(number),
        "dlk": keys.card_dpk(number),
        "dtk": keys.card_dtk(number),
        "apdu_us": 0,
    }
    return PurseCard.make(serial=number, balance=balance, **own | options)


def soft_sam(terminal=TERMINAL, key=K, is_diversified=True, **options):
    """A soft SAM with one purchase key, index 1."""
    from terminal.sam.soft import PurchaseKey, SoftSam

    keys = (PurchaseKey(1, key, is_diversified),)
    return SoftSam(bytes.fromhex(terminal), keys, **options)


def tap(engine, a_card, amount, leave_after=None, field=None, is_new=True):
    """Hold a card to the terminal once; returns the Outcome. leave_after: bytes on air.

    is_new: the reader has seen an empty field before.
    """
    field = field or Field()
    if is_new:
        engine.field_is_empty()
    field.place(a_card, leave_after)
    try:
        target = FieldTarget(field)
    except CardGone:
        return None
    try:
        return virtual.run(engine.purchase(target, amount))
    finally:
        field.remove()


class Display:
    """128 x 64, remembers what was shown."""

    width, height = 128, 64

    def __init__(self):
        self.buffer = bytearray(1024)
        self.shown = 0

    def show(self):
        self.shown += 1


class ColourDisplay(Display):
    """320 x 240, and a pair of colours in each page. pairs: (ink, paper), RGB565."""

    width, height = 320, 240

    def __init__(self):
        super().__init__()
        self.buffer = bytearray(9600)
        self.pairs = [(0xFFFF, 0x0000)] * 30

    def colours(self, first_page, pages, ink, paper):
        self.pairs[first_page : first_page + pages] = [(ink, paper)] * pages


class Buzzer:
    """Remembers what was played."""

    def __init__(self):
        self.played = []

    def play(self, pattern):
        self.played.append(pattern)


class RTC:
    """A battery-backed clock on virtual time, right if no other time is given."""

    def __init__(self, now_s=None):
        self._base_s = int(wall_s()) if now_s is None else now_s
        self._start_s = virtual.clock.now_s

    def read_s(self):
        return self._base_s + int(virtual.clock.now_s - self._start_s)

    def write_s(self, unix_s):
        self._base_s, self._start_s = unix_s, virtual.clock.now_s


class Board:
    """What app.Terminal is handed (boards/README.md)."""

    name = "inproc"
    allows_reference_crypto = True
    sam_slot = None
    journal_page_size = 256

    def __init__(
        self, root, flash=None, link_port=None, secret=b"board 1", sectors=8, display=None
    ):
        self.root, self.secret = str(root), secret
        self.reader, self.keypad = FieldReader(), None
        self.display, self.buzzer, self.rtc = display or Display(), Buzzer(), RTC()
        self.journal_flash = flash or nor_blocks(sectors)
        self.hotlist_flash = nor_blocks(32)
        self.link_port = link_port

    @staticmethod
    def reset_cause():
        return 1


class TerminalPort:
    """The terminal's end of the line."""

    def __init__(self):
        self.incoming = bytearray()
        self.outgoing = []  # one piece of bytes a write
        self.is_open = False

    def open(self):
        self.is_open = True

    def close(self):
        self.is_open = False

    async def write(self, data):
        self.outgoing.append(bytes(data))

    async def read_into(self, view, timeout_ms):
        waited = 0
        while not self.incoming:
            if waited >= timeout_ms:
                return 0
            await asyncio.sleep_ms(20)
            waited += 20
        count = min(len(view), len(self.incoming))
        view[:count] = bytes(self.incoming[:count])
        del self.incoming[:count]
        return count


class Line:
    """The host's end: a pyserial-like port that lets the terminal run while the host waits.

    to_terminal, to_host: called with each piece of bytes, return what arrives of it.
    """

    def __init__(self, loop, port):
        self._loop, self._port = loop, port
        self.to_terminal = self.to_host = lambda data: data
        self.is_open = True
        self.written = self.received = 0

    def write(self, data):
        self.written += len(data)
        self._port.incoming += self.to_terminal(bytes(data))
        return len(data)

    @property
    def in_waiting(self):
        return len(self._port.outgoing[0]) if self._port.outgoing else 0

    def read(self, size=1):
        for _ in range(5):
            if self._port.outgoing:
                break
            self._loop.run_until_complete(asyncio.sleep(0.02))
        if not self._port.outgoing:
            return b""
        data = self._port.outgoing.pop(0)
        self.received += len(data)
        return self.to_host(data)

    def close(self):
        self.is_open = False


class Running:
    """app.Terminal at work on a Board, its link on a Line: `client()` talks to it.

    Everything runs in the caller's thread, in virtual time.
    """

    def __init__(self, root, boot=None, **options):
        from terminal.app import Terminal

        self.loop = virtual.Loop()
        self.port = TerminalPort()
        self.board = Board(root, link_port=self.port, **options)
        self.terminal = Terminal(self.board, boot)
        self.task = self.loop.create_task(self.terminal.run())
        self.line = Line(self.loop, self.port)

    def client(self, timeout_s=1.0):
        """A LinkClient on the line."""
        from onecard.link import LinkClient

        return LinkClient(self.line, timeout_s)

    def run(self, seconds):
        """Let it run."""
        self.loop.run_until_complete(asyncio.sleep(seconds))

    def tap(self, a_card, seconds=1.0, leave_after=None):
        """Hold a card there, take it away, and wait until the terminal is idle again."""
        self.run(0.4)  # it must have seen the field empty
        self.board.reader.field.place(a_card, leave_after)
        self.run(seconds)
        self.board.reader.field.remove()
        self.run(1.0)

    def close(self):
        """Switch off: nothing more runs."""
        self.task.cancel()
        try:
            self.loop.run_until_complete(self.task)
        except asyncio.CancelledError:
            pass
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
            try:
                self.loop.run_until_complete(task)
            except asyncio.CancelledError:
                pass
        self.loop.close()


def keystore(seed=7, diversified=True):
    """A keystore that is the same each time."""
    rng = random.Random(seed)
    return Keystore(rng.randbytes(32), PurseKeys(K, DTK, 1, diversified))
