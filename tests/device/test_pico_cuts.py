"""Power cuts on the real flash path of a virtual Pico: rp2.Flash and littlefs in the UF2 itself.

A case is one flash operation of what a terminal does, torn in one way; then the Pico starts by
itself, the host pulls, a card pays, and P2 to P5 are held against what the host had stored before.
The process is forked where the action begins: the way there is gone once a sweep.
"""

import pytest
from forks import in_a_fork
from ocwire import record
from onecard import verify
from onecard.keystore import PurseKeys
from onecard.sim.flash import CUT_MODES, PowerCut
from onecard.sim.rp2040 import FLASH_SIZE
from onecard.sim.worlds.base import JOURNAL_SIZE
from pico_rig import DTK, NOW_S, TERMINAL, K, PurseCard, Rig
from ram_flash import RamFlash
from terminal.journal import Journal

pytestmark = [pytest.mark.pico, pytest.mark.timeout(4 * 3600)]

PROGRAM_MODES = tuple(mode for mode in CUT_MODES if mode != "undefined")  # the same as "bits"
PROGRAM = 0x02
FARE, DEARER, START = 200, 250, 9000
PURSE = PurseKeys(K, DTK, is_diversified=False)
ROOM = 4096 - 112  # for records in a sector
BOOT_ROOM, SALE_ROOM = 29, 36  # what a start takes of it, and less than a sale
LISTED = [bytes.fromhex("03109990000000") + n.to_bytes(3, "big") for n in (900, 901, 902)]
PAID, WAS_PAID = "支付成功", "上次已扣款"


def card():
    """One of this terminal's scheme."""
    serial = bytes.fromhex("03109990000000000001")
    return PurseCard.make(serial=serial, balance=START, dpk=K, dtk=PURSE.card_dtk(serial))


class Site:
    """A Pico and its host. stored: the records that the host has, from the first on."""

    def __init__(self, flash):
        self.rig, self.card, self.stored = Rig(flash=flash), card(), []
        self.key = self.rig.keystore.journal_key(TERMINAL)

    def serve(self):
        """It starts, sells, and the host stores what there is."""
        self.rig.serve()
        self.rig.session().set_time(NOW_S)
        self.pull()

    def pull(self):
        """Store what is new."""
        client = self.rig.session()
        while items := client.pull(len(self.stored) + 1):
            self.stored += items
        return client

    def pay(self):
        """The card is held there until the screen says what came of it."""
        rig = self.rig
        rig.world.field.place(self.card)
        said = lambda: rig._is_shown(PAID) or rig._is_shown(WAS_PAID)  # noqa: E731
        assert rig.world.run(4000, said, every_ms=10), rig.screen()
        rig.take_away()

    def judge(self):
        """P2, P3, P4 of what the flash holds from the first record on, after the card came."""
        before, self.stored = self.stored, []
        self.pull()
        assert [r.raw for r in self.stored[: len(before)]] == [r.raw for r in before]
        report = verify.verify(TERMINAL, self.stored, self.key, PURSE)
        assert report.findings == [], report.findings
        assert report.debited == START - self.card.balance > 0


# -- what the power fails in ------------------------------------------------------------------


def purchase(site):
    site.pay()


def receipt(site):
    last = site.stored[-1]
    site.rig.session().acknowledge(last.seq, last.mac)


def configuration(site):
    client = site.rig.session()
    client.configure(client.read_config() | {"price": DEARER})


def time_set(site):
    site.rig.session().set_time(NOW_S + 60)


def hotlist(site):
    site.rig.session().hotlist(0, NOW_S, LISTED, [])


def power_up(site):
    """The boot's record."""
    site.rig.serve()


def at_a_sectors_end(flash, key):
    """The same flash with room for a start's record in the journal's sector and for no sale."""
    part = RamFlash(JOURNAL_SIZE // 4096)
    part.data[:] = flash[FLASH_SIZE - JOURNAL_SIZE : FLASH_SIZE]
    journal = Journal(part, key, lambda: NOW_S)
    journal.mount()
    keep = BOOT_ROOM + SALE_ROOM
    while journal.free_bytes % ROOM > keep + 30:
        size = min(150, journal.free_bytes % ROOM - keep - 28)
        body = record.pack(record.IDENTITY, NOW_S, record.CHECK_IN, bytes(12), tail=bytes(size))
        journal.append(record.IDENTITY, body)
    return bytes(flash[: FLASH_SIZE - JOURNAL_SIZE]) + bytes(part.data)


# action, whether the sector is full, operations at least
ACTIONS = (
    (purchase, False, 2),
    (purchase, True, 6),  # opened twice, intent, result; then the next one is erased and marked
    (receipt, False, 1),
    (time_set, False, 1),
    (configuration, False, 4),
    (hotlist, False, 8),
    (power_up, False, 1),
)
NAMES = [f"{action.__name__}{', full sector' * is_full}" for action, is_full, _ in ACTIONS]


class Sweep:
    """Every operation of an action in every way; power_up begins without power."""

    def __init__(self, flash, action, is_full):
        self.action = action
        self.site = Site(flash)
        if is_full:
            self.site = Site(at_a_sectors_end(flash, self.site.key))
        if action is not power_up:
            self.site.serve()

    def operations(self):
        """The opcode of each."""

        def work():
            before = len(self.site.rig.world.flash_operations)
            self.action(self.site)
            self.site.rig.world.run(200)
            done = self.site.rig.world.flash_operations[before:]
            return " ".join(str(code) for code, _, _ in done)

        return [int(word) for word in in_a_fork(work).split()]

    def cut(self, n, mode):
        """One case, in a fork."""

        def work():
            site, world = self.site, self.site.rig.world
            world.cut_power_at(n, mode, seed=n)
            with pytest.raises(PowerCut):
                self.action(site)
                world.run(2000)
            world.field.remove()
            world.reboot()
            site.rig.serve()  # P5
            with site.pull() as client:
                assert client.status().state == "in service"
                assert client.read_config()["price"] in (FARE, DEARER)
            site.pay()
            site.judge()
            return ""

        in_a_fork(work)

    def run(self, least):
        """The number of cases."""
        codes, cases = self.operations(), 0
        assert len(codes) >= least, codes
        for n, code in enumerate(codes, 1):
            for mode in PROGRAM_MODES if code == PROGRAM else CUT_MODES:
                try:
                    self.cut(n, mode)
                except AssertionError as error:
                    raise AssertionError(f"operation {n}, {mode}: {error}") from None
                cases += 1
        return cases


@pytest.mark.slow
@pytest.mark.parametrize(("action", "is_full", "least"), ACTIONS, ids=NAMES)
def test_p2_p3_p4_p5_hold_after_a_cut_on_the_real_flash_path(
    flash, action, is_full, least, counted
):
    cases = Sweep(flash, action, is_full).run(least)
    counted("virtual Pico", "rp2.Flash and littlefs", cases)
    assert cases >= 4 * least


def test_what_fails_in_a_fork_is_told():
    def fails():
        raise AssertionError("in there")

    with pytest.raises(AssertionError, match="in there"):
        in_a_fork(fails)
    assert in_a_fork(lambda: "done") == "done"
