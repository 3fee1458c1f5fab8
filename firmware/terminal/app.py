"""The terminal as a whole: wires what the board handed in, and keeps the tasks running.

Three tasks: the scene (reader, engine, screen), the link, and the one that starts the scene anew
when the configuration changes or the reader or the flash fails.
"""

import asyncio
import gc

import occrypto
from occard.qr import Codes, TokenDecoder, TransitDecoder
from ocwire import cardlist, glyphs, message, record
from ocwire.errors import SettingError

from drivers.reader.base import ReaderError

from . import config, keys
from .cardlist import CardList
from .clock import Clock
from .engine import Engine
from .guard import Guard
from .hotlist import Hotlist
from .journal import Journal, JournalError, JournalFull
from .link.service import LinkService, Refused
from .online import Online
from .rules import Limits, Rules
from .sam.base import SamError
from .sam.psam import SCHEMES, Psam
from .sam.soft import PurchaseKey, SoftSam
from .scenes import bus, canteen, clinic, enquiry, hotel, library, museum, operator, subsidy, topup
from .sealing import Sealer
from .shift import Shift
from .tally import Tally, day_start
from .till import Till
from .ui import texts
from .ui.facade import UI
from .update import Updates
from .version import FIRMWARE

_RESTART_MS = 500
_SUBJECT_CONFIG = 1
_SUBJECT_KEYS = 2
_NO_ID = bytes(6)
_TOO_MUCH = "more than there is memory for: fewer counted_cards?"
_MOST_PASSING = 64  # glyphs of answers: a patron and some titles
_SCENES = {
    "bus": bus.run,
    "canteen": canteen.run,
    "clinic": clinic.run,
    "enquiry": enquiry.run,
    "hotel": hotel.run,
    "library": library.run,
    "museum": museum.run,
    "subsidy": subsidy.run,
    "topup": topup.run,
}


class Terminal:
    """board: see boards/README.md for what it hands in. boot: boot.Boot, None without slots."""

    def __init__(self, board, boot=None):
        is_twin = occrypto.backend in ("viper", "reference")
        if is_twin and not board.allows_reference_crypto:
            raise RuntimeError("no native crypto on this board: build the C core into it")
        self._board = board
        self.description = board.name + " " + FIRMWARE
        self.ui = UI(board.display, board.buzzer)
        self.clock = Clock(board.rtc)
        self.hotlist = Hotlist(board.hotlist_flash, board.root + "/hotlist.bin")
        self.is_stopping = self.is_restarting = False
        self.online = Online(self._lend)
        self.guard = Guard()
        self.lists = [CardList(board.root + "/list%d.bin" % n) for n in cardlist.NAMES]
        self.updates = Updates(self, boot, board.name)
        self.keys = keys.load(board.root + "/keys.bin", board.secret)
        self._config_path = board.root + "/config.json"
        self.config = config.load(self._config_path, _SCENES)
        self.journal = None
        self.engine = self.shift = None
        self._changed = asyncio.Event()
        self._passing = []  # glyphs of the last answers
        self.fault = ""  # what the terminal cannot do just now, for the technician
        if self.keys is not None:
            self._mount_or_say_why()

    # -- what the link asks for ---------------------------------------------------------

    @property
    def id(self):
        """6 bytes; zeros before provisioning."""
        return self.keys.terminal_id if self.keys is not None else _NO_ID

    def state(self):
        """One of message.STATES."""
        if self.keys is None:
            return message.UNPROVISIONED
        if self.engine is None:
            return message.OUT_OF_ORDER
        return message.IN_SERVICE if self.journal.has_room() else message.FULL

    def set_time(self, unix_s):
        """Set the clock and record what it said before."""
        before = self.clock.set(unix_s)
        self.record(record.CLOCK_SET, unix_s, before)

    def config_json(self):
        """The configuration as the host may read it."""
        return config.shown(self.config)

    def configure(self, raw):
        """Take a new configuration (JSON bytes). Raises SettingError; the old one stays then."""
        self._keep(self._checked(raw))
        self.record(record.CONFIGURED, self.clock.now_s(), occrypto.crc32(raw), _SUBJECT_CONFIG)
        self._changed.set()

    def _keep(self, values):
        """Work by these settings, the last draft, and keep them in flash. Goes on by those before
        if there is no memory for them (raises SettingError) or flash fails (OSError)."""
        before, self.config = self.config, values
        self._changed.set()  # the scene brings its own tables
        try:
            self._make_engine()
            config.keep(self._config_path)
        except (MemoryError, OSError) as error:
            self.config = before
            config.drop(self._config_path)
            self._make_engine()
            if isinstance(error, OSError):
                raise
            raise SettingError("", _TOO_MUCH) from None

    def provision(self, values, raw):
        """Take keys (fields of PROVISION) and configuration. Refused over unread records."""
        is_other = self.keys is not None and (values[0], values[2]) != (
            self.keys.terminal_id,
            self.keys.journal,
        )
        if is_other and self.journal.has_unread():
            raise Refused("unread records under the present keys: pull them first")
        checked = self._checked(raw)
        if self.keys is not None and self.keys.are(values) and checked == self.config:
            config.drop(self._config_path)
            return  # said again: nothing changes
        if self.engine is not None:
            self._keep(checked)
        else:
            config.keep(self._config_path)
            self.config = checked
        self._save_keys(values, is_other)
        self._mount()
        self.record(record.CONFIGURED, self.clock.now_s(), occrypto.crc32(raw), _SUBJECT_KEYS)
        self._changed.set()

    def _checked(self, raw):
        try:
            values = config.draft(self._config_path, raw, _SCENES)
        except MemoryError:
            raise SettingError("", _TOO_MUCH) from None
        if values["sam"] == "psam" and self._board.sam_slot is None:
            config.drop(self._config_path)
            raise SettingError("sam", "psam: this board has no slot for one")
        return values

    def take_list(self, number, offset, data):
        """Bytes of a card list: -> the offset wanted next. Raises ListError, Refused."""
        if number not in cardlist.NAMES:
            raise Refused("there is no list %d" % number)
        held = self.lists[number]
        before = held.header
        offset = held.write(offset, data, config.list_roots(self.config))
        if held.header is not before:
            self.journal.append(record.LIST, held.taken(self.clock.now_s()))
        return offset

    def stop(self):
        """Leave service: the port goes to the REPL."""
        self.is_stopping = True
        self._changed.set()

    def restart(self):
        """Leave service between two taps, for a reset."""
        self.is_restarting = True
        self.stop()

    # -- inside -------------------------------------------------------------------------

    def _lend(self, text):
        """Screen and printer can show the settings' glyphs, and these of an answer. Raises
        ValueError."""
        self._passing = (glyphs.unpack(text) + self._passing)[:_MOST_PASSING]
        lent = glyphs.unpack(self.config["glyphs"]) + self._passing
        self.ui.canvas.lend({number: pages for number, _, pages in lent})
        encoder = getattr(self._board, "encoder", None)
        if encoder is not None:
            encoder.lend({chr(number): code for number, code, _ in lent})

    def _save_keys(self, values, clears_journal):
        path, secret = self._board.root + "/keys.bin", self._board.secret
        keys.save(path, secret, values, clears_journal)
        self.keys = keys.load(path, secret)

    def _mount_or_say_why(self):
        try:
            self._mount()
        except (JournalError, OSError, MemoryError) as error:  # the link must answer all the same
            self.fault = "%s: %s" % (type(error).__name__, error)

    def _mount(self):
        """Mount the journal once; a scene that is still ending works on the same object."""
        board = self._board
        is_boot = self.journal is None
        if is_boot:
            self.journal = Journal(
                board.journal_flash, self.keys.journal, self.clock.now_s, board.journal_page_size
            )
        if self.keys.clears_journal:  # records of the number before, all read: see provision()
            self.journal.clear(self.keys.journal)
            self._save_keys(self.keys.fields, False)
        elif is_boot:
            self.journal.mount()
        is_late = self.clock.not_before(self.journal.last_time_s)
        self._make_engine()
        if is_boot or not self.journal.boots:
            firmware = (FIRMWARE.encode() + bytes(8))[:8]
            boots = self.journal.boots + 1 & 0xFFFF
            cause = board.reset_cause() | (record.CLOCK_LATE if is_late else 0)
            if not self.clock.is_set():
                cause |= record.CLOCK_NOT_SET
            self.record(record.BOOT, self.clock.now_s(), boots, cause, firmware)
        if is_boot:
            self.guard.restore(self.journal)
            self.updates.tell_roll_back()

    def _make_engine(self):
        values = self.config
        if self.engine is not None:
            self.engine.rules.release()  # the old tables and the new have no room side by side
        gc.collect()
        self.ui.shine(values["brightness"])
        self.ui.language = texts.LANGUAGES.index(values["language"])
        self._lend("")
        rules = self._make_rules()
        path = self._board.root + "/shift.bin"
        self.shift = Shift(path, self.journal, self.clock, bool(values["shift_needed"]))
        rules.meters.append(self.shift)
        self.engine = Engine(
            self.journal,
            self._make_sam(),
            self.clock,
            rules,
            values["serial_offset"],
            values["repeat_ms"],
            sealer=Sealer(self.keys.journal),
            codes=self._make_codes(),
        )

    def _make_codes(self):
        roots = config.qr_roots(self.config)
        return Codes([TransitDecoder(roots), TokenDecoder()]) if roots else None

    def _make_sam(self):
        config, keys = self.config, self.keys
        if config["sam"] == "psam":
            return Psam(self._board.sam_slot, SCHEMES[config["sam_scheme"]], keys.terminal_id)
        key = PurchaseKey(keys.key_index, keys.purchase, keys.is_diversified)
        return SoftSam(keys.terminal_id, (key,), config["sm4_session"], config["sm4_algorithm"])

    def _make_rules(self):
        config = self.config
        limits = Limits(
            config["tap_limit"],
            config["day_limit"],
            config["day_count"],
            config["min_left"],
            config["passback_s"],
        )
        tally = None
        if limits.needs_tally:
            tally = Tally(config["counted_cards"], day_start)
            tally.restore(self.journal, self.clock.now_s())
        city = bytes.fromhex(config["city"])
        return Rules(
            self.hotlist,
            limits,
            tally,
            city,
            bool(config["takes_test_cards"]),
            config["hotlist_days"],
        )

    def record(self, kind, *values, tail=b""):
        """Append a record that is no sale; one that has no room is left out, never an error."""
        try:
            self.journal.append(kind, record.pack(kind, *values, tail=tail))
        except JournalFull:
            pass

    async def run(self):
        """Serve until asked into service mode, or to restart: returns True then."""
        port = self._board.link_port
        port.open()
        link = asyncio.create_task(LinkService(self, port).run())
        watch = asyncio.create_task(self.updates.watch())
        while not self.is_stopping:
            self._changed.clear()
            scene = asyncio.create_task(self._scene())
            await self._changed.wait()
            await scene  # it ends between two taps
        await link
        watch.cancel()
        if self.is_restarting:
            await asyncio.sleep_ms(_RESTART_MS)  # the last answer leaves the port
            return True
        self.ui.notice(texts.SERVICE)
        port.close()
        return False

    async def _scene(self):
        """Run the configured scene; on a fault say so, recover and go on."""
        if self.keys is None:
            self.ui.notice(texts.NOT_PROVISIONED)
            return
        if self.engine is None:
            self.ui.notice(texts.FLASH_FAULT, texts.CALL_SERVICE)
            return
        till = Till(self, self._board, self._changed, operator.menu)
        while not till.is_over:
            try:
                await till.start()
                self.fault = ""
                await _SCENES[self.config["scene"]](till)
                return
            except ReaderError as error:
                self._report(texts.READER_FAULT, error)
                self.updates.scene_moves()  # it may not be fitted: no fault of the firmware
            except SamError as error:
                self._report(texts.SAM_FAULT, error)
                self.updates.scene_moves()
            except JournalError as error:
                self._report(texts.FLASH_FAULT, error)
            except Exception as error:  # the supervisor: whatever it was, serve the next card
                self._report(texts.CALL_SERVICE, error)
                self.updates.failure = self.fault
            await asyncio.sleep_ms(_RESTART_MS)

    def _report(self, text, error):
        self.fault = "%s: %s" % (type(error).__name__, error)
        try:
            self.ui.notice(text, self.config["service"] or texts.CALL_SERVICE)
        except OSError:
            pass  # the display itself is what failed


async def serve(board, boot=None):
    """Run a terminal on `board` until it is asked into service mode; True: reset it now."""
    return await Terminal(board, boot).run()
