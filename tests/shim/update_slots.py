"""A board's update slots on the simulated NOR flash: littlefs for the files, two slots behind it;
power may fail in every operation."""

from nor_files import BLOCK, NorFiles, Part
from onecard.sim.flash import NORFlash

FILES_SIZE = SLOT_SIZE = 32 * 1024
BASE = b"the base"


class Dog:
    """A watchdog that remembers."""

    def __init__(self):
        self.fed, self.is_stopped = 0, False

    def feed(self):
        self.fed += 1

    def stop(self):
        self.is_stopped = True


class NorSlots(NorFiles):
    """boards/README.md's slots. nor: of an earlier one, after a power cycle."""

    root = ""
    size = SLOT_SIZE
    base = BASE

    def __init__(self, nor=None):
        flash = nor or NORFlash(FILES_SIZE + 2 * SLOT_SIZE)
        super().__init__(flash, FILES_SIZE // BLOCK, is_new=nor is None)
        self.resets, self.mounted = 0, None
        self.dog = Dog()

    def flash(self, slot):
        first = FILES_SIZE + (slot - 1) * SLOT_SIZE
        return Part(self.nor, first // BLOCK, SLOT_SIZE // BLOCK)

    def image(self, slot):
        return self.nor.read(FILES_SIZE + (slot - 1) * SLOT_SIZE, SLOT_SIZE)

    def mount(self, slot, start, path):
        self.mounted = slot, start

    def watchdog(self):
        return self.dog

    def reset(self):
        self.resets += 1


class StubTerminal:
    """As much of app.Terminal as terminal.update asks for. records: (kind, *values)."""

    fault = ""
    engine = True

    def __init__(self, roots="", trial_s=600):
        self.config = {"update_roots": roots, "trial_s": trial_s}
        self.records = []
        self.is_restarting = False
        self.clock = self

    def now_s(self):
        return 1767225600

    def record(self, kind, *values):
        self.records.append((kind, *values))

    def restart(self):
        self.is_restarting = True


def bundle_of(image, version=(0, 1, 1), key=None, board="", base=BASE, journal=(2, 2), flags=0):
    """A bundle around any bytes, signed by `key`."""
    import occrypto
    from ocwire.bundle import Header
    from onecard.bundle import Bundle

    header = Header(len(image), version, flags, board, base, journal, occrypto.sm3(image))
    made = Bundle(header, image)
    if key is not None:
        made.sign(key)
    return made
