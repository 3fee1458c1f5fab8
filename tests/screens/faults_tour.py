"""What fails in a terminal, whatever its scene."""

from slots import DirectSlot


def walk(tour):
    tour.board.sam_slot = DirectSlot(None)
    tour.provision(price=1200)
    tour.break_reader(True)
    tour.snap("reader fault", "LinkError")
    tour.break_reader(False)
    tour.snap("reader back")
    tour.configure(price=1200, sam="psam")
    tour.snap("SAM fault", "SamError")
    tour.configure(price=1200)
    tour.break_flash()
    tour.place(tour.card(1), wait_s=0.3)
    tour.snap("flash fault", "JournalError")
