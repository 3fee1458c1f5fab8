"""What a host asks of a terminal on NOR flash (nor_terminal.Site), and what must hold after a
power cut and once it is done: the scenes of power/test_app_cuts.py."""

import json

import occrypto
from nor_terminal import serial, serials
from ocwire import message, record
from terminal import config

NUMBERS = bytes.fromhex("112233445566"), bytes.fromhex("665544332211")
LATER_S = 1767225600 + 3600
ROOM = 4096 - 112  # for records in a sector


def key_fields(which):
    """Fields of PROVISION for the first or the second number."""
    made = [bytes([which * 16 + n]) * 16 for n in range(3)]
    return (NUMBERS[which], *made, 1, 1)


def settings(price):
    """A configuration as the host sends it."""
    return json.dumps({"merchant": "第一小学食堂", "price": price}).encode()


OLD_CONFIG, NEW_CONFIG = config.parse(settings(100)), config.parse(settings(250))
DEFAULT_CONFIG = config.check({})


def in_service(site):
    """A provisioned terminal with records, one of them an open debit."""
    terminal = site.start()
    terminal.provision(key_fields(0), settings(100))
    terminal.journal.append(
        record.INTENT,
        record.pack(
            record.INTENT, 1, serial(7), site.rtc.now_s, 1200, 5000, 3, 1, b"rand", 1, 0, 1, 6
        ),
    )
    for number in range(3):
        terminal.record(record.REFUSED, site.rtc.now_s, record.HOTLISTED, serial(number), 1200)
    site.pull()


def at_a_sectors_end(site):
    """The same, with no room for one more record in the sector."""
    in_service(site)
    journal = site.terminal.journal
    while journal.free_bytes % ROOM > 30:
        size = min(150, journal.free_bytes % ROOM - 29)
        body = record.pack(
            record.IDENTITY, site.rtc.now_s, record.CHECK_IN, bytes(12), tail=bytes(size)
        )
        journal.append(record.IDENTITY, body)
    site.pull()


class Scene:
    """before(site): what came before. act(site): what is asked, also when it is asked again.
    may_be(site): after a cut. must_be(site): once act() has returned. kinds: of the records that
    may come of it. size: about how many operations act() takes."""

    before = staticmethod(in_service)
    kinds = ()
    least = 1

    def may_be(self, site):
        assert site.terminal.state() == message.IN_SERVICE
        assert site.terminal.id == NUMBERS[0]
        assert site.terminal.config == OLD_CONFIG

    def must_be(self, site):
        self.may_be(site)


class Configuration(Scene):
    kinds = (record.CONFIGURED,)
    least = 4

    def act(self, site):
        site.terminal.configure(settings(250))

    def may_be(self, site):
        assert site.terminal.state() == message.IN_SERVICE and site.terminal.id == NUMBERS[0]
        assert site.terminal.config in (OLD_CONFIG, NEW_CONFIG)
        self._told(site, site.terminal.config == NEW_CONFIG)

    def _told(self, site, may):
        digest = occrypto.crc32(settings(250))
        mine = [r for r in site.pull() if r.kind == record.CONFIGURED]
        assert may or all(r.fields()["digest"] != digest for r in mine)

    def must_be(self, site):
        assert site.terminal.config == NEW_CONFIG
        last = [r for r in site.pull() if r.kind == record.CONFIGURED][-1]
        assert last.fields()["digest"] == occrypto.crc32(settings(250))


class ConfigurationAtASectorsEnd(Configuration):
    before = staticmethod(at_a_sectors_end)
    least = 9


class TimeSet(Scene):
    kinds = (record.CLOCK_SET,)

    def act(self, site):
        site.terminal.set_time(LATER_S)

    def must_be(self, site):
        super().must_be(site)
        assert site.terminal.clock.now_s() == LATER_S
        last = [r for r in site.pull() if r.kind == record.CLOCK_SET][-1]
        assert last.fields()["time_s"] == LATER_S


class TimeSetAtASectorsEnd(TimeSet):
    before = staticmethod(at_a_sectors_end)
    least = 6


class Acknowledgement(Scene):
    kinds = (record.ACKNOWLEDGED,)

    def act(self, site):
        site.acknowledge()

    def must_be(self, site):
        super().must_be(site)
        assert not site.terminal.journal.has_unread()


class AcknowledgementAtASectorsEnd(Acknowledgement):
    before = staticmethod(at_a_sectors_end)
    least = 6


OLD_LIST, OLD_VERSION, NEW_VERSION = frozenset(range(100, 140)), 1767000000, 1767200000


class HotlistDelta(Scene):
    """Some cards come, some go."""

    new_list = OLD_LIST - frozenset(range(100, 110)) | frozenset(range(500, 530))
    least = 8

    @staticmethod
    def before(site):
        in_service(site)
        site.terminal.hotlist.apply(0, OLD_VERSION, serials(OLD_LIST), b"")

    def act(self, site):
        """As a host does that is told a version."""
        hotlist = site.terminal.hotlist
        if hotlist.version in (OLD_VERSION, NEW_VERSION):
            come, go = self.new_list - OLD_LIST, OLD_LIST - self.new_list
            hotlist.apply(OLD_VERSION, NEW_VERSION, serials(come), serials(go))
        else:
            hotlist.apply(0, NEW_VERSION, serials(self.new_list), b"")

    def listed(self, site):
        everyone = range(90, 560)
        return {number for number in everyone if serial(number) in site.terminal.hotlist}

    def may_be(self, site):
        super().may_be(site)
        listed, version = self.listed(site), site.terminal.hotlist.version
        assert listed <= OLD_LIST | self.new_list  # no card that neither of them lists
        assert listed >= OLD_LIST & self.new_list  # and every card that both list
        assert version in (OLD_VERSION, NEW_VERSION)  # the delta is sent again, or it is done
        assert version == OLD_VERSION or listed == self.new_list

    def must_be(self, site):
        assert site.terminal.hotlist.version == NEW_VERSION
        assert self.listed(site) == self.new_list


class WholeHotlist(HotlistDelta):
    """Another list in the place of the old one."""

    new_list = frozenset(range(120, 170))
    least = 12

    def act(self, site):
        site.terminal.hotlist.apply(0, NEW_VERSION, serials(self.new_list), b"")

    def may_be(self, site):
        Scene.may_be(self, site)
        listed, version = self.listed(site), site.terminal.hotlist.version
        assert listed <= OLD_LIST | self.new_list
        assert version in (0, OLD_VERSION, NEW_VERSION)
        if version == 0:  # sent again; where the list's age counts nothing is sold until then
            assert site.terminal.hotlist.is_older_than(3650, site.rtc.now_s)
        else:
            assert listed == (OLD_LIST if version == OLD_VERSION else self.new_list)


class FirstProvisioning(Scene):
    kinds = (record.CONFIGURED,)
    least = 12

    @staticmethod
    def before(site):
        site.start()

    def act(self, site):
        site.terminal.provision(key_fields(0), settings(250))

    def may_be(self, site):
        terminal = site.terminal
        if terminal.keys is None:
            assert terminal.state() == message.UNPROVISIONED
            assert terminal.config in (DEFAULT_CONFIG, NEW_CONFIG)
        else:
            assert terminal.keys.are(key_fields(0)) and terminal.config == NEW_CONFIG
            assert terminal.state() == message.IN_SERVICE

    def must_be(self, site):
        assert site.terminal.keys.are(key_fields(0)) and site.terminal.config == NEW_CONFIG
        assert site.terminal.state() == message.IN_SERVICE


class AnotherNumber(Scene):
    """What a factory reset is here: other keys, the journal cleared, all of it read before."""

    kinds = (record.CONFIGURED,)
    least = 12

    @staticmethod
    def before(site):
        in_service(site)
        site.acknowledge()
        site.pull()

    def act(self, site):
        terminal = site.terminal
        if terminal.id == NUMBERS[0]:  # a start leaves a record, which is pulled first
            site.acknowledge()
        terminal.provision(key_fields(1), settings(250))

    def may_be(self, site):
        terminal = site.terminal
        assert terminal.state() == message.IN_SERVICE and not terminal.keys.clears_journal
        if terminal.id == NUMBERS[0]:
            assert terminal.keys.journal == key_fields(0)[2]
            assert terminal.config in (OLD_CONFIG, NEW_CONFIG)
            assert terminal.journal.acked >= 6
        else:
            self.must_be(site)

    def must_be(self, site):
        terminal = site.terminal
        assert terminal.keys.terminal_id == NUMBERS[1] and terminal.config == NEW_CONFIG
        assert terminal.keys.journal == key_fields(1)[2]
        assert not terminal.journal.open and terminal.journal.acked == 0


SCENES = (
    Configuration, ConfigurationAtASectorsEnd, TimeSet, TimeSetAtASectorsEnd, Acknowledgement,
    AcknowledgementAtASectorsEnd, HotlistDelta, WholeHotlist, FirstProvisioning, AnotherNumber,
)  # fmt: skip
