"""A provisioned terminal on a virtual Pico in simulated time, with a stopwatch on a tap."""

from dataclasses import dataclass, field
from pathlib import Path

from onecard.build import glyphs, image_of
from onecard.build.sources import project_root
from onecard.keystore import Keystore, PurseKeys
from onecard.link import LinkClient
from onecard.sim.cards.purse import PurseCard
from onecard.sim.screen import ScreenReader
from onecard.sim.worlds.pico import PicoWorld
from onecard.sim.worlds.pico_port import PicoPort

TERMINAL = "112233445566"
K = bytes.fromhex("11223344556677888877665544332211")
DTK = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
NOW_S = 1767225600  # 2026-01-01 08:00 in China
PROGRAM, PROGRAM_US = 0x02, 400.0
SETTLED_US = 15_000
SETTINGS = {"merchant": "第一小学食堂", "price": 200, "scene": "canteen", "repeat_ms": 0}


@dataclass
class Tap:
    """Times of one tap in simulated ms from the card entering the field; see Rig.tap."""

    durable_ms: float = 0.0
    sound_ms: float = 0.0
    drawn_ms: float = 0.0
    air_ms: float = 0.0
    card_ms: float = 0.0
    wire_ms: float = 0.0
    chip_ms: float = 0.0
    flash_ms: float = 0.0
    operations: list[tuple[int, int, int]] = field(default_factory=list)
    commands: list[int] = field(default_factory=list)
    trace: list[tuple[float, str]] = field(default_factory=list)

    @property
    def floor_ms(self) -> float:
        """What no driver or rule can save: air, card, reader's wire and own time, flash."""
        return self.air_ms + self.card_ms + self.wire_ms + self.chip_ms + self.flash_ms

    @property
    def share_ms(self) -> float:
        """Our share of the way to the durable result: all that is above the floor."""
        return self.durable_ms - self.floor_ms


class Rig:
    """image: the UF2, or None with flash from an earlier rig."""

    def __init__(self, image: Path | None = None, flash: bytes | None = None, **options) -> None:
        if image is None and flash is None:
            image = image_of("rp2_pico")
        self.world = PicoWorld(image, flash, **options)
        self.keystore = Keystore(bytes(32), PurseKeys(K, DTK, is_diversified=False))
        self._reader = ScreenReader(
            glyphs.load_module(project_root() / "build" / "gen" / "terminal" / "ui")
        )
        self._seen: tuple[bytes, list[str]] = (b"", [])
        self._drawn_us = 0.0
        self.world.parts.display.on_change = self._drawn

    # -- the terminal ---------------------------------------------------------------

    def client(self) -> LinkClient:
        """A link client whose waiting is simulated."""
        return LinkClient(PicoPort(self.world))

    def session(self) -> LinkClient:
        """A client that has authenticated itself."""
        client = self.client()
        client.hello()
        client.authenticate(self.keystore.link_key(TERMINAL))
        return client

    def boot(self, says: str, ms: float = 4000) -> float:
        """Run from power-up until the screen says so; returns the simulated ms it took."""
        self.wait_screen(says, ms)
        return self.world.us / 1000

    def provision(self, settings: dict | None = None, now_s: int = NOW_S) -> None:
        """Boot, give keys (used as they are), configuration and time; be ready for a card."""
        self.boot("终端未初始化")
        client = self.client()
        client.hello()
        client.provision(self.keystore.provision_fields(TERMINAL), SETTINGS | (settings or {}))
        self.session().set_time(now_s)
        self.wait_screen("请刷卡")
        self.world.run(150)

    def serve(self, says: str = "请刷卡") -> None:
        """Boot a provisioned terminal and let it see that no card lies there."""
        self.boot(says)
        self.world.run(150)

    def screen(self) -> list[str]:
        """The display's rows of text."""
        picture = self.world.framebuffer()
        if picture != self._seen[0]:
            self._seen = picture, self._reader.read(picture)
        return self._seen[1]

    def _drawn(self) -> None:
        self._drawn_us = self.world.us

    def _is_shown(self, text: str) -> bool:
        """True if a row has `text` and no data came for a while: the picture is whole."""
        is_settled = not 0 <= self.world.us - self._drawn_us < SETTLED_US
        return is_settled and any(text in row for row in self.screen())

    def wait_screen(self, text: str, ms: float = 4000) -> None:
        """Run until a row has `text`. Raises TimeoutError with what is there instead."""
        if not self.world.run(ms, lambda: self._is_shown(text), every_ms=10):
            raise TimeoutError(f"no {text!r} on the screen: {self.screen()}")

    # -- the stopwatch ----------------------------------------------------------------

    def tap(self, card: PurseCard, says: str = "支付成功", ms: float = 1500) -> Tap:
        """Place the card now, watch until the screen says so, take the card away."""
        world, tap = self.world, Tap()
        air, own = world.field, world.parts.reader
        start_us, air_us, card_us = world.us, air.air_us, air.card_us
        operations, beeps, commands = (
            len(world.flash_operations), len(world.buzzer_events), len(own.commands),
        )  # fmt: skip
        wire = _Wire(world, lambda: (world.us - start_us) / 1000, tap)
        air.place(card)
        try:
            self.wait_drawn(says, ms, wire)
        finally:
            wire.off()
        tap.drawn_ms = wire.drawn_ms
        tap.durable_ms = wire.programmed_ms
        tap.sound_ms = (world.buzzer_events[beeps][0] - start_us) / 1000
        tap.air_ms, tap.card_ms = (air.air_us - air_us) / 1000, (air.card_us - card_us) / 1000
        tap.operations = list(world.flash_operations[operations:])
        tap.commands = list(own.commands[commands:])
        tap.wire_ms, tap.chip_ms = wire.wire_ms, wire.chip_ms
        tap.flash_ms = sum(PROGRAM_US for op in tap.operations if op[0] == PROGRAM) / 1000
        return tap

    def wait_drawn(self, says: str, ms: float, wire: "_Wire") -> None:
        """Run until the screen says so and has had no data for 20 ms."""
        self.world.run(ms, lambda: wire.quiet_ms() > 20, every_ms=5)
        if not any(says in row for row in self.screen()):
            raise TimeoutError(f"no {says!r} on the screen: {self.screen()}")

    def take_away(self) -> None:
        """Remove the card and wait for the idle screen."""
        self.world.field.remove()
        self.wait_screen("请刷卡")


class _Wire:
    """Watches the reader's line, the flash and the display of one world during a tap."""

    def __init__(self, world, now_ms, tap) -> None:
        self.world, self.now_ms, self.trace = world, now_ms, tap.trace
        self.drawn_ms = self.programmed_ms = self.wire_ms = self.chip_ms = 0.0
        self._is_over = False
        self._old = (
            world.parts.reader.send, world.parts.reader._frame,
            world.parts.display.write, world.bench.ssi.on_operation,
        )  # fmt: skip
        world.parts.reader.send = self._sent
        world.parts.reader._frame = self._received
        world.parts.display.write = self._drawn
        world.bench.ssi.on_operation = self._programmed

    def off(self) -> None:
        """Stop watching."""
        chip = self.world.parts.reader
        chip.send, chip._frame, self.world.parts.display.write = self._old[:3]
        self.world.bench.ssi.on_operation = self._old[3]

    def quiet_ms(self) -> float:
        """How long the display has had no data since the last program; 0 before."""
        if not self.programmed_ms or self.drawn_ms < self.programmed_ms:
            return 0.0
        return self.now_ms() - self.drawn_ms

    def _add(self, size: int, what: str) -> None:
        if not self.programmed_ms or len(self.trace) < 400:
            self.trace.append((self.now_ms(), what))
        self.wire_ms += size * 10_000 / self.world.parts.reader.baud_rate

    def _sent(self, data, after_us=0.0):
        self._add(len(data), f"chip sends {len(data)} after {after_us:.0f} us")
        return self._old[0](data, after_us)

    def _received(self, body):
        if not self.programmed_ms or not self.drawn_ms > self.programmed_ms:
            self.chip_ms += 0.2  # WORK_US; the ACK leaves meanwhile
        self._add(len(body) + 7, f"command {body[1]:02x} of {len(body)}")
        return self._old[1](body)

    def _drawn(self, data):
        self.drawn_ms = self.now_ms()
        self.trace.append((self.drawn_ms, f"display {len(data)}"))
        return self._old[2](data)

    def _programmed(self, code, address, size):
        self.programmed_ms = self.now_ms() + PROGRAM_US / 1000
        self.trace.append((self.programmed_ms, f"flash {code:02x} {address:06x} {size}"))
