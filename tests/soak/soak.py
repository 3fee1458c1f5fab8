"""A virtual terminal that serves for days: taps, cards pulled away, power cuts and pulls.

The terminal is a World: the real firmware with its chips at byte level, seen from outside as a
cashier and a host see it. A success counts once it is on the screen; what is stored counts once
the real link client has pulled it, proved it and given the receipt.
"""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from onecard.build import glyphs
from onecard.build.sources import project_root
from onecard.keystore import Keystore, PurseKeys
from onecard.link import LinkClient, LinkFailed, open_port
from onecard.provision import provision
from onecard.pull import pull
from onecard.settings import Settings
from onecard.sim.cards.purse import PurseCard
from onecard.sim.field import TO_CARD
from onecard.sim.flash import CUT_MODES
from onecard.sim.screen import ScreenReader
from onecard.sim.worlds.base import World
from onecard.store import Store

TERMINAL = "440300000001"
PRICE, START, CARDS = 1200, 9_000_000, 100  # fen
SETTINGS = Settings(merchant="第一小学食堂", price=PRICE, repeat_ms=0)
DONE, RESOLVED, IDLE, NEW = "支付成功", "上次已扣款", "请刷卡", "终端未初始化"
LOOK, ROW = 0x4A, 256  # InListPassiveTarget; bytes of a row of text in the framebuffer
PAUSE_EVERY, ROUND = 10, 5  # taps; looks of 45 ms that are more than a round of 150 ms
HANG_S = 300  # a healthy terminal needs seconds, an emulated one on a busy machine more
AIR_BYTES, AIR_FRAMES = 230, 12  # of a purchase, about: where a card leaves or the power fails


class Stuck(AssertionError):
    """The terminal did not do what was waited for."""


class PoweredPort:
    """The host's end of the link; it ends with the terminal's power, as a USB port does."""

    def __init__(self, world: World) -> None:
        self._world, self._port = world, open_port(world.link_path)

    @property
    def in_waiting(self) -> int:
        """Bytes that read() gives at once."""
        return int(self._port.in_waiting)

    def read(self, size: int = 1) -> bytes:
        """Up to size bytes. Raises OSError without power."""
        if not self._world.is_on:
            raise OSError("no power")
        return bytes(self._port.read(size))

    def write(self, data: bytes) -> None:
        """All of data."""
        self._port.write(data)

    def close(self) -> None:
        """Let go of it."""
        self._port.close()


@dataclass
class Sample:
    """What STATUS told after a pull. taps: made before it; cuts: power cuts before it."""

    taps: int
    cuts: int
    ram_free: int


@dataclass
class Tally:
    """What has happened so far. shown: (card, balance in fen) of every success on the screen."""

    taps: int = 0
    tears: int = 0
    cuts: Counter[str] = field(default_factory=Counter)
    pulls: int = 0
    shown: list[tuple[bytes, int]] = field(default_factory=list)
    erases_in_taps: int = 0
    samples: list[Sample] = field(default_factory=list)


class Soak:
    """world: not powered yet. folder: for its store. seed: of everything that is drawn."""

    def __init__(self, world: World, folder: Path, seed: int, timeout_s: float = 10.0) -> None:
        self.world, self.tally = world, Tally()
        self.rng = random.Random(seed)
        self.keystore = Keystore(bytes(32), PurseKeys(bytes(16), bytes(range(16))))
        self.store = Store(folder / "store.duckdb")
        self.cards = [self._card(number) for number in range(1, CARDS + 1)]
        self._timeout_s = timeout_s
        self._sounds = self._frames_left = 0
        self._unsettled: set[bytes] = set()  # UIDs of cards whose last tap did not end well
        self._fails_now = self._is_loud = False
        shapes = glyphs.load_module(project_root() / "build" / "gen" / "terminal" / "ui")
        reader = ScreenReader(shapes)
        self._text = cache(lambda row: reader.read(row, 128, 16)[0].strip())
        self._host = ThreadPoolExecutor(1)

    def _card(self, number: int) -> PurseCard:
        serial, keys = bytes.fromhex(f"0310999{number:013d}"), self.keystore.purse
        return PurseCard.make(
            serial=serial,
            uid=b"\x04" + number.to_bytes(3, "big"),
            balance=START,
            dpk=keys.card_dpk(serial),
            dtk=keys.card_dtk(serial),
            rng=random.Random(number),
            apdu_us=0.0,
        )

    def close(self) -> None:
        """Power off, let go of everything."""
        self._host.shutdown()
        self.world.close()
        self.store.close()

    # -- the terminal ------------------------------------------------------------------

    def begin(self) -> None:
        """Switch a new terminal on and make it a canteen's."""
        self.world.power_on()
        self.world.parts.buzzer.listen(self._sounded)
        self.world.field.tamper = self._on_air
        self._until(lambda: NEW in (self.row(0), self.row(1)), "the first screen")
        self._hosted(lambda client: provision(client, self.keystore, TERMINAL, SETTINGS, []))
        self._until(lambda: IDLE in self.row(3), "the idle screen")
        self._rest()

    def row(self, number: int) -> str:
        """One of the four rows of text on the display."""
        picture = self.world.framebuffer()
        return str(self._text(picture[number * ROW : (number + 1) * ROW]))

    def _sounded(self, level: object) -> None:
        self._is_loud = bool(level)
        self._sounds += self._is_loud

    def _on_air(self, way: str, data: bytes) -> bytes:
        if way == TO_CARD and self._frames_left:
            self._frames_left -= 1
            self._fails_now = not self._frames_left
        return data

    def _step(self) -> None:
        self.world.step(0.002)
        if self._fails_now:
            self._fails_now = False
            self.world.power_off()

    def _until(self, is_it: Callable[[], Any], what: str) -> bool:
        """Step until is_it(); False if the power failed before. Raises Stuck."""
        deadline = time.monotonic() + HANG_S
        while time.monotonic() < deadline:
            if is_it():
                return True
            if not self.world.is_on:
                return False
            self._step()
        raise Stuck(f"{what} did not come: {[self.row(n) for n in range(4)]}")

    def _rest(self) -> bool:
        """Until the reader has found no card and the buzzer is silent; False without power."""
        commands = self._commands
        mark = len(commands)

        def is_idle() -> bool:
            return LOOK in commands[mark:-1] and not self._is_loud

        return self._until(is_idle, "a look for the next card")

    def _pause(self) -> None:
        """Nobody in the queue for one round of polling: time to erase ahead."""
        commands = self._commands
        mark = len(commands)
        self._until(lambda: commands[mark:].count(LOOK) > ROUND, "looks for cards")

    @property
    def _commands(self) -> list[int]:
        reader: Any = self.world.parts.reader
        commands: list[int] = reader.commands
        return commands

    # -- people ------------------------------------------------------------------------

    def tap(self, card: PurseCard, leave_after: int | None = None) -> str:
        """A card comes and goes; the screen's first row, empty if nothing was told."""
        world, tally, commands = self.world, self.tally, self._commands
        sounds, erases, mark = self._sounds, world.events.erases.total(), len(commands)

        def is_over() -> bool:
            has_left = world.field.card is None and commands[mark:].count(LOOK) > 2
            return self._sounds > sounds or has_left

        world.field.place(card, leave_after)
        said = ""
        if self._until(is_over, "an outcome") and self._sounds > sounds:
            drawn = len(commands)  # the picture is whole before the reader is asked for anything
            if self._until(lambda: len(commands) > drawn, "the reader's next command"):
                said = self.row(0)
        tally.erases_in_taps += world.events.erases.total() - erases
        tally.taps += 1
        if said in (DONE, RESOLVED):
            tally.shown.append((bytes(card.serial), fen(self.row(3))))
            self._unsettled.discard(card.uid)
        else:
            self._unsettled.add(card.uid)
        world.field.remove()
        if world.is_on:
            self._rest()
        return said

    def tear(self, card: PurseCard) -> None:
        """A tap whose card is pulled away at some byte."""
        self.tally.tears += 1
        self.tap(card, self.rng.randint(1, AIR_BYTES))

    # -- power -------------------------------------------------------------------------

    def cut(self) -> None:
        """The power fails somewhere, and comes back."""
        where = self.rng.choice(("in a flash operation", "on the air", "in a pull", "idle"))
        card = self.rng.choice(self.cards)
        if where == "in a flash operation":
            self.world.cut_power_at(self.rng.randint(1, 2), *self._way())
            self.tap(card)
        elif where == "on the air":
            self._frames_left = self.rng.randint(1, AIR_FRAMES)
            self.tap(card)
            self._frames_left = 0
        elif where == "in a pull":
            self.world.cut_power_at(1, *self._way())
            try:
                self.pull()
            except LinkFailed:
                pass  # the terminal is gone; the next pull goes on where this one stopped
        self.tally.cuts[where] += 1
        self.world.power_off()
        self.world.field.remove()
        self._restart()

    def _way(self) -> tuple[str, int]:
        return self.rng.choice(CUT_MODES), self.rng.randrange(1 << 16)

    def _restart(self) -> None:
        self._is_loud = False
        self.world.power_on()
        self._until(lambda: IDLE in self.row(3), "the idle screen")
        self._rest()

    # -- the host ----------------------------------------------------------------------

    def pull(self) -> None:
        """The real pull into the store; notes the RAM free after a collection."""

        def work(client: LinkClient) -> int:
            result = pull(client, self.keystore, self.store)
            assert not result.findings, result.findings
            return client.status().ram_free_bytes

        free = self._hosted(work)
        self.tally.pulls += 1
        self.tally.samples.append(Sample(self.tally.taps, self.tally.cuts.total(), free))

    def _hosted(self, work: Callable[[LinkClient], Any]) -> Any:
        """Run work(client) in a thread of its own while the world goes on here."""

        def connected() -> Any:
            port: Any = PoweredPort(self.world)
            with LinkClient(port, self._timeout_s) as client:
                return work(client)

        future: Future[Any] = self._host.submit(connected)
        while not future.done():
            self._step()
        return future.result()

    # -- the whole ---------------------------------------------------------------------

    def run(self, taps: int, tear_every: int, pull_every: int, cut_every: int = 0) -> None:
        """So many taps more; tears, pulls and cuts come by chance, one in so many taps."""
        end = self.tally.taps + taps
        while self.tally.taps < end:
            card = self.rng.choice(self.cards)
            if cut_every and self.rng.randrange(cut_every) == 0:
                self.cut()
            elif self.rng.randrange(tear_every) == 0:
                self.tear(card)
            else:
                self.tap(card)
            if self.rng.randrange(pull_every) == 0:
                self.pull()
            if self.tally.taps % PAUSE_EVERY == 0:
                self._pause()
            if not self.world.is_on:
                raise Stuck("the terminal ended by itself")

    def settle(self) -> None:
        """In peace: cards whose last tap did not end well come back and pay, then a pull."""
        for card in [card for card in self.cards if card.uid in self._unsettled]:
            said = self.tap(card)
            while said == RESOLVED:
                said = self.tap(card)
            assert said == DONE, said
        self.pull()


def fen(row: str) -> int:
    """Fen of a row that ends in an amount of yuan."""
    found = re.search(r"¥(\d+)\.(\d\d)$", row)
    assert found, row
    return int(found[1]) * 100 + int(found[2])
