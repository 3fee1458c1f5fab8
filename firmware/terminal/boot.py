"""Chooses which firmware runs: the frozen one, or an update from a slot. Frozen itself.

One small file holds what is chosen: a confirmed image (or none: the frozen firmware), an image on
trial and how many starts it has left. A trial's start is counted before it happens, so that a
crash, a hang and a power cut all cost one; with none left the image before runs again (P5).
"""

import asyncio
import struct

import occrypto

from .files import read_file, replace_file
from .overlay import Overlay

TRIES = 3
_MOST_CRASHES = 3  # of a confirmed image, before the frozen firmware runs in its place
_MOUNT = "/update"
_FILE = "/update.bin"
_VERSION = 1
_IMAGE_FORM = "BHI32s"
_FORM = ">B" + _IMAGE_FORM + _IMAGE_FORM + "3sB3sB"
_FIXED = struct.calcsize(_FORM)
_NOTHING = (0, 0, 0, bytes(32))
_NO_VERSION = bytes(3)
_MOST_TEXT = 80
_BASE_AT = 24  # in a bundle's header: SPEC.md 7


class Boot:
    """slots: the board's (boards/README.md).

    slot: what runs, 0 for the frozen firmware. is_trial: it is not confirmed yet. watchdog: feed()
    and stop() while it is on trial, else None. fault: why something else runs than was activated.
    rolled_back: version (3 bytes) of a trial that failed and of which no record tells, or None.
    """

    def __init__(self, slots):
        self.slots = slots
        self.slot = 0
        self.is_trial = False
        self.watchdog = None
        self._confirmed, self._trial, self._version = _NOTHING, _NOTHING, _NO_VERSION
        self.tries = self._crashes = 0
        self._failed = _NO_VERSION
        self.fault = ""
        self._load()

    def _load(self):
        raw = read_file(self.slots.root + _FILE)
        if raw is None or len(raw) < _FIXED + 4 or raw[0] != _VERSION:
            return
        if raw[-4:] != struct.pack(">I", occrypto.crc32(raw[:-4])):
            return
        values = struct.unpack_from(_FORM, raw)
        self._confirmed, self._trial = values[1:5], values[5:9]
        self._version, self.tries, self._failed, self._crashes = values[9:]
        self.fault = raw[_FIXED:-4].decode()

    def _save(self):
        images = self._confirmed + self._trial
        rest = (self._version, self.tries, self._failed, self._crashes)
        raw = struct.pack(_FORM, _VERSION, *(images + rest)) + self.fault.encode()
        raw += struct.pack(">I", occrypto.crc32(raw))
        replace_file(self.slots.root + _FILE, raw)

    # -- at the start -------------------------------------------------------------------

    def choose(self):
        """Decide what runs: sets slot and is_trial. What has to be stored is, on return."""
        if self._trial[0]:
            wrong = self._wrong_with(self._trial)
            if wrong:
                self._end_trial(wrong)
            elif not self.tries:
                self._end_trial(self.fault or "hung, or lost its power")
            else:
                self.tries -= 1
                self._save()
                self.slot, self.is_trial = self._trial[0], True
                return
        if not self._confirmed[0]:
            return
        if self._crashes >= _MOST_CRASHES:
            self.fault = "crashed %d times, %s" % (self._crashes, self.fault)
        else:
            wrong = self._wrong_with(self._confirmed)
            if wrong:
                self.fault = wrong
            else:
                self.slot = self._confirmed[0]

    def start(self):
        """Have the chosen firmware's modules imported from now on."""
        if self.is_trial:
            self.watchdog = self.slots.watchdog()
        if self.slot:
            start = (self._trial if self.is_trial else self._confirmed)[1]
            self.slots.mount(self.slot, start, _MOUNT)
            Overlay(_MOUNT)

    def _wrong_with(self, image):
        """Why this image cannot run, "" if it can."""
        slot, _, size, digest = image
        raw = memoryview(self.slots.image(slot))[:size]
        if occrypto.sm3(raw) != digest:
            return "slot %d is damaged" % slot
        if bytes(raw[_BASE_AT : _BASE_AT + 8]) != self.slots.base:
            return "slot %d lies over an earlier image" % slot  # a new one was flashed since
        return ""

    def _end_trial(self, text):
        self._failed, self._trial, self.tries = self._version, _NOTHING, 0
        self.fault = text[:_MOST_TEXT]
        self._save()

    def crashed(self, text):
        """What ran has ended in an error; it is to be reset now."""
        self.fault = text[:_MOST_TEXT]
        if not self.is_trial:
            self._crashes += 1
        self._save()

    # -- for the firmware that runs -------------------------------------------------------

    @property
    def free_slot(self):
        """The slot that an update may be written to, 0 if there is none now."""
        if self._trial[0]:
            return 0
        return 2 if 1 in (self.slot, self._confirmed[0]) else 1

    @property
    def is_activated(self):
        """True when an image waits for the restart that puts it on trial."""
        return bool(self._trial[0]) and not self.is_trial

    @property
    def rolled_back(self):
        """See the class."""
        return self._failed if self._failed != _NO_VERSION else None

    def activate(self, start, size, version):
        """Put what is in the free slot on trial at the next start.

        start: of the ROM file system in it. size: of all that is used of it. version: 3 bytes.
        """
        slot = self.free_slot
        digest = occrypto.sm3(memoryview(self.slots.image(slot))[:size])
        self._trial, self._version, self.tries = (slot, start, size, digest), version, TRIES
        self._failed, self.fault = _NO_VERSION, ""
        self._save()

    def confirm(self):
        """What runs on trial is good: it stays."""
        self._confirmed, self._trial = self._trial, _NOTHING
        self.is_trial, self.tries, self._crashes, self.fault = False, 0, 0, ""
        self._save()

    def give_up(self, text):
        """What runs on trial is not good; the one before runs after the restart."""
        self._end_trial(text)

    def told(self):
        """The roll-back is in the journal."""
        self._failed = _NO_VERSION
        self._save()

    def is_well(self):
        """What runs has run for a while: crashes before do not count any more."""
        if self._crashes and self.slot:
            self._crashes = 0
            self._save()


def run(slots):
    """Run the terminal. Returns when it hands its port to the REPL. slots: None: no updates."""
    boot = None
    if slots is not None:
        boot = Boot(slots)
        boot.choose()
    try:
        is_restart = _serve(boot)
    except Exception as error:
        if boot is None or not boot.slot:
            raise
        boot.crashed("%s: %s" % (type(error).__name__, error))
        is_restart = True
    if is_restart:
        slots.reset()


def _serve(boot):
    if boot is not None:
        boot.start()
    import board  # only now: these are the modules that an update may bring

    from terminal import app

    return asyncio.run(app.serve(board.make(), boot))
