"""A library's desk on the unix port, in plain words."""

import datetime

from ocwire import record
from onecard.sim.office import Book, LibraryOffice

TODAY = datetime.date(2026, 5, 4)


def office_of(*patrons):
    """A library of three books; patrons: (card, name)."""
    books = {"9787020002207": Book("骆驼祥子"), "111": Book("DEF"), "222": Book("GHI")}
    return LibraryOffice(TODAY, books, {card.serial.hex(): name for card, name in patrons})


def handlers(office):
    return {
        "patron": office.patron,
        "lend": office.lend,
        "return": office.give_back,
        "renew": office.renew,
        "loans": office.loans,
    }


def test_a_patron_borrows_renews_and_brings_back(tell):
    at = tell("借书", scene="library", library={"receipt": 1})
    reader, stranger = at.card(1), at.card(2)
    office = office_of((reader, "虎妞"))
    at.reads("虎妞", "骆驼祥子")  # the host lends what the firmware's font lacks
    with at.host(**handlers(office)):
        at.scans("111", "请先刷读者卡")
        at.taps(stranger, "未登记", then="借书")
        at.lays(reader, "虎妞")
        at.takes_away()
        at.scans("9787020002207", "骆驼祥子")
        at.sees("06-03")
        at.key(*"111", "confirm", says="DEF")  # a label that cannot be scanned is keyed in
        at.sees("已借2")
        at.scans("111", "已借出")
        at.key("f3", says="06-03 骆驼祥子")
        at.key("cancel", says="已借2")
        at.key("f2", "f2", says="续借")
        at.scans("111", "DEF")
        at.scans("111", "不能再续")
        at.key("f2", "f2", says="还书")
        at.scans("111", "DEF")
        at.key("cancel", says="请扫条码")  # the patron's turn is over
    assert office.books["111"].holder == "" and office.books["9787020002207"].holder
    assert any("骆驼祥子" in line for line in at.slip)
    loans = [(row["event"], row["is_online"], row["item"]) for row in at.told(record.LOAN)]
    assert loans == [
        (record.LEND, 1, b"9787020002207"),
        (record.LEND, 1, b"111"),
        (record.RENEW, 1, b"111"),
        (record.RETURN, 1, b"111"),
    ]


def test_while_the_line_is_down_lending_goes_on_within_the_limit(tell):
    at = tell("借书", scene="library", library={"patron_limit": 1})
    reader = at.card(1)
    at.lays(reader, "0001")
    at.takes_away()
    at.scans("111", "待上传")
    at.scans("222", "超过限定次数")
    at.key("cancel", says="请刷卡")
    (loan,) = at.told(record.LOAN)
    assert (loan["is_online"], loan["serial"]) == (0, reader.serial)


def test_where_it_may_not_nothing_is_lent_without_the_host(tell):
    at = tell("借书", scene="library", library={"offline": 0})
    at.lays(at.card(1), "0001")
    at.takes_away()
    at.scans("111", "需联机办理")
    assert not at.told(record.LOAN)
