"""Stories: a terminal in its place, told in plain words, on the unix port or the virtual Pico.

A story acts (`key`, `taps`, `scans`) and says what must then be seen; everything goes through the
chips' pins, the real firmware and its link. At its end the records are pulled and proved.
"""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

from ocwire import record
from onecard.gateway import Gateway, Handler
from onecard.lent import shapes, with_glyphs
from onecard.link import LinkFailed
from onecard.sim.cards.purse import PurseCard
from onecard.sim.worlds.base import World
from onecard.verify import verify
from terminal_rig import TERMINAL, WAIT_S, TerminalRig

CUT_OFF_S = 1.5  # three of these, and a host knows that nobody is there
SETTINGS = {"merchant": "第一小学食堂", "repeat_ms": 0}


class Story:
    """world: not powered yet. config: the settings, as they go to the terminal."""

    def __init__(self, world: World, folder: Path, config: dict, timeout_s: float = 10) -> None:
        self.world = world
        self.rig = TerminalRig(world, folder, timeout_s)
        self.session = self.rig.session
        self._mark = 0
        self._config = with_glyphs(SETTINGS | config)
        self.session.learn(shapes(self._config))

    def begin(self, says: str) -> None:
        """A new terminal is switched on and provisioned; it then shows this."""
        self.rig.power_on("终端未初始化")
        self._mark = self.session.mark()
        with self.rig.link() as client:
            client.hello()
            fields = self.rig.keystore.provision_fields(TERMINAL)
            client.provision(fields, self._config)
        self.sees(says)

    def configure(self, says: str, **config: object) -> None:
        """Other settings; it then shows this."""
        self._mark = self.session.mark()
        with self.rig.connected() as client:
            client.configure(with_glyphs(self._config | config))
        self.sees(says)

    def power_cycle(self, says: str) -> None:
        """Off and on again."""
        self.session.call(self.world.power_off)
        self._mark = self.session.mark()
        self.session.call(self.world.power_on)
        self.sees(says)

    # -- people ----------------------------------------------------------------------------

    def card(self, serial: int, balance: int = 10_000, **options: object) -> PurseCard:
        """A card of this county with so many fen on it."""
        number = bytes.fromhex(f"0310999{serial:013d}")
        purse = self.rig.keystore.purse
        own = {"dpk": purse.card_dpk(number), "dlk": purse.card_dpk(number)}
        return PurseCard.make(
            serial=number,
            balance=balance,
            dtk=purse.card_dtk(number),
            apdu_us=0.0,
            **own | options,
        )

    def key(self, *keys: str, says: str = "") -> None:
        """Keys are pressed, one after the other."""
        self._mark = self.session.mark()
        for key in keys:
            self.session.call(lambda key=key: self.world.press(key))
        if says:
            self.sees(says)

    def lays(self, card, says: str) -> None:
        """A card is laid down, and stays."""
        self._mark = self.session.mark()
        self.session.call(lambda: self.world.field.place(card))
        self.sees(says)

    def takes_away(self, says: str = "") -> None:
        """The card is taken away."""
        self._mark = self.session.mark()
        self.session.call(self.world.field.remove)
        if says:
            self.sees(says)

    def taps(self, card, says: str, then: str) -> None:
        """A card comes, something is seen, it goes, something else is."""
        self.lays(card, says)
        self.takes_away(then)

    def scans(self, code: str | bytes, says: str) -> None:
        """A bar code or a QR code is held before the scanner."""
        raw = code.encode() if isinstance(code, str) else code
        self._mark = self.session.mark()
        self.session.call(lambda: self.world.parts.scan(raw))
        self.sees(says)

    def reads(self, *texts: str) -> None:
        """Who looks at the screen knows the characters of these, too."""
        self.session.learn(shapes(with_glyphs({"texts": list(texts)})))

    # -- what is found ------------------------------------------------------------------------

    def sees(self, text: str) -> None:
        """This stands in a row of the screen, since the last thing that was done."""
        self.session.wait_screen(text, self._mark, WAIT_S)

    def hears(self, *beeps_ms: int) -> None:
        """This many beeps, about so long each, since the last thing that was done."""
        self.session.wait(
            lambda e: e["event"] == "sound" and len(e["beeps_ms"]) == len(beeps_ms),
            f"{len(beeps_ms)} beeps",
            self._mark,
            WAIT_S,
        )

    @property
    def slip(self) -> list[str]:
        """The lines on the printer's paper."""
        return [item.text for item in self.world.parts.printer.paper if item.kind == "text"]

    @contextlib.contextmanager
    def host(self, is_cut_off: bool = False, **handlers: Handler):
        """While a host is connected that answers these questions. is_cut_off: its line breaks."""
        is_there, ends, failures = threading.Event(), threading.Event(), []

        def serve() -> None:
            try:
                with self.rig.connected(CUT_OFF_S if is_cut_off else None) as client:
                    gateway = Gateway(handlers)
                    while not ends.is_set():
                        gateway.serve(client, TERMINAL, wait_ms=200)
                        is_there.set()
            except LinkFailed as error:
                failures.append(error)

        worker = threading.Thread(target=serve, name="host")
        worker.start()
        try:
            is_there.wait(WAIT_S)
            yield
        finally:
            ends.set()
            worker.join()
        assert bool(failures) == is_cut_off, failures

    def pull(self) -> list[record.Record]:
        """Pull everything: all records there are, proved to the last one."""
        result = self.rig.pull()
        assert not result.findings, result.findings
        records = list(self.rig.store.records(TERMINAL))
        report = verify(
            TERMINAL, records, self.rig.keystore.journal_key(TERMINAL), self.rig.keystore.purse
        )
        assert report.is_proved, report.findings
        return records

    def told(self, *kinds: int) -> list[dict]:
        """The fields of all records of these kinds, pulled and proved."""
        return [item.fields() for item in self.pull() if item.kind in kinds]

    def close(self) -> None:
        """Power off."""
        self.rig.close()
