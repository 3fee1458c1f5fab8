"""Filling a journal through its flash: the firmware finds it full, and every record is proved."""

import pytest
from inproc import JOURNAL_KEY, NOW_S
from ocwire import record, sector
from onecard import dump, verify
from onecard.sim.filling import Filler, FillError
from ram_flash import RamFlash
from terminal.journal import Journal

SECTORS = 8


def mounted(flash):
    made = Journal(flash, JOURNAL_KEY, lambda: NOW_S)
    made.mount()
    return made


def program(flash, filler):
    for address, raw in filler.sectors():
        flash.data[address : address + len(raw)] = raw


def sale(made, number, is_closed=True):
    serial = number.to_bytes(10, "big")
    body = record.pack(
        record.INTENT, 1, serial, NOW_S, 100, 5000, number, number, bytes(4), 1, 0, 1, 6
    )
    seq = made.append(record.INTENT, body)
    if is_closed:
        made.append(
            record.RESULT,
            record.pack(record.RESULT, seq, NOW_S, record.DONE, 4900, b"tac!", bytes(4)),
        )
    return seq


def last_mac(flash):
    return dump.records(bytes(flash.data), JOURNAL_KEY)[-1]


def proved(flash, acked=0):
    """All records, in order; raises if one is missing or its MAC is wrong."""
    items = dump.records(bytes(flash.data), JOURNAL_KEY)
    start = next((item for item in items if item.seq == acked), None)
    rest = [item for item in items if item.seq > acked]
    good, findings = verify.chain(
        rest, JOURNAL_KEY, acked, start.mac if start else record.FIRST_MAC
    )
    assert not findings and len(good) == len(rest)
    return rest


@pytest.mark.parametrize("sales", (1, 40, 150))
def test_a_filled_journal_is_full_proved_and_sells_again_once_it_was_collected(sales):
    flash = RamFlash(SECTORS)
    made = mounted(flash)
    for number in range(sales):
        sale(made, number)
    assert made.has_room()
    filler = Filler(bytes(flash.data), JOURNAL_KEY, NOW_S)
    program(flash, filler)
    full = mounted(flash)
    assert not full.has_room() and full.next_seq == 2 * sales + filler.count + 1
    assert len(proved(flash)) == full.next_seq - 1
    last = last_mac(flash)
    full.acknowledge(last.seq, last.mac)  # the reserve takes the receipt
    assert full.has_room()
    sale(full, 7)
    assert mounted(flash).acked == last.seq


def test_acknowledged_sectors_are_used_and_unread_ones_stay():
    flash = RamFlash(SECTORS)
    made = mounted(flash)
    for number in range(600):  # more than the ring holds, collected on the way
        seq = sale(made, number) + 1
        if number % 50 == 49 and number < 599:
            item = last_mac(flash)
            made.acknowledge(item.seq, item.mac)
    acked, unread = made.acked, [seq - 1, seq]
    filler = Filler(bytes(flash.data), JOURNAL_KEY, NOW_S)
    program(flash, filler)
    full = mounted(flash)
    assert not full.has_room() and full.acked == acked
    assert {item.seq for item in proved(flash, acked)} >= set(unread)
    again = Filler(bytes(flash.data), JOURNAL_KEY, NOW_S)
    again.sectors()
    assert again.count == 0  # full is full


def test_a_sector_whose_last_record_was_torn_is_filled_from_its_next_page_on():
    flash = RamFlash(SECTORS)
    sale(mounted(flash), 1)
    end = sector.used_size(flash.data[: sector.SECTOR_SIZE])
    flash.data[end] = 0x20  # the first byte of a record, and then the power was gone
    program(flash, Filler(bytes(flash.data), JOURNAL_KEY, NOW_S))
    assert not mounted(flash).has_room()
    proved(flash)


def test_an_open_purchase_is_never_buried():
    flash = RamFlash(SECTORS)
    made = mounted(flash)
    sale(made, 1)
    sale(made, 2, is_closed=False)
    with pytest.raises(FillError, match="not resolved"):
        Filler(bytes(flash.data), JOURNAL_KEY, NOW_S)


def test_a_chip_that_was_never_used_is_told():
    with pytest.raises(FillError, match="never begun"):
        Filler(b"\xff" * SECTORS * sector.SECTOR_SIZE, JOURNAL_KEY, NOW_S)
