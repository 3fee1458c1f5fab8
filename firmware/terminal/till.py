"""What a scene is handed: one event after another, the ways to tell people, and the engine.

A scene is a loop over `next()`. Whatever it shows after a tap is in the journal before (P1).
"""

import asyncio
import gc
import time

from drivers.reader.base import LinkError, SeveralCards

from .events import CARD, CODE, KEY, OVER, TICK
from .ui import moods

_POLL_MS = 150
_PRESENCE_MS = 100
_COLLECT_POLLS = 20
_SHOW_MS = 1200
_MENU_KEY = "f1"


class Till:
    """terminal: app.Terminal. changed: the event that ends the scene. menu(till): what "f1" opens.

    engine, ui, clock, journal, online: the terminal's. config: all settings; settings: the
    scene's own table. title: what idle screens are headed with. printer, gate: the board's, or
    None.
    """

    def __init__(self, terminal, board, changed, menu):
        self.engine = terminal.engine
        self.ui = terminal.ui
        self.clock = terminal.clock
        self.journal = terminal.journal
        self.online = terminal.online
        self.config = terminal.config
        self.settings = self.config.get(self.config["scene"])
        self.title = self.ui.title(self.config["merchant"], self.config["scene"])
        self.printer = getattr(board, "printer", None)
        self.gate = getattr(board, "gate", None)
        self.shift = terminal.shift
        self.lists = terminal.lists
        self.root = board.root
        self.number = terminal.id.hex()
        self.guard = terminal.guard
        self.record = terminal.record
        self.leave_service = terminal.stop
        self.may_leave_service = terminal.updates.is_settled
        self._menu = menu
        self._is_in_menu = False
        self._changed = changed
        self._updates = terminal.updates
        self._reader = board.reader
        self._keypad = board.keypad
        self._scanner = getattr(board, "scanner", None)
        self._kept_key = None
        self._idle_polls = 0
        self._found = None  # a card that lay there at the start, or came while a key was pressed
        self._drawn = None  # the state whose waiting screen is shown
        self._shown_ms = None  # when the last outcome was shown, while it is to stay

    @property
    def is_over(self):
        """True when the scene is to end."""
        return self._changed.is_set()

    async def start(self):
        """Bring SAM and reader up and look at the field. Raises SamError, LinkError."""
        self._drawn = None
        await self.engine.start()
        await self._reader.start()
        self._scanner = await _started(self._scanner, True)
        self.printer = await _started(self.printer)
        gc.collect()  # what starting up left behind: the first tap shall not wait for it
        try:
            self._found = await self._reader.poll(0)
        except SeveralCards:
            return  # said when the next card is looked for
        if self._found is None:
            self.engine.field_is_empty()

    # -- what happens ---------------------------------------------------------------------

    async def next(self):
        """(kind, value) of what happens next; keys come before the card that came with them."""
        self._updates.scene_moves()
        if self.is_over:
            return OVER, None
        key = self._key()
        if key is not None:
            return await self._pressed(key)
        if self._scanner is not None and self._scanner.has_more():
            try:
                code = await self._scanner.read(0)
            except OSError:
                self.ui.sound(moods.REFUSED)  # cut off or too long: it is shown again
                code = None
            if code:
                return CODE, code
        target = await self._next_card()
        key = self._key()
        if key is not None:
            self._found = target
            return await self._pressed(key)
        return (TICK, None) if target is None else (CARD, target)

    async def _pressed(self, key):
        """The operator's key opens the menu wherever the scene stands; all others are its own."""
        if key != _MENU_KEY or self._is_in_menu:
            return KEY, key
        self._is_in_menu = True
        try:
            await self._menu(self)
        finally:
            self._is_in_menu = False
        self._drawn = None
        return TICK, None

    def put_back(self, key):
        """A key that was pressed is for whoever asks next."""
        self._kept_key = key

    def _key(self):
        if self._kept_key is not None:
            key, self._kept_key = self._kept_key, None
            return key
        key = self._keypad.read() if self._keypad is not None else None
        if key is not None:
            self._shown_ms = None  # who presses keys has read what was there
            self.ui.key()
        return key

    async def _next_card(self):
        """A card that came within a short time, or None: then there is time to erase ahead."""
        target, self._found = self._found, None
        if target is None:
            try:
                target = await self._reader.poll(_POLL_MS)
            except SeveralCards:
                await self._refuse_several()
                return None
        if target is None:
            self.engine.field_is_empty()
            self.journal.prepare()
            self._idle_polls += 1
            if self._idle_polls % _COLLECT_POLLS == 0:
                gc.collect()  # now, so that no tap has to wait for it
        return target

    async def _refuse_several(self):
        """Say so until the field is empty: none is charged for being the last to leave it."""
        self.ui.one_card()
        self._shown_ms = self._drawn = None
        while not self.is_over:
            self._updates.scene_moves()
            await asyncio.sleep_ms(_PRESENCE_MS)
            try:
                if await self._reader.poll(0) is None:
                    return
            except SeveralCards:
                pass

    async def card_left(self, target):
        """Wait until the card is taken away."""
        while not self.is_over:
            self._updates.scene_moves()
            try:
                if not await target.is_present():
                    self.engine.field_is_empty()
                    return
            except LinkError:
                await self._reader.start()
                return  # not seen to leave: the engine does not charge it again
            await asyncio.sleep_ms(_PRESENCE_MS)

    # -- what is told ---------------------------------------------------------------------

    def can_sell(self):
        """False if the journal is full: nothing is sold before the host has pulled."""
        return self.journal.has_room()

    def show_outcome(self, outcome):
        """Tell what a tap ended in; it stays on the screen for a while."""
        self.ui.outcome(outcome)
        self.stays()

    def stays(self):
        """What was shown just now stays on the screen for a while."""
        self._shown_ms = time.ticks_ms()
        self._drawn = None

    def is_showing(self):
        """True while what was shown last is to stay on the screen."""
        if self._shown_ms is not None:
            if time.ticks_diff(time.ticks_ms(), self._shown_ms) < _SHOW_MS:
                return True
            self._shown_ms = None
        return False

    def must_draw(self, state):
        """True if the scene is to draw its waiting screen now. state: what decides that screen."""
        if self.is_showing() or state == self._drawn:
            return False
        self._drawn = state
        return True

    def redraws(self):
        """Something else than the waiting screen was shown: it is drawn again."""
        self._drawn = None

    async def print_rows(self, title, rows):
        """A slip, where there is a printer that prints. Texts in the terminal's language."""
        if self.printer is None:
            return
        try:
            await self.printer.text(self.ui.pick(title))
            for row in rows:
                await self.printer.text(self.ui.pick(row))
            await self.printer.feed(3)
            await self.printer.cut()
        except OSError:
            pass  # no paper: it stays on the screen and in the journal


async def _started(part, *how):
    """A part that a place may have or not: None if none is fitted."""
    if part is None:
        return None
    try:
        await part.start(*how)
    except OSError:
        return None
    return part
