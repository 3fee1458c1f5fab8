"""A virtual terminal in service with all that people need at it: cards, codes, a host, a desk."""

from __future__ import annotations

from pathlib import Path

from .. import lent
from ..bundle import SigningKey
from ..errors import OneCardError
from ..keystore import Keystore
from ..link import LinkClient, open_port
from ..provision import provision
from ..settings import Settings
from .counter_host import CounterHost
from .deck import Deck
from .desk import Desk
from .session import Event, Session
from .view import About, View

try:
    from .codes import Codes
except ImportError:  # without gmssl nothing can sign codes; all the rest works
    Codes = None  # type: ignore[assignment,misc]

_LINK_S = 20.0
_BOOT_S = 60.0
_BLANK_S = 120.0
IN_SERVICE, BLANK, BOOTSEL = "in service", "blank", "BOOTSEL"


class Bench:
    """session: not powered yet. folder: where cards, codes and the host's store are kept.

    hotlist: serials that the terminal is given. Raises OneCardError from start().
    """

    def __init__(
        self,
        session: Session,
        keystore: Keystore,
        deck: Deck,
        folder: Path,
        terminal: str,
        settings: Settings,
        hotlist: list[bytes],
    ) -> None:
        self.session, self.deck = session, deck
        self.terminal, self._keystore, self._hotlist = terminal, keystore, hotlist
        self.codes = None if Codes is None else Codes(folder / "qr-root")
        signer = SigningKey.make()
        self.settings = self._trusting(settings, signer)
        self.host = CounterHost(
            session, keystore, terminal, self.settings, deck, folder, self.codes, signer
        )
        self.desk = Desk(session, deck, self.codes, self.host)

    def _trusting(self, settings: Settings, signer: SigningKey) -> Settings:
        """The settings, with the bench's own signers where they name none."""
        roots = {"list_roots": signer.root}
        if self.codes is not None:
            roots["qr_roots"] = self.codes.root
        return settings.but(
            **{name: root for name, root in roots.items() if not settings.values[name]}
        )

    def start(self, how: str = IN_SERVICE) -> None:
        """Power the terminal on and, IN_SERVICE, provision it over its link; BLANK waits for its
        screen alone, BOOTSEL for nothing. Raises OneCardError."""
        self.session.call(self.session.world.power_on)
        if how == BLANK:
            self.session.wait(lambda event: event["event"] == "screen", "a screen", 0, _BLANK_S)
        if how != IN_SERVICE:
            return
        texts = self.settings.wire | {"of the host": self.host.titles}
        self.session.learn(lent.shapes(lent.with_glyphs(texts)))
        with LinkClient(open_port(self.session.world.link_path), _LINK_S) as client:
            provision(client, self._keystore, self.terminal, self.settings, self._hotlist)
        self.session.wait(_is_in_service, "the screen of a terminal in service", 0, _BOOT_S)

    def view(self) -> View:
        """What is to be seen of it from now on."""
        world, values = self.session.world, self.settings.values
        about = About(
            world.name,
            self.settings.scene,
            str(values["language"]),
            str(values["merchant"]),
            self.terminal,
            world.link_path,
        )
        return View(self.session, self.deck, self.host, about, self.codes)

    def close(self) -> None:
        """Unplug, power off, let go of everything."""
        self.host.let_go()
        self.session.close()


def _is_in_service(event: Event) -> bool:
    """True for a screen of a terminal that has been provisioned (it may show a fault)."""
    text = "".join(event["text"]) if event["event"] == "screen" else ""
    return bool(text) and "未初始化" not in text


def example(scene: str, root: Path) -> Path:
    """The file of settings of a scene's example. Raises OneCardError: there is none."""
    folder = root / "docs" / "examples"
    path = folder / f"{scene}.toml"
    if path not in folder.glob("*.toml"):
        known = ", ".join(sorted(found.stem for found in folder.glob("*.toml")))
        raise OneCardError(f"no scene {scene!r}", f"scenes: {known}")
    return path
