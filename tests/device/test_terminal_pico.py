"""The whole terminal on the virtual Pico: the UF2 that a real one is flashed with, its real flash
path, its USB port and its sense of time."""

import subprocess
import sys

import pytest
from ocwire import frame, message, record
from onecard import dump
from onecard.demo import debited_in_flash
from onecard.sim.cards.tags import FaultyCard, PlainTag
from onecard.sim.flash import PowerCut
from onecard.sim.rp2040 import FLASH_SIZE
from onecard.sim.worlds.base import JOURNAL_SIZE
from onecard.sim.worlds.pico_terminal import PicoTerminal
from pico_rig import NOW_S, K, PurseCard, Rig
from terminal_rig import TerminalRig

pytestmark = pytest.mark.pico

ERASES = (0x20, 0xD8)
CITY_STANDARD_MS = 400
FARE = 200


@pytest.fixture(scope="module")
def shared(flash):
    """A Pico in service for tests that leave it so."""
    rig = Rig(flash=flash)
    rig.serve()
    rig.session().set_time(NOW_S)
    rig.world.run(200)
    yield rig
    rig.world.close()


def card(number=1, balance=9000, **options):
    """A card of this terminal's scheme."""
    serial = bytes.fromhex("0310999000000000") + number.to_bytes(2, "big")
    return PurseCard.make(serial=serial, balance=balance, dpk=K, **options)


def journal_of(rig):
    """The journal's part of the flash as it is."""
    return rig.world.flash_image()[FLASH_SIZE - JOURNAL_SIZE :]


# -- time -----------------------------------------------------------------------------------


def test_a_tap_is_done_well_within_the_city_standard(shared):
    """A card of 10 ms a command: durable, sounded and drawn in simulated time."""
    one = card(apdu_us=10_000.0)
    tap = shared.tap(one)
    shared.take_away()
    assert one.balance == 9000 - FARE
    assert tap.floor_ms < tap.durable_ms < tap.sound_ms
    assert max(tap.durable_ms, tap.sound_ms, tap.drawn_ms) < CITY_STANDARD_MS / 4


def test_no_tap_waits_for_an_erase(shared):
    """The sector behind the head was erased while the terminal was idle."""
    taps = []
    for number in range(3):
        taps.append(shared.tap(card(number, balance=5000 + number)))
        shared.world.field.remove()
        shared.world.run(300)
    assert all(op[0] not in ERASES for tap in taps for op in tap.operations)
    assert [len(tap.operations) for tap in taps] == [2, 2, 2]


@pytest.mark.slow
def test_two_terminals_take_the_same_time_to_the_nanosecond(flash):
    def day():
        rig = Rig(flash=flash)
        rig.serve()
        rig.world.field.place(PlainTag())
        rig.wait_screen("无法识别此卡")
        return rig.world.us, rig.world.bench.mcu.core.cycles

    assert day() == day()


# -- cards ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("foreign", "says"),
    [
        (PlainTag(), "无法识别此卡"),
        pytest.param(card(7, balance=100), "余额不足", marks=pytest.mark.slow),
        (FaultyCard(card(8), 0x50, b"\x01\x02\x90\x00"), "卡片错误"),
        pytest.param(FaultyCard(card(9), 0x50, b"\x6c\x01"), "卡片错误", marks=pytest.mark.slow),
    ],
    ids=["plain tag", "too little", "short answer", "wrong length for ever"],
)
def test_a_card_that_cannot_pay_is_told_why_and_the_next_is_served_p7(shared, foreign, says):
    shared.world.field.place(foreign)
    shared.wait_screen(says)
    shared.take_away()
    one = card(10)
    shared.tap(one)
    shared.take_away()
    assert one.balance == 9000 - FARE


def test_a_card_pulled_in_the_middle_of_the_debits_answer_pays_once_p2(shared):
    one = card(11)
    one.on_commit = lambda _: shared.world.field.leave_after(5)
    shared.world.field.place(one)
    shared.wait_screen("请重刷同一张卡")
    one.on_commit = None
    assert one.balance == 9000 - FARE
    shared.world.run(200)
    shared.world.field.place(one)
    shared.wait_screen("上次已扣款")
    shared.take_away()
    assert one.balance == 9000 - FARE


# -- power ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "mode"),
    [(1, "bits")]
    + [
        pytest.param(operation, mode, marks=pytest.mark.slow)
        for operation in (1, 2)
        for mode in ("none", "prefix", "bits", "done")
        if (operation, mode) != (1, "bits")
    ],
)
def test_power_may_fail_in_a_purchase_on_the_real_flash_path_p1_p2_p5(flash, operation, mode):
    rig = Rig(flash=flash)
    rig.serve()
    rig.session().set_time(NOW_S)
    one = card(20)
    rig.world.cut_power_at(operation, mode, seed=operation)
    rig.world.field.place(one)
    with pytest.raises(PowerCut):
        rig.world.run(2000)
    taken = 9000 - one.balance
    records = dump.records(journal_of(rig))
    intents = [r.seq for r in records if r.kind == record.INTENT]
    closed = [r.fields()["intent_seq"] for r in records if record.closes(r.kind)]
    if operation == 1:  # the intent or, at a page's end, its first part
        assert taken == 0
    # A whole result means that this sale is closed; the next tap is the next sale.
    is_closed = bool(taken) and intents[-1] in closed
    rig.world.field.remove()
    rig.world.reboot()
    rig.serve()
    rig.world.field.place(one)
    rig.wait_screen("上次已扣款" if taken and not is_closed else "支付成功")
    assert 9000 - one.balance == (2 * FARE if is_closed else FARE)
    assert debited_in_flash(journal_of(rig)) == 9000 - one.balance
    rig.world.close()


# -- the reader -------------------------------------------------------------------------------


def test_a_reader_that_loses_power_is_found_again(shared):
    reader = shared.world.parts.reader
    assert reader.baud_rate == 921600
    reader.power_on()
    shared.world.run(3000, lambda: reader.baud_rate == 921600, every_ms=20)
    shared.wait_screen("请刷卡")
    shared.tap(card(30))
    shared.take_away()


@pytest.mark.slow
def test_a_pico_restarts_beside_a_chip_that_stayed_awake_and_fast(flash):
    rig = Rig(flash=flash)
    rig.serve()
    chip = rig.world.parts.reader
    chip.power_on, awake = lambda: None, chip.power_on
    rig.world.reboot()
    chip.power_on = awake
    assert chip.is_awake and chip.baud_rate == 921600
    rig.serve()
    rig.world.field.place(card(31))
    rig.wait_screen("支付成功")
    rig.world.close()


# -- the port -----------------------------------------------------------------------------------


def test_hostile_bytes_on_the_port_change_nothing_p7(shared):
    for noise in (
        b"\x03\x04\x01\x02" * 40,
        frame.SYNC * 100,
        frame.encode(message.pack(message.SERVICE)),
        frame.encode(b"\xee" * 40),
        frame.encode(message.pack(message.HELLO, 1, bytes(16)))[:-2],
    ):
        shared.world.link_write(noise)
        shared.world.run(50)
    shared.world.run(400)
    shared.world.link_read()
    with shared.session() as client:
        status = client.status()
        assert status.state == "in service" and client.read_config()["price"] == FARE
        assert status.ram_free_bytes > 120_000


def test_records_are_pulled_while_the_terminal_sells(shared):
    with shared.session() as client:
        first = client.pull(1)
        shared.tap(card(40))
        shared.take_away()
        more = client.pull(first[-1].seq + 1)
        assert [item.seq for item in more] == [first[-1].seq + 1, first[-1].seq + 2]
        assert client.acknowledge(more[-1].seq, more[-1].mac) == more[-1].seq


def test_service_mode_is_a_repl_for_mpremote_and_a_reset_brings_the_terminal_back(uf2, tmp_path):
    rig = TerminalRig(PicoTerminal(uf2, tmp_path), tmp_path)
    try:
        rig.power_on("终端未初始化")
        with rig.link() as client:
            client.hello()
            client.service()
        rig.session.wait_screen("维护模式", 0, 30)
        assert mpremote(rig, "exec", "print(6 * 7)") == "42\n"
        mark = rig.session.mark()
        mpremote(rig, "reset")
        rig.session.wait_screen("终端未初始化", mark, 60)
        with rig.link() as client:
            assert client.hello().description.startswith("rp2_pico ")
    finally:
        rig.close()


def mpremote(rig, *words):
    """Run mpremote at the terminal's port; returns what it printed."""
    command = [sys.executable, "-m", "mpremote", "connect", rig.world.link_path, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
