"""The desk's command lines, the hand that taps, the worker, the codes."""

import threading

import pytest
from dark_world import NoHost, beep, dark_session
from ocwire import record
from onecard.errors import OneCardError
from onecard.keystore import PurseKeys
from onecard.sim import hand
from onecard.sim.codes import Codes
from onecard.sim.deck import KINDS, Deck
from onecard.sim.desk import Desk
from onecard.sim.worker import Busy, Worker
from ram_flash import RamFlash
from terminal.journal import Journal

KEYS = PurseKeys(bytes(16), bytes(range(16)))


@pytest.fixture
def at(tmp_path):
    """A desk with its session, deck, codes and host as attributes."""
    session = dark_session()
    deck = Deck(tmp_path / "cards.json", lambda s: (KEYS.card_dpk(s), KEYS.card_dtk(s)))
    codes, host = Codes(tmp_path / "qr-root"), NoHost()
    desk = Desk(session, deck, codes, host)
    desk.session, desk.deck, desk.codes, desk.host = session, deck, codes, host
    yield desk
    session.close()


def events(at, name):
    return [event for event in at.session.events if event["event"] == name]


def test_keys_and_amounts_are_pressed_one_by_one(at):
    for line in ("key 7", "key f1", "confirm", "cancel", "amount 5.50", ""):
        assert at.run(line)
    assert at.session.world.keys == [
        *("7", "f1", "confirm", "cancel"),
        "cancel",
        *"5.50",
        "confirm",
    ]
    assert not at.run("quit")


@pytest.mark.parametrize(
    ("line", "part"),
    (
        ("bogus", "no command 'bogus'"),
        ("key f9", "keys: 1, 2"),
        ("amount 1.234", "amount in yuan"),
        ("amount ١٢", "amount in yuan"),
        ("amount 100001", "amount in yuan"),
        ("tap zz", "cards: a, b"),
        ("tap a leave=x", "number of bytes"),
        ("tap a leave=0", "number of bytes"),
        ("tap a b c d", "tap a b c d"),
        ("tear 5", "no card lies there"),
        ("tear 99999999999999999999", "number of bytes"),
        ("scan", "scan what"),
        ("scan " + "x" * 1025, "1024 at most"),
        ("scan " + "x" * 3000, "2048 at most"),
        ("power", "power"),
        ("power up", "on, off or cut=N"),
        ("power cut=x", "number of operations"),
        ("host", "host"),
        ("host maybe", "on or off"),
    ),
)
def test_a_wrong_line_says_what_is_possible(at, line, part):
    with pytest.raises(OneCardError) as caught:
        at.run(line)
    assert part in caught.value.text and "tap CARD" in caught.value.hint


def test_a_card_is_placed_taken_away_and_torn(at):
    field = at.session.world.field
    at.run("tap b leave=90")
    assert field.card is at.deck.cards["b"]
    at.run("tear 3")
    at.run("tap c")
    assert field.card is at.deck.cards["c"]
    at.run("tear")
    assert field.card is None
    at.run("tap")
    at.run("remove")
    assert field.card is None
    told = [(event.get("card"), event["in_field"]) for event in events(at, "card")]
    assert told == [("b", True), ("c", True), (None, False), ("a", True), (None, False)]


def test_a_touched_card_goes_when_the_terminal_has_answered(at):
    at.run("touch k")
    beep(at.session, 15)  # a key's click is no answer
    at.session.wait(lambda e: e["event"] == "sound", "a click")
    assert at.session.world.field.card is at.deck.cards["k"]
    mark = at.session.mark()
    beep(at.session, 80, 80)
    gone = at.session.wait(lambda e: e["event"] == "card", "the card to go", mark)
    assert gone["in_field"] is False and at.session.world.field.card is None


def test_a_touched_card_goes_when_the_power_fails(at):
    at.run("touch a")
    mark = at.session.mark()
    at.run("power off")
    at.session.wait(lambda e: e["event"] == "card" and not e["in_field"], "it to go", mark)


def test_a_card_that_is_tapped_stays_whatever_sounds(at, monkeypatch):
    monkeypatch.setattr(hand, "_REACTION_S", 0.0)
    at.run("tap a")
    beep(at.session, 80)
    at.session.wait(lambda e: e["event"] == "sound", "the beep")
    steps = at.session.world.steps
    while at.session.world.steps < steps + 3:
        at.session.call(lambda: None)
    assert at.session.world.field.card is at.deck.cards["a"]


def test_power_is_cut_now_or_in_a_flash_operation(at):
    at.run("power off")
    assert not at.session.world.is_on
    at.run("power on")
    at.run("power cut=2:bits")
    at.run("power cut=3")
    assert at.session.world.is_on and at.session.world.cuts == [(2, "bits"), (3, "prefix")]


def test_codes_by_name_and_any_text_come_before_the_scanner(at):
    shown = []
    at.session.world.parts.scan = shown.append
    for line in ("scan token", "scan 9787020002207", "scan some text", "scan qr"):
        at.run(line)
    assert shown[:3] == [at.codes.token, b"9787020002207", b"some text"]
    assert len(shown[3]) == 332
    assert [event["code"] for event in events(at, "scan")][1:3] == ["9787020002207", ""]
    at.run("codes")
    assert "old" in events(at, "codes")[0]["codes"]


def test_the_root_of_the_codes_is_kept_and_nobody_else_reads_it(tmp_path):
    path = tmp_path / "deep" / "qr-root"
    assert Codes(path).root == Codes(path).root
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_host_is_plugged_and_collects(at):
    at.run("host on")
    at.run("pull")
    assert at.host.is_plugged and at.host.pulls == 1
    at.run("host off")
    assert not at.host.is_plugged
    with pytest.raises(OneCardError, match="no host"):
        Desk(at.session, at.deck).run("host on")


def test_an_unused_journal_is_not_filled_and_the_power_comes_back(at):
    with pytest.raises(OneCardError, match="never begun"):
        at.run("fill")
    assert at.session.world.is_on


def test_every_card_has_its_reason_and_a_kept_deck_its_money(tmp_path):
    def deck():
        return Deck(tmp_path / "cards.json", lambda s: (KEYS.card_dpk(s), KEYS.card_dtk(s)))

    first = deck()
    assert all(all(kind.title) and all(kind.note) for kind in KINDS.values())
    assert len({kind.uid for kind in KINDS.values()}) == len(KINDS)
    first.cards["j"].purse.commit(balance=7)
    again = deck()
    assert again.cards["j"].balance == 7 and again.cards["j"].find("social") is not None
    assert again.cards["a"].dlk == KEYS.card_dpk(again.cards["a"].serial)
    assert again.name_of(again.cards["k"]) == "k" and "k" not in again.balances()


def test_what_a_record_tells_of_a_shift_does_not_hide_that_it_is_a_record(at):
    flash = RamFlash(4)
    journal = Journal(flash, bytes(16), lambda: 1_795_000_000)
    journal.mount()
    journal.append(record.SHIFT, record.pack(record.SHIFT, 1_795_000_000, record.BEGUN, 7, 0, 0))

    def write():
        at.session.world.journal_write(0, bytes(flash.data))
        at.session.world.events.programmed_at(100)

    at.session.call(write)
    told = at.session.wait(lambda e: e["event"] == "record", "the record")
    assert (told["kind"], told["what"], told["operator"]) == ("shift", "begun", 7)


class SlowDesk:
    """Carries out lines when it is let."""

    def __init__(self):
        self.may, self.done, self.began = threading.Event(), [], threading.Event()

    def run(self, line):
        self.began.set()
        self.may.wait(10)
        self.done.append(line)
        if line == "bad":
            raise OneCardError("this went wrong")


def test_a_worker_keeps_the_order_is_bounded_and_tells_errors(at):
    desk = SlowDesk()
    worker = Worker(at.session, desk)
    worker.submit("bad")
    assert desk.began.wait(10)
    for number in range(64):
        worker.submit(str(number))
    with pytest.raises(Busy, match="64 commands"):
        worker.submit("one more")
    desk.may.set()
    at.session.wait(lambda e: e["event"] == "error" and "went wrong" in e["text"], "the error")
    worker.close()
    assert desk.done[:4] == ["bad", "0", "1", "2"] and "one more" not in desk.done
