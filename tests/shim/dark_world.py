"""A world without firmware: real parts, field and flash map; nothing runs on it by itself.

For what stands around a terminal: desk, hand, views, pages. Tests play the terminal: they light
the display, sound the buzzer.
"""

import time

from onecard.sim.field import Field
from onecard.sim.picture import Picture
from onecard.sim.session import Session
from onecard.sim.terminal_parts import TerminalParts
from onecard.sim.timers import RealTimers
from onecard.sim.worlds.base import JOURNAL_SIZE, Events

GLYPHS = {"A": bytes.fromhex("0000001824424242427e424242420000".ljust(32, "0"))[:16]}


class DarkWorld:
    """See onecard.sim.worlds.base.World. keys: what was pressed. shown: on its display."""

    name = "dark"
    is_real_time = True
    link_path = "/nowhere"

    def __init__(self):
        self.field, self.events, self._timers = Field(), Events(), RealTimers(0.0)
        self.parts = TerminalParts(None, self.field, self._timers)
        self.is_on, self.keys, self.cuts = False, [], []
        self.journal = bytearray(b"\xff" * JOURNAL_SIZE)
        self.shown = bytes(1024)
        self.steps = 0

    @property
    def now_ms(self):
        return time.monotonic() * 1000

    def step(self, timeout_s=0.001):
        self._timers.run_due()
        self.steps += 1
        time.sleep(0.001)

    def power_on(self):
        self.is_on = True
        self.events.power(True)

    def power_off(self):
        self.is_on = False
        self.events.power(False)

    def cut_power_at(self, operation, mode, seed=1):
        self.cuts.append((operation, mode))

    def press(self, key):
        self.keys.append(key)

    def picture(self):
        return Picture.of_mono(self.shown)

    def framebuffer(self):
        return self.shown

    def journal_read(self, address, size):
        return bytes(self.journal[address : address + size])

    def journal_write(self, address, data):
        self.journal[address : address + len(data)] = data

    def close(self):
        self.is_on = False


class NoHost:
    """A host that is plugged in and reaches nobody."""

    journal_key = bytes(16)
    is_plugged = is_there = False

    def __init__(self):
        self.pulls = 0

    def plug(self):
        self.is_plugged = True

    def unplug(self):
        self.is_plugged = False

    def collect(self):
        self.pulls += 1


def dark_session():
    """A session on a world of its own that is switched on."""
    session = Session(DarkWorld(), GLYPHS)
    session.call(session.world.power_on)
    return session


def show(session, picture):
    """The display shows this now."""

    def light():
        session.world.shown = picture
        session.world.events.screen_changed(session.world.now_ms - 1000)

    session.call(light)


def beep(session, *lengths_ms):
    """The buzzer has just sounded a pattern, 60 ms between its beeps."""

    def sound():
        at = session.world.now_ms - 10_000
        for length in lengths_ms:
            session.world.events.buzzer(1, at)
            session.world.events.buzzer(0, at + length)
            at += length + 60

    session.call(sound)
