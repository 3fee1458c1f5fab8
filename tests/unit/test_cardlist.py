"""Signed lists of cards: taken in parts, looked up in their file, held only if whole."""

import random

import occrypto
import pytest
from ocwire import cardlist as form
from ocwire.cardlist import ListError
from onecard import cardlist as lists
from onecard.errors import OneCardError
from terminal.cardlist import CardList, Paid
from updates import KEY, OTHER_KEY

ROOT = occrypto.sm2_public_key(KEY.private)
NUMBERS = {bytes([3, 16, n % 256, n // 256]).rjust(10, b"\x31"): 100 * n for n in range(300)}
RAW = lists.build("meals", NUMBERS, KEY, 1000, 5000)


def sent(path, raw, roots=(ROOT,), part=200):
    held, offset = CardList(str(path)), 0
    while offset < len(raw):
        offset = held.write(offset, raw[offset : offset + part], roots)
    return held


def test_every_card_of_a_list_is_found_with_its_number_and_no_other(tmp_path):
    held = sent(tmp_path / "list", RAW)
    assert len(held) == 300 and held.header.name == "meals"
    for place, serial in enumerate(sorted(NUMBERS, key=lambda s: occrypto.sm3(s)[:6])):
        assert held.find(serial) == (place, NUMBERS[serial])
    rng = random.Random(1)
    assert not any(rng.randbytes(10) in held for _ in range(200))
    again = CardList(str(tmp_path / "list"))  # after a restart
    assert len(again) == 300 and not again.is_over(4999) and again.is_over(5000)


def test_a_transfer_goes_on_where_it_was_broken_off(tmp_path):
    held = CardList(str(tmp_path / "list"))
    assert held.write(0, RAW[:200], [ROOT]) == 200
    assert held.write(400, RAW[400:500], [ROOT]) == 200  # that is not what comes next
    assert held.write(200, RAW[200:], [ROOT]) == len(RAW) and len(held) == 300
    assert held.write(0, RAW[:200], [ROOT]) == len(RAW)  # it is held already


@pytest.mark.parametrize("at", [0, 5, 30, 60, 70, 129, 131, 2000, len(RAW) - 1])
def test_p4_an_altered_list_is_not_held_and_the_one_before_stays(tmp_path, at):
    held = sent(tmp_path / "list", lists.build("old", {bytes(10): 7}, KEY, 1))
    bad = RAW[:at] + bytes([RAW[at] ^ 1]) + RAW[at + 1 :]
    with pytest.raises(ListError):
        held.write(0, bad, [ROOT])
    assert held.header.name == "old" and bytes(10) in held
    assert CardList(str(tmp_path / "list")).header.name == "old"


def test_a_strangers_list_and_what_is_none_are_refused(tmp_path):
    held = CardList(str(tmp_path / "list"))
    with pytest.raises(ListError, match="not signed by a key of list_roots"):
        held.write(0, lists.build("x", {bytes(10): 1}, OTHER_KEY, 1), [ROOT])
    with pytest.raises(ListError, match="not signed"):
        held.write(0, RAW, [])
    with pytest.raises(ListError, match="no card list"):
        held.write(0, b"\0" * 200, [ROOT])
    with pytest.raises(ListError, match="more bytes"):
        held.write(0, RAW + b"\0", [ROOT])
    assert held.header is None and held.is_over(0) and bytes(10) not in held


def test_p2_an_older_list_does_not_come_back_and_a_renewed_one_is_taken(tmp_path):
    held = sent(tmp_path / "list", RAW)
    older = lists.build("june", {bytes(10): 1}, KEY, 999)
    with pytest.raises(ListError, match="older than the one"):
        held.write(0, older, [ROOT])
    renewed = lists.build("meals", NUMBERS, KEY, 1001, 9000)  # the same cards, for longer
    assert sent(tmp_path / "list", renewed).header.expires_s == 9000


def test_a_damaged_file_is_no_list(tmp_path):
    path = tmp_path / "list"
    sent(path, RAW)
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    assert CardList(str(path)).header is None


def test_the_host_says_what_makes_no_list():
    with pytest.raises(OneCardError, match="not 0"):
        lists.build("x", {}, KEY, 1)
    many = {n.to_bytes(10, "big"): 1 for n in range(form.MOST_ENTRIES + 1)}
    with pytest.raises(OneCardError, match="1 to 1000 cards, not 1001"):
        lists.build("x", many, KEY, 1)
    with pytest.raises(OneCardError, match="longer than 16 bytes"):
        lists.build("a name that is too long", {bytes(10): 1}, KEY, 1)


def test_who_was_paid_is_kept_for_that_list_alone(tmp_path):
    header = form.unpack(RAW)
    path = str(tmp_path / "paid")
    paid = Paid(path, header)
    for place in (0, 7, 8, 299, 7):
        paid.add(place)
    kept = Paid(path, header)
    assert kept.count() == 4 and [n for n in range(300) if n in kept] == [0, 7, 8, 299]
    assert Paid(path, form.unpack(lists.build("meals", NUMBERS, KEY, 1001))).count() == 0
