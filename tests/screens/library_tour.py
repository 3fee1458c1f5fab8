"""The library's screens."""

import datetime

from onecard.sim.office import Book, LibraryOffice

TODAY = datetime.date(2026, 1, 2)


def walk(tour):
    tour.provision(scene="library", merchant="图书馆")
    tour.snap("idle")
    reader, stranger = tour.card(1), tour.card(2)
    books = {"111": Book("Tea"), "222": Book("Rice")}
    office = LibraryOffice(TODAY, books, {reader.serial.hex(): "Li"})
    tour.scan("111")
    tour.snap("patron first")
    tour.run(2)
    tour.host(patron=office.patron, lend=office.lend, loans=office.loans)
    tour.ask("stranger", stranger)
    tour.run(2)
    tour.ask("patron", reader)
    tour.board.scanner.show(b"111")
    tour.answer()
    tour.snap("lent")
    tour.run(2)
    tour.board.scanner.show(b"111")
    tour.answer()
    tour.snap("refused")
    tour.run(2)
    tour.press("f3")
    tour.answer()
    tour.snap("on loan")
    tour.press("cancel", "1", "2")
    tour.snap("keying in")
    tour.press("cancel", "f2")
    tour.snap("return")
    tour.press("f2", "f2")
    tour.run(6)
    tour.scan("222")
    tour.snap("while the host is away")
