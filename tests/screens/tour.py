"""A walk through a scene's screens: the real terminal in process, with hands, cards and a host.

A tour is a module here, NAME_tour.py, with `walk(tour)`: it presses keys, places cards and takes
pictures by tour.snap("name"). Time is virtual, every number is fixed: each time it is the same.
"""

import asyncio
import contextlib
import sys
import tempfile
import types
from pathlib import Path

import inproc
import virtual
from ocwire import record
from onecard.build import glyphs, sources
from onecard.gateway import Gateway
from onecard.link import client as link_client
from onecard.sim.cards.chip import Chip
from onecard.sim.cards.social import Social, SocialState
from PIL import Image
from terminal.ui import texts

from drivers.reader.base import LinkError, SeveralCards

SERVE_S = 1.0  # a tap, until its outcome is on the screen
SHOWN_S = 2.0  # until it has left it
INK_MONO, PAPER_MONO = (200, 232, 255), (0, 0, 0)


class Keys:
    """A keypad: what was pressed and not yet read."""

    def __init__(self):
        self._pressed = []

    def press(self, *keys):
        self._pressed += keys

    def read(self):
        return self._pressed.pop(0) if self._pressed else None


class Codes:
    """A scanner: the code that is held there until it is read."""

    def __init__(self):
        self._codes = []

    async def start(self, is_continuous):
        pass

    def show(self, code):
        self._codes.append(code)

    def has_more(self):
        return bool(self._codes)

    async def read(self, timeout_ms):
        return self._codes.pop(0)


class TourReader(inproc.FieldReader):
    """Notices several cards, as drivers do. is_broken: it answers no more."""

    is_broken = False

    async def start(self):
        if self.is_broken:
            raise LinkError("no answer")
        await super().start()

    async def poll(self, timeout_ms):
        if self.is_broken:
            raise LinkError("no answer")
        if len(self.field.cards) > 1:
            raise SeveralCards(tuple(card.uid for card in self.field.cards))
        found = await super().poll(timeout_ms)
        if found is None and self.field.cards:  # one that does not answer: looking took its time
            await asyncio.sleep_ms(timeout_ms)
        return found


@contextlib.contextmanager
def real_glyphs():
    """The font's characters in the place of the tests' stand-in, made of the texts as they are."""
    stand_in = sys.modules["terminal.ui.glyphs"]
    before = dict(vars(stand_in))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "glyphs.py"
        ui = sources.project_root() / "firmware" / "terminal" / "ui"
        glyphs.make_module(ui, sources.find_sources().unifont, path)
        made = {}
        exec(path.read_text(encoding="utf-8"), made)
    try:
        vars(stand_in).update({k: v for k, v in made.items() if k.isupper()})
        yield
    finally:
        vars(stand_in).update(before)


@contextlib.contextmanager
def virtual_host():
    """The host's waiting goes by virtual time."""
    before = link_client.time
    link_client.time = types.SimpleNamespace(
        monotonic=lambda: virtual.clock.now_s, time=inproc.wall_s
    )
    try:
        yield
    finally:
        link_client.time = before


class Tour:
    """A new terminal in a folder. language: of texts.LANGUAGES. pictures: what snap() took."""

    def __init__(self, folder, language, display):
        self.keystore = inproc.keystore()
        self.pictures = {}
        self._running = inproc.Running(folder, display=display)
        self.board, self.terminal = self._running.board, self._running.terminal
        self.board.reader, self.board.keypad = TourReader(), Keys()
        self.board.scanner = Codes()
        self.board.rtc.write_s(inproc.NOW_S)
        self._language = language
        self.terminal.ui.language = texts.LANGUAGES.index(language)  # before it is provisioned
        self.run(0.1)

    def close(self):
        """Switch off."""
        self._running.close()

    # -- what people do ----------------------------------------------------------------------

    def run(self, seconds):
        """Let it run."""
        self._running.run(seconds)

    def press(self, *keys):
        """One key after the other."""
        for key in keys:
            self.board.keypad.press(key)
            self.run(0.2)

    def enter(self, keys):
        """Digits one by one, then "confirm"."""
        self.press(*keys, "confirm")

    def scan(self, code):
        """Hold a code there and wait."""
        self.board.scanner.show(code.encode())
        self.run(SERVE_S)

    def place(self, *cards, wait_s=SERVE_S):
        """Put cards down, several at once, and wait."""
        self.run(0.4)  # it must have seen the field empty
        for card in cards:
            self.board.reader.field.add(card)
        self.run(wait_s)

    def tear(self, card, instruction, acts=False):
        """Put a card down and take it away as this instruction reaches it, or just after it."""
        field, still = self.board.reader.field, self.board.reader.field.tamper

        def tamper(way, data):
            if way == "to card" and bytes((0x80, instruction)) in data:
                field.leave_after(len(data) + 2 if acts else 1)
            return data

        field.tamper = tamper
        self.place(card)
        field.tamper = still

    def take(self):
        """Take all cards away and wait until the terminal has seen it."""
        self.board.reader.field.remove()
        self.run(SHOWN_S)

    def tap(self, name, card):
        """A whole tap and the picture of what it ended in."""
        self.place(card)
        self.snap(name)
        self.take()

    # -- the host and the technician -----------------------------------------------------------

    def provision(self, hotlist=(), **values):
        """Keys, configuration, the right time, and a hotlist of serials."""
        client = self._client = self._running.client()
        client.hello()
        settings = {"language": self._language} | values
        client.provision(self.keystore.provision_fields(inproc.TERMINAL), settings)
        client.hello()
        client.authenticate(self.keystore.link_key(inproc.TERMINAL))
        client.set_time(inproc.NOW_S)
        client.hotlist(0, inproc.NOW_S, list(hotlist), [])
        self.run(1)

    def configure(self, **values):
        """Another configuration of the provisioned terminal."""
        self._client.configure({"language": self._language} | values)
        self.run(1)

    def host(self, **handlers):
        """A host that answers these questions comes, and is then there to `answer`."""
        self._gateway = Gateway(handlers)
        self._client.question(0)
        self.run(0.5)

    def answer(self, times=1):
        """The host answers what is asked."""
        for _ in range(times):
            assert self._gateway.serve(self._client, inproc.TERMINAL, 500)
        self.run(0.3)

    def ask(self, name, card, times=1):
        """A tap that asks the host, and the picture of what it ended in."""
        self._client.question(0)
        self.place(card, wait_s=0.3)
        self.answer(times)
        self.snap(name)
        self.take()

    def break_reader(self, is_broken):
        """The reader's cable comes off, or is put back."""
        self.board.reader.is_broken = is_broken
        self.run(1)

    def break_flash(self):
        """The journal's flash keeps nothing more of what is written."""
        self.board.journal_flash.writeblocks = lambda *_: None

    def fill_journal(self):
        """Until nothing can be sold."""
        while self.terminal.journal.has_room():
            self.terminal.record(record.CLOCK_SET, inproc.NOW_S, inproc.NOW_S)
        self.run(SHOWN_S)

    def card(self, number=1, balance=100_00, **options):
        """A purse card of this keystore's."""
        return inproc.card(number, balance, self.keystore.purse, **options)

    @staticmethod
    def citizen():
        """A card with an identity."""
        return Chip([Social(SocialState())], apdu_us=0.0)

    def send_list(self, number, raw):
        """The host sends a card list."""
        self._client.send_list(number, raw)
        self.run(1)

    # -- pictures ------------------------------------------------------------------------------

    def snap(self, name, fault=""):
        """Take a picture of the display under a name of its own.

        fault: the error that the terminal must have reported; no other is passed over.
        """
        assert name not in self.pictures, name
        assert self.terminal.fault.partition(":")[0] == fault, self.terminal.fault
        self.pictures[name] = picture(self.board.display)


def picture(display):
    """The display as an image, one pixel each."""
    pairs = getattr(display, "pairs", None)
    image = Image.new("RGB", (display.width, display.height))
    pixels = []
    for y in range(display.height):
        page = display.buffer[(y >> 3) * display.width : ((y >> 3) + 1) * display.width]
        ink, paper = map(rgb, pairs[y >> 3]) if pairs else (INK_MONO, PAPER_MONO)
        pixels += [ink if byte >> (y & 7) & 1 else paper for byte in page]
    image.putdata(pixels)
    return image


def rgb(colour):
    """Red, green, blue of RGB565, as the panel spreads them (ST7789V v1.4, 8.8)."""
    red, green, blue = colour >> 11, colour >> 5 & 63, colour & 31
    red, blue = red << 1 | red >> 4, blue << 1 | blue >> 4
    return tuple(value << 2 | value >> 4 for value in (red, green, blue))


def take(walk, language, display):
    """The pictures of one walk, by name."""
    with tempfile.TemporaryDirectory() as folder, virtual_host():
        tour = Tour(folder, language, display)
        try:
            walk(tour)
        finally:
            tour.close()
        return tour.pictures
