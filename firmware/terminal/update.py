"""Takes an update over the link into the free slot, puts it on trial, and confirms it.

Whatever fails on the way, what runs now goes on running: nothing here writes to the slot in use.
Which firmware is started is boot.py's business.
"""

import asyncio
import time

import occrypto
from ocwire import bundle, message, record, sector

from . import config
from .link.service import Refused
from .version import FIRMWARE

_BLOCK = 4096
_PAGE = bundle.PAGE_SIZE
_BLANK = b"\xff" * _PAGE
_STILL_MS = 20000  # scene or link without a sign of life for so long: hung
_FEED_MS = 500
_START_POLLS = 100
_START_MS = 100


class Updates:
    """terminal: app.Terminal. boot: boot.Boot, or None on a board without slots."""

    def __init__(self, terminal, boot, board_name):
        self._terminal = terminal
        self._boot = boot
        self._board_name = board_name
        self._version = bytes(bundle.parse_version(FIRMWARE))
        self._header = None
        self._next = 0  # offset in the image of the next byte to be written
        self._scene_ms = self._link_ms = time.ticks_ms()
        self._has_started = False
        self.failure = ""  # an error of the firmware itself since it started

    # -- signs of life ------------------------------------------------------------------

    def scene_moves(self):
        """The scene is not hung."""
        self._scene_ms, self._has_started = time.ticks_ms(), True

    def link_moves(self):
        """Nor is the link."""
        self._link_ms = time.ticks_ms()

    def _is_alive(self):
        now = time.ticks_ms()
        still_ms = max(time.ticks_diff(now, self._scene_ms), time.ticks_diff(now, self._link_ms))
        return still_ms < _STILL_MS

    async def watch(self):
        """On trial: feed the watchdog while scene and link move; give up when the time is over."""
        boot, start_ms = self._boot, time.ticks_ms()
        limit_ms = self._terminal.config["trial_s"] * 1000
        while boot is not None:
            passed_ms = time.ticks_diff(time.ticks_ms(), start_ms)
            if boot.is_trial and self._is_alive():
                boot.watchdog.feed()
            if passed_ms > limit_ms:
                if not boot.is_trial:
                    boot.is_well()
                    return
                boot.give_up(self.failure or "not confirmed in %d s" % (limit_ms // 1000))
                self._terminal.restart()
                return
            await asyncio.sleep_ms(_FEED_MS)

    def tell_roll_back(self):
        """Write into the journal that the trial before has failed, if it is not there yet."""
        boot = self._boot
        if boot is not None and boot.rolled_back is not None:
            self._record(record.ROLLED_BACK, boot.rolled_back)
            boot.told()

    def _record(self, event, version):
        self._terminal.record(record.UPDATED, self._terminal.clock.now_s(), event, version)

    def is_settled(self):
        """False while an update is on trial: the watchdog would end what takes long."""
        return self._boot is None or not self._boot.is_trial

    def check_settled(self):
        """Raise Refused while an update is on trial."""
        if not self.is_settled():
            raise Refused("an update is on trial: confirm it first")

    # -- what the link asks for ---------------------------------------------------------

    def status(self):
        """Fields of the UPDATE_STATUS answer, and its text."""
        boot = self._boot
        if boot is None:
            return (self._version, 0, 0, 0, bytes(8), 0, bytes(8)), "no update slots"
        state = message.TRIAL if boot.is_trial else message.SETTLED
        if boot.is_activated:
            state = message.ACTIVATED
        base = boot.slots.base
        image = self._running_digest()[:8]
        return (self._version, boot.slot, state, boot.tries, base, self._next, image), boot.fault

    def _running_digest(self):
        """SM3 of the image that runs, as its header says; zeros for the frozen firmware."""
        if not self._boot.slot:
            return bytes(8)
        page = bytearray(_PAGE)
        self._boot.slots.flash(self._boot.slot).readblocks(0, page, 0)
        return bundle.unpack(page).digest

    def begin(self, raw):
        """Take a bundle's header; the offset in the image to go on from. Raises Refused."""
        if self._boot is None:
            raise Refused("this board has no update slots")
        slot = self._boot.free_slot
        if not slot:
            raise Refused("an update is on trial: confirm it, or wait until it is rolled back")
        header = bundle.unpack(raw)
        self._check(header)
        flash, page = self._boot.slots.flash(slot), bytearray(_PAGE)
        wanted = bundle.page(header.pack())
        flash.readblocks(0, page, 0)
        if page == wanted:
            self._next = min(_used(flash, self._boot.slots.size), header.size)
        else:
            # the header's sector first: while the rest may hold anything there is no header
            for block in range(self._boot.slots.size // _BLOCK):
                flash.ioctl(6, block)
            flash.writeblocks(0, wanted, 0)
            self._next = 0
        self._header = header
        return self._next

    def _check(self, header):
        slots, journal = self._boot.slots, sector.FORMAT_VERSION
        if header.board not in ("", self._board_name):
            raise Refused("bundle is for %s, this is %s" % (header.board, self._board_name))
        if header.base != slots.base:
            raise Refused("bundle lies over another image than this terminal's: build it anew")
        if not header.journal[0] <= journal <= header.journal[1]:
            raise Refused("bundle cannot go on with journal format %d" % journal)
        if header.size > slots.size - _PAGE:
            raise Refused("image of %d bytes, a slot takes %d" % (header.size, slots.size - _PAGE))
        if bytes(header.version) < self._version and not header.may_downgrade:
            raise Refused(
                "bundle %s is older than %s, and not signed for that"
                % (bundle.version_text(header.version), FIRMWARE)
            )
        roots = config.update_roots(self._terminal.config)
        if not roots:
            raise Refused("no update root is configured: provision the terminal with one")
        if not any(header.is_signed_by(root) for root in roots):
            raise Refused("bundle is not signed by an update root of this terminal")

    def write(self, offset, data):
        """Put bytes of the image where they belong; the offset of what is wanted next.

        Bytes that are not the wanted ones change nothing. Raises Refused.
        """
        header = self._header
        if header is None:
            raise Refused("UPDATE_BEGIN comes first")
        if offset != self._next or not data:
            return self._next
        end = offset + len(data)
        if end > header.size or (end < header.size and end % _PAGE):
            raise Refused("chunk of %d bytes at %d" % (len(data), offset), message.E_BAD_DATA)
        flash = self._boot.slots.flash(self._boot.free_slot)
        for start in range(0, len(data), _PAGE):
            page = data[start : start + _PAGE]
            at = _PAGE + offset + start
            flash.writeblocks(at // _BLOCK, page + _BLANK[len(page) :], at % _BLOCK)
        self._next = end
        return end

    def activate(self):
        """Put the image on trial at the restart that follows. Said again it changes nothing."""
        boot, header = self._boot, self._header
        if boot is not None and boot.is_activated:
            self._terminal.restart()
            return
        if header is None or self._next < header.size:
            raise Refused("the update is not here yet: UPDATE_BEGIN tells what is missing")
        slot, size = boot.free_slot, _PAGE + header.size
        image = memoryview(boot.slots.image(slot))[_PAGE:size]
        if occrypto.sm3(image) != header.digest:
            self._header, self._next = None, 0
            boot.slots.flash(slot).ioctl(6, 0)
            raise Refused("image has another digest than its header says: send it again")
        boot.activate(_PAGE, size, bytes(header.version))
        self._record(record.ACTIVATED, bytes(header.version))
        self._terminal.restart()

    async def confirm(self):
        """The host that asks is authentic; if the terminal is in order too, the update stays."""
        boot = self._boot
        if boot is None or not boot.is_trial:
            return
        for _ in range(_START_POLLS):
            if self._has_started or self.failure:
                break
            await asyncio.sleep_ms(_START_MS)
        fault = self._terminal.fault if self._terminal.engine is None else self.failure
        if fault or not self._has_started:
            raise Refused("self-test: " + (fault or "no scene runs"), message.E_FAILED)
        boot.confirm()
        boot.watchdog.stop()
        self._record(record.CONFIRMED, self._version)


def _used(flash, size):
    """Bytes behind the header's page up to the last one that is programmed, in whole pages less
    the last: that one may be half done, and programming the same bytes again makes it whole."""
    page = bytearray(_PAGE)
    for at in range(size - _PAGE, _PAGE, -_PAGE):
        flash.readblocks(at // _BLOCK, page, at % _BLOCK)
        if page != _BLANK:
            return at - _PAGE
    return 0
