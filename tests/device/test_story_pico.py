"""The three named scenes on the virtual Pico, the UF2 itself: one terminal that moves twice.

In simulated time, so the host that answers the library's questions runs between its steps.
"""

import datetime

import pytest
from ocwire import record
from onecard.gateway import Gateway
from onecard.lent import shapes, with_glyphs
from onecard.sim.cards.chip import Chip
from onecard.sim.cards.purse import Purse, PurseCard, PurseState
from onecard.sim.cards.social import Social, SocialState
from onecard.sim.office import Book, LibraryOffice
from pico_rig import DTK, NOW_S, SETTINGS, TERMINAL, K, Rig

pytestmark = pytest.mark.pico

MENU = [{"number": 1, "name": "红烧排骨", "price": 900}]
BOOK = "9787020002207"
KEY_MS = 120  # from one key to the next
WAIT_MS = 8000


class Counter:
    """What people do at a Pico, each until the screen says so."""

    def __init__(self, flash):
        self.rig = Rig(flash=flash)
        self.rig.serve()
        client = self.rig.session()
        client.set_time(NOW_S)

    def becomes(self, says, **config):
        """Other settings."""
        values = with_glyphs(SETTINGS | config)
        self.rig._reader.learn(shapes(values))
        self.rig.session().configure(values)
        self.rig.wait_screen(says, WAIT_MS)

    def key(self, *keys, says):
        """Keys, one after the other."""
        for key in keys:
            self.rig.world.parts.press(key)
            self.rig.world.run(KEY_MS)
        self.rig.wait_screen(says, WAIT_MS)

    def taps(self, card, says, then):
        """A card comes and goes."""
        self.rig.world.field.place(card)
        self.rig.wait_screen(says, WAIT_MS)
        self.rig.world.field.remove()
        self.rig.wait_screen(then, WAIT_MS)

    def asks(self, gateway, client, says):
        """The host answers what is asked; then the screen says so."""
        while not gateway.serve(client, TERMINAL):
            pass
        self.rig.wait_screen(says, WAIT_MS)

    def told(self):
        """All records."""
        return self.rig.session().pull(1)


def test_canteen_library_and_hotel_on_the_virtual_pico(flash):
    at = Counter(flash)
    try:
        pupil = PurseCard.make(balance=10_000, dpk=K, dtk=DTK)
        at.becomes("请输入菜号", canteen={"mode": "menu", "menu": MENU})
        at.key("1", "confirm", says="红烧排骨")
        at.taps(pupil, "支付成功", then="请输入菜号")
        at.becomes("借书", scene="library")
        borrows(at, pupil)
        at.becomes("请输入房号", scene="hotel", hotel={"rooms": "1-9"})
        at.key("8", "confirm", says="请刷卡")
        at.taps(guest(), "110105****2X", then="请输入房号")
        told = {item.kind: item.fields() for item in at.told()}
        assert pupil.balance == 9_100 and told[record.INTENT]["amount"] == 900
        assert told[record.LOAN]["item"] == BOOK.encode() and told[record.LOAN]["is_online"]
        assert told[record.STAY]["room"] == b"8" and record.IDENTITY in told
    finally:
        at.rig.world.close()


def borrows(at, reader):
    """The card, then the book's bar code; the library's system knows both."""
    at.rig._reader.learn(shapes(with_glyphs({"texts": ["虎妞", "骆驼祥子"]})))
    office = LibraryOffice(
        datetime.date(2026, 1, 1), {BOOK: Book("骆驼祥子")}, {reader.serial.hex(): "虎妞"}
    )
    gateway, client = Gateway({"patron": office.patron, "lend": office.lend}), at.rig.session()
    gateway.serve(client, TERMINAL, wait_ms=10)  # the terminal sees that a host is there
    at.rig.world.field.place(reader)
    at.asks(gateway, client, "虎妞")
    at.rig.world.field.remove()
    at.rig.world.run(400)
    at.rig.world.parts.scan(BOOK.encode())
    at.asks(gateway, client, "骆驼祥子")


def guest():
    """A third-generation card: identity and purse."""
    own = [Purse(PurseState(dpk=K, dtk=DTK)), Social(SocialState(id_number="11010519491231002X"))]
    return Chip(own, apdu_us=0.0)
