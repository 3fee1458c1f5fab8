"""The three named scenes on the virtual Pico, the UF2 itself: one terminal that moves twice."""

import datetime

import pytest
from ocwire import record
from onecard.sim.cards.chip import Chip
from onecard.sim.cards.purse import Purse, PurseState
from onecard.sim.cards.social import Social, SocialState
from onecard.sim.office import Book, LibraryOffice
from onecard.sim.worlds.pico_terminal import PicoTerminal
from story import Story

pytestmark = pytest.mark.pico

MENU = [
    {"number": 1, "name": "红烧排骨", "price": 900},
    {"number": 12, "name": "米饭", "price": 100},
]
BOOK = "9787020002207"


def test_canteen_library_and_hotel_on_the_virtual_pico(uf2, tmp_path):
    world = PicoTerminal(uf2, tmp_path / "world", is_paced=False)
    at = Story(world, tmp_path, {"canteen": {"mode": "menu", "menu": MENU}}, timeout_s=60)
    try:
        at.begin("请输入菜号")
        pupil = at.card(1)
        dines(at, pupil)
        at.configure("借书", scene="library")
        borrows(at, pupil)
        at.configure("请输入房号", scene="hotel", hotel={"rooms": "101-120"})
        checks_in(at)
        assert pupil.balance == 9_000
        assert [row["amount"] for row in at.told(record.INTENT)] == [1_000]
        assert [row["item"] for row in at.told(record.LOAN)] == [BOOK.encode()]
        assert [row["room"] for row in at.told(record.STAY)] == [b"108"]
        assert len(at.told(record.IDENTITY)) == 1
    finally:
        at.close()


def dines(at, pupil):
    """Two dishes by number, then the card."""
    at.key("1", "confirm", says="红烧排骨")
    at.key("1", "2", "confirm", says="10.00")
    at.taps(pupil, "支付成功", then="请输入菜号")


def borrows(at, reader):
    """The card, then the book's bar code; the library's system knows both."""
    office = LibraryOffice(
        datetime.date(2026, 5, 4), {BOOK: Book("骆驼祥子")}, {reader.serial.hex(): "虎妞"}
    )
    at.reads("虎妞", "骆驼祥子")
    with at.host(patron=office.patron, lend=office.lend):
        at.lays(reader, "虎妞")
        at.takes_away()
        at.scans(BOOK, "骆驼祥子")
        at.key("cancel", says="请扫条码")


def checks_in(at):
    """The room, then the card's identity, masked on the screen."""
    purse = at.card(5).purse.memory
    own = [Purse(PurseState(**vars(purse))), Social(SocialState(id_number="11010519491231002X"))]
    guest = Chip(own, apdu_us=0.0)
    at.key(*"108", "confirm", says="请刷卡")
    at.taps(guest, "110105****2X", then="请输入房号")
