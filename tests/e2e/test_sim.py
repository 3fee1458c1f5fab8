"""`onecard sim`: events, keys from standard input, foreign readers and cards."""

import os
import select
import shutil
import socket
import sys
from pathlib import Path

import pytest
from command import Sim, onecard
from onecard.cli import app
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "peers"))
from onecard.sim.cards import pboc
from onecard.sim.cards.purse import PurseCard
from onecard.sim.cards.tags import FaultyCard, PlainTag
from pn532_pty import PN532OnPty

pytestmark = pytest.mark.usefixtures("unix_image")

DECK = """
[purse]
dpk = "11223344556677888877665544332211"
dtk = "00112233445566778899AABBCCDDEEFF"
key_index = 1
diversified = false
"""


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv (util-linux) is missing")
def test_a_bench_that_is_killed_leaves_no_terminal_behind(tmp_path):
    with Sim(tmp_path) as sim:
        tasks = Path(f"/proc/{sim.process.pid}/task").iterdir()
        (child,) = " ".join((task / "children").read_text() for task in tasks).split()
        watch = os.pidfd_open(int(child))
        sim.process.kill()
        assert select.select([watch], [], [], 60)[0]
        os.close(watch)


def test_a_fixed_price_a_keyed_amount_and_a_cancelled_one_are_charged(tmp_path):
    with Sim(tmp_path, "--price", "12.00", "--merchant", "第一小学食堂") as sim:
        assert "¥12.00" in sim.events[-2]["text"][1]  # the screen before "ready"
        sim.say("tap a")
        assert sim.record("debited")["outcome"] == "done"
        assert "余额 ¥88.00" in "".join(sim.screen("支付成功")["text"])
        assert sim.wait(lambda e: e["event"] == "sound")["beeps_ms"][0] >= 70
        sim.say("remove")
        sim.screen("请刷卡")
        sim.say("amount 5.50")
        sim.screen("¥5.50")
        sim.say("tap d")
        assert sim.record("intent")["amount"] == 550
        sim.screen("支付成功")
        sim.say("remove")
        sim.screen("¥12.00")
        sim.say("key 7")
        sim.screen("请输入金额")
        sim.say("cancel")
        sim.screen("¥12.00")
        sim.say("cards")
        balances = sim.wait(lambda e: e["event"] == "cards")["balances"]
        assert balances["a"] == 8800 and balances["d"] == 5450
        sim.say("host on")
        sim.wait(lambda e: e["event"] == "host" and e["is_there"])
        sim.say("touch e")
        sim.screen("支付成功")
        sim.wait(lambda e: e["event"] == "card" and not e["in_field"])
        sim.say("scan 9787020002207")
        sim.say("pull")
        assert sim.wait(lambda e: e["event"] == "pulled")["findings"] == []
        sim.say("host off")
        sim.wait(lambda e: e["event"] == "host" and not e["plugged"])
        sim.say("quit")
        assert sim.process.wait(30) == 0


def test_cards_and_journal_survive_the_end_of_the_program(tmp_path):
    with Sim(tmp_path) as sim:
        sim.say("tap a")
        last = sim.record("debited")["seq"]
    with Sim(tmp_path) as sim:
        sim.say("cards")
        assert sim.wait(lambda e: e["event"] == "cards")["balances"]["a"] == 8800
        sim.say("tap d")  # a, so soon again, might be refused for that
        assert sim.record("intent")["seq"] > last


def test_another_reader_is_fitted_by_name_and_an_unknown_one_refused(tmp_path):
    with Sim(tmp_path / "spi", "--chip", "mfrc522-spi") as sim:
        sim.say("tap a")
        sim.screen("支付成功")
    done = onecard("sim", "--json", "--state", tmp_path / "none", "--chip", "rc632")
    assert done.returncode == 1 and "pn532-i2c" in done.stdout + done.stderr


def test_what_cannot_be_begun_is_said_before_anything_starts(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for options, code, part in (
            (("--scene", "nowhere"), 1, "canteen"),
            (("--scene", "bus", "--config", "x.toml"), 2, "one of them"),
            (("--display", "e-ink"), 1, "st7789"),
            (("--web", "--port", taken.getsockname()[1]), 1, "--port N"),
        ):
            words = ["sim", "--state", str(tmp_path), *map(str, options)]
            done = CliRunner().invoke(app, words)
            assert done.exit_code == code
            assert part in done.output + getattr(done.exception, "text", "") + (
                getattr(done.exception, "hint", "") or ""
            )


def test_a_wrong_command_is_an_event_that_says_what_is_possible(tmp_path):
    with Sim(tmp_path) as sim:
        for line, part in (("bogus", "bogus"), ("tap zz", "cards: a"), ("amount x", "amount")):
            sim.say(line)
            assert part in sim.wait(lambda e: e["event"] == "error")["text"]


def test_the_terminal_goes_on_when_standard_input_ends(tmp_path):
    with PN532OnPty() as reader, Sim(tmp_path, "--reader", reader.path) as sim:
        sim.process.stdin.close()
        card = PurseCard.make(balance=5000)
        reader.field.place(card)
        sim.screen("卡片错误")  # its keys are not this terminal's
        assert sim.process.poll() is None and card.balance == 5000


def test_a_foreign_reader_and_a_foreign_deck_are_served_with_given_keys(tmp_path):
    keys = tmp_path / "deck.toml"
    keys.write_text(DECK)
    card = PurseCard.make(
        balance=10000, offline_serial=0x10, random_source=bytes.fromhex("A1B2C3D4")
    )
    with PN532OnPty() as reader:
        options = ("--reader", reader.path, "--keys", keys, "--price", "2.00")
        with Sim(tmp_path / "state", *options) as sim:
            reader.field.place(card)
            intent, result = sim.record("intent"), sim.record("debited")
            sim.screen("支付成功")
            reader.field.remove()
    assert card.balance == 9800
    assert intent["random"] == "a1b2c3d4" and intent["card_counter"] == 0x10
    key = pboc.purchase_session_key(card.dpk, b"\xa1\xb2\xc3\xd4", 0x10, intent["terminal_serial"])
    assert card.proofs[0].mac == pboc.mac(key, pboc.amount4(200))
    assert result["outcome"] == "done"  # the terminal found that MAC2 right


def test_odd_cards_are_refused_with_a_word_and_the_next_card_is_served(tmp_path):
    keys = tmp_path / "deck.toml"
    keys.write_text(DECK)
    good = PurseCard.make(balance=10000)
    odd = (
        (PlainTag(), "无法识别此卡"),
        (FaultyCard(PurseCard.make(balance=9000), 0x50, b"\x90"), "卡片错误"),
        (FaultyCard(PurseCard.make(balance=9000), 0x50, b"\x6f\x12"), "卡片错误"),
        (FaultyCard(PurseCard.make(balance=9000), 0xA4, b"\x6f\x7f\x84\x90\x00"), "卡片错误"),
    )
    with PN532OnPty() as reader:
        with Sim(tmp_path / "state", "--reader", reader.path, "--keys", keys) as sim:
            for card, text in odd:
                reader.field.place(card)
                sim.screen(text)
                reader.field.remove()
                sim.screen("请刷卡")
            reader.field.place(good)
            sim.screen("支付成功")
    assert good.balance == 8800


def test_an_absent_reader_is_told_on_the_screen_and_found_when_it_comes(tmp_path):
    with PN532OnPty() as reader:
        link = tmp_path / "reader"
        os.symlink(reader.path, link)
        reader.chip.feed = lambda data, feed=reader.chip.feed: None  # dead
        with Sim(tmp_path / "state", "--reader", link) as sim:
            assert any("读卡器故障" in row for e in sim.events for row in e.get("text", ()))
            del reader.chip.feed  # alive again
            sim.screen("请刷卡")
