"""The whole terminal on the unix port: people, cards, hosts and power that misbehave."""

import os
import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from ocwire import frame, message, record
from onecard import dump
from onecard.link import Refused
from onecard.provision import provision
from onecard.settings import Settings
from onecard.sim.cards.purse import PurseCard
from onecard.sim.cards.tags import FaultyCard, PlainTag
from onecard.sim.flash import CUT_MODES
from onecard.sim.worlds.base import JOURNAL_SIZE, JOURNAL_START
from onecard.sim.worlds.unix import UnixWorld
from terminal.journal import Journal
from terminal_rig import PRICE, SETTINGS, TERMINAL, TerminalRig


def make(binary, folder):
    """A terminal whose chips answer at once."""
    folder.mkdir(parents=True, exist_ok=True)
    return TerminalRig(UnixWorld(binary, folder, time_scale=0.0), folder)


@pytest.fixture
def new(unix_binary, tmp_path):
    """A terminal out of its box."""
    rig = make(unix_binary, tmp_path)
    yield rig
    rig.close()


@pytest.fixture
def rig(new):
    """A terminal in service."""
    new.provision()
    return new


@pytest.fixture(scope="module")
def shared(unix_binary, tmp_path_factory):
    """A terminal in service for tests that leave it so."""
    one = make(unix_binary, tmp_path_factory.mktemp("shared"))
    one.provision()
    yield one
    one.close()


# -- a merchant's day -------------------------------------------------------------------


def test_a_new_terminal_says_so_and_answers_hello(new):
    new.power_on("终端未初始化")
    with new.link() as client:
        greeting = client.hello()
        assert not greeting.is_provisioned and greeting.description.startswith("unix ")
        with pytest.raises(Refused, match="not provisioned"):
            client.authenticate(bytes(16))


def test_a_purchase_shows_sounds_and_is_recorded_before_it_is_shown_p1(rig):
    events = rig.tap("a", "支付成功")
    kinds = [e["event"] for e in events]
    assert kinds[:2] == ["record", "record"] and "screen" in kinds[2:]
    shown = next(e for e in events if e["event"] == "screen")
    assert [row.strip() for row in shown["text"]] == ["支付成功", "✔✔¥12.00", "", "余额 ¥88.00"]
    sound = next(e for e in events if e["event"] == "sound")
    assert len(sound["beeps_ms"]) == 1 and 70 <= sound["beeps_ms"][0] < 200
    rig.assert_balanced(PRICE)


@pytest.mark.parametrize(
    ("card", "rows", "beeps"),
    [
        ("b", ["余额不足", "✘✘   ¥12.00", "E08", "余额 ¥5.00"], 3),
        ("c", ["卡已挂失", "✘✘   E09", "", "禁止使用"], 3),
        (PlainTag(), ["无法识别此卡", "✘✘   E01", "", ""], 3),
        (
            PurseCard.make(end_date=bytes.fromhex("20250101")),
            ["卡已过期", "✘✘   E10", "", "请更换卡片"],
            3,
        ),
        (
            PurseCard.make(locked="temporary"),
            ["卡应用已锁定", "☻☻   E02", "", "请到服务台办理"],
            3,
        ),
        (
            PurseCard.make(balance=9000, dpk=bytes(16)),
            ["卡片错误", "✘✘   E20", "", "请换卡重试"],
            3,
        ),
    ],
    ids=["too little", "hotlisted", "plain tag", "expired", "locked", "other keys"],
)
def test_a_card_that_cannot_pay_is_told_why_p7(shared, card, rows, beeps):
    events = shared.tap(card, rows[0])
    shown = next(e for e in events if e["event"] == "screen")
    assert [row.strip() for row in shown["text"]] == rows
    assert len(next(e for e in events if e["event"] == "sound")["beeps_ms"]) == beeps


SPOILT = {
    "no status word": b"",
    "one byte": b"\x90",
    "unknown status": b"\x12\x34",
    "too short": b"\x01\x02\x90\x00",
    "too long": bytes(200) + b"\x90\x00",
    "more for ever": b"\x61\x10",
    "wrong length for ever": b"\x6c\x01",
}


@pytest.mark.parametrize("ins", [None, 0xA4, 0x50], ids=["all", "select", "initialize"])
def test_a_garbled_card_ends_in_an_outcome_and_the_next_is_served_p7(shared, ins):
    before = shared.deck.lost()
    for name, answer in SPOILT.items():
        inner = PurseCard.make(balance=5000)
        mark = shared.place(FaultyCard(inner, ins, answer))
        sound = shared.session.wait(lambda e: e["event"] == "sound", f"an outcome ({name})", mark)
        assert sound["beeps_ms"] and inner.balance == 5000
        shown = shared.session.screen[0].strip()
        assert shown in ("卡片错误", "无法识别此卡", "读卡失败", "卡已过期"), (name, shown)
        shared.session.call(shared.world.field.remove)
        time.sleep(0.3)  # the terminal sees it leave; the next one need not wait for more
    shared.tap("a", "支付成功")
    assert shared.deck.lost() == before + PRICE
    shared.assert_balanced()


def test_a_debit_whose_answer_is_garbled_is_proved_at_the_next_tap_p2(rig):
    inner = rig.deck.cards["d"]
    rig.tap(FaultyCard(inner, 0x54, b"\x90\x00"), "请重刷同一张卡")
    assert inner.balance == 6000 - PRICE
    rig.tap("d", "上次已扣款")
    assert inner.balance == 6000 - PRICE
    rig.tap("d", "支付成功")
    rig.assert_balanced(2 * PRICE)


def leave_at(rig, card, count):
    """A card that is pulled away after so many bytes on the air; the screens it left behind."""
    mark = rig.place(card, leave_after_bytes=count)
    deadline = time.monotonic() + 10
    while rig.world.field.card is not None and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)  # past the screen's drawing, within the time it stays
    return [e["text"][0].strip() for e in rig.session.events[mark:] if e["event"] == "screen"]


@pytest.mark.parametrize("at", [1, 20, 50, 90, 110, 125, 131, 137, 142])
def test_a_card_pulled_at_any_byte_pays_once_p2(shared, at):
    serial = bytes.fromhex("031099900000000001") + bytes([at])
    card = PurseCard.make(
        serial=serial, balance=6000, dpk=shared.keystore.purse.card_dpk(serial), apdu_us=0.0
    )
    shown = leave_at(shared, card, at)
    taken = 6000 - card.balance
    assert taken in (0, PRICE)
    assert set(shown) <= {"读卡失败", "交易未完成", "第一小学食堂"}
    assert not taken or "交易未完成" in shown
    shared.tap(card, "上次已扣款" if taken else "支付成功")
    assert card.balance == 6000 - PRICE


# -- power --------------------------------------------------------------------------------


def cuts(binary, folder, mode):
    """Power fails in each flash operation of a purchase; every time the card is tapped again."""
    rig = make(binary, folder)
    try:
        rig.provision()
        for operation in (1, 2):
            card = rig.deck.cards["a"]
            before = card.balance
            rig.cut_and_return("a", operation, mode, seed=operation)
            taken = before - card.balance
            records = dump.records(rig.world.journal_read(0, JOURNAL_SIZE))
            intents = [r.seq for r in records if r.kind == record.INTENT]
            closed = [r.fields()["intent_seq"] for r in records if record.closes(r.kind)]
            if operation == 1:  # the intent or, at a page's end, its first part
                assert taken == 0
            # A whole result means that this sale is closed; the next tap is the next sale.
            is_closed = taken and intents[-1] in closed
            rig.tap("a", "上次已扣款" if taken and not is_closed else "支付成功")
            assert before - card.balance == (2 * PRICE if is_closed else PRICE)
        rig.assert_balanced()
    finally:
        rig.close()


def test_power_may_fail_in_each_flash_operation_of_a_purchase_p1_p2_p5(unix_binary, tmp_path):
    with ThreadPoolExecutor(len(CUT_MODES)) as pool:
        jobs = [pool.submit(cuts, unix_binary, tmp_path / mode, mode) for mode in CUT_MODES]
        for job in jobs:
            job.result()


# -- the link -------------------------------------------------------------------------------


def test_hostile_bytes_on_the_link_change_nothing_p7(shared):
    rng = random.Random(7)
    port = os.open(shared.world.link_path, os.O_RDWR | os.O_NOCTTY)
    try:
        sealed = message.pack(message.SEALED, 1, tail=rng.randbytes(40))
        hello = frame.encode(message.pack(message.HELLO, 1, bytes(16)))
        for noise in (
            rng.randbytes(5000),
            b"\x03\x03\x04\x01" * 50,
            hello[:-3],
            frame.SYNC * 300,
            frame.encode(b"\xee" + rng.randbytes(20)),
            frame.encode(message.pack(message.AUTHENTICATE, bytes(16))),
            frame.encode(sealed),
            frame.encode(message.pack(message.SERVICE)),
            frame.encode(message.pack(message.PROVISION, *[bytes(6)] + [bytes(16)] * 3 + [1, 0])),
            frame.encode(rng.randbytes(frame.MAX_PAYLOAD)),
        ):
            os.write(port, noise)
    finally:
        os.close(port)
    time.sleep(0.5)  # a line that falls silent ends what has begun
    with shared.connected() as client:
        assert client.status().state == "in service"
        assert client.read_config()["price"] == PRICE
    shared.tap("d", "支付成功")


def test_a_host_with_another_key_is_refused_p7(shared):
    with shared.link() as client:
        client.hello()
        with pytest.raises(Refused, match="another link key"):
            client.authenticate(bytes(16))


def test_a_new_configuration_holds_at_once_and_after_a_restart(rig):
    with rig.connected() as client:
        mark = rig.session.mark()
        client.configure(
            {"merchant": SETTINGS.values["merchant"], "price": 350, "repeat_ms": 60_000}
        )
        rig.session.wait_screen("¥3.50", mark)
    rig.tap("a", "支付成功")
    rig.tap("a", "请勿重复刷卡")
    rig.session.call(rig.world.power_off)
    rig.power_on("¥3.50")
    rig.assert_balanced(350)


def test_amounts_are_keyed_in_where_there_is_no_price(new):
    new.power_on("终端未初始化")
    with new.link() as client:
        mark = new.session.mark()
        provision(client, new.keystore, TERMINAL, Settings(repeat_ms=0), [])
    new.session.wait_screen("请输入金额", mark)
    for key in ("8", ".", "5", "confirm"):
        new.session.call(lambda key=key: new.world.press(key))
    new.session.wait_screen("¥8.50", mark)
    mark = new.place("a")
    new.session.wait_screen("支付成功", mark)
    mark = new.session.mark()
    new.session.call(new.world.field.remove)
    new.session.wait_screen("请输入金额", mark)
    new.assert_balanced(850)


def test_service_mode_ends_the_terminal_and_a_restart_brings_it_back(rig):
    with rig.connected() as client:
        mark = rig.session.mark()
        client.service()
    rig.session.wait(lambda e: e["event"] == "power" and not e["on"], "the end", mark)
    rig.power_on()
    rig.tap("a", "支付成功")


# -- the reader -------------------------------------------------------------------------------


def test_a_reader_that_loses_power_is_found_again(rig):
    rig.tap("a", "支付成功")
    rig.session.call(
        rig.world.parts.reader.power_on
    )  # unplugged and plugged in: asleep, at 115200
    rig.tap("d", "支付成功")
    rig.assert_balanced(2 * PRICE)


def test_a_reader_that_loses_power_in_mid_debit_is_found_and_the_debit_proved_p2(rig):
    chip, send = rig.world.parts.reader, rig.world.parts.reader.send

    def lose_power(data, after_us=0.0):  # in place of its answer
        chip.send = send
        chip.power_on()

    def committed():
        rig.deck.on_commit = None
        chip.send = lose_power

    rig.deck.on_commit = committed
    mark = rig.place("d")
    rig.session.wait_screen("上次已扣款", mark, 60)
    rig.remove()
    rig.assert_balanced(PRICE)


def test_a_terminal_restarts_beside_a_chip_that_stayed_awake_and_fast(rig):
    chip, power_on = rig.world.parts.reader, rig.world.parts.reader.power_on
    assert chip.baud_rate == 921600
    chip.power_on = lambda: None
    rig.session.call(rig.world.power_off)
    rig.power_on()
    assert chip.baud_rate == 921600
    chip.power_on = power_on
    rig.tap("a", "支付成功")


def test_no_reader_at_all_is_said_and_one_that_comes_is_taken(rig):
    chip, feed = rig.world.parts.reader, rig.world.parts.reader.feed
    mark = rig.session.mark()
    chip.feed = lambda data: None
    rig.session.wait_screen("读卡器故障", mark, 60)
    mark = rig.session.mark()
    chip.feed = feed
    rig.session.call(chip.power_on)
    rig.session.wait_screen("请刷卡", mark, 60)
    rig.tap("a", "支付成功")


# -- a full journal -----------------------------------------------------------------------------


def fill(rig):
    """Append to the switched-off terminal's journal, by its own code and key, until it is full."""
    flash = rig.world.flash
    flash.power_on()
    journal = Journal(_Part(flash), rig.keystore.journal_key(TERMINAL), lambda: 1767225600)
    journal.mount()
    body = record.pack(
        record.INTENT, 1, bytes(10), 0, 0, 0, 0, 0, bytes(4), 0, 0, 0, 0
    )  # fmt: skip
    while journal.has_room():
        seq = journal.append(record.INTENT, body)
        journal.append(
            record.RESULT,
            record.pack(record.RESULT, seq, 0, record.NOT_DONE, 0, bytes(4), bytes(4)),
        )
    return journal.next_seq - 1


class _Part:
    """The journal's part of the flash as a block device."""

    def __init__(self, flash):
        self._flash = flash

    def readblocks(self, block, buf, offset=0):
        buf[:] = self._flash.read(JOURNAL_START + block * 4096 + offset, len(buf))

    def writeblocks(self, block, buf, offset=0):
        self._flash.program(JOURNAL_START + block * 4096 + offset, bytes(buf))

    def ioctl(self, op, arg):
        if op == 4:
            return JOURNAL_SIZE // 4096
        if op == 6:
            self._flash.erase(JOURNAL_START + arg * 4096)
        return 0


def test_a_full_journal_says_so_sells_nothing_and_sells_again_after_a_pull_p3(rig):
    rig.session.call(rig.world.power_off)
    count = rig.session.call(lambda: fill(rig))
    rig.power_on("记录已满")
    with rig.connected() as client:
        assert client.status().state == "journal full"
    mark = rig.place("a")
    rig.session.wait_screen("记录已满", mark)
    assert rig.deck.lost() == 0
    mark = rig.session.mark()
    rig.session.call(rig.world.field.remove)
    result = rig.pull()
    assert result.new > count and not result.findings
    rig.session.wait_screen("请刷卡", mark, 60)
    rig.tap("a", "支付成功")
    rig.assert_balanced(PRICE)
