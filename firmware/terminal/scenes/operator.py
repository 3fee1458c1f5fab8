"""The operator's menu, the same in every scene: "f1", then the operator's number and PIN.

What an operator does is in the journal. With no operators configured the menu asks for nothing.
"""

import gc

from ocwire import pin as pins
from ocwire import record

from .. import clock
from ..online import OnlineIssuer
from ..ui import dialogs, moods, texts
from ..ui.facade import BRIGHTEST, yuan
from ..version import FIRMWARE

_TRIES = 3
_PIN_SIZE = 8
_LAST = 10  # records shown
MANAGER = 2  # the level that service mode and giving back want


async def menu(till):
    """Show it until it is left."""
    who = await _log_in(till)
    if who is None:
        return
    number, level = who
    till.record(record.ADMIN, till.clock.now_s(), record.ENTERED, number)
    while not till.is_over:
        items = _items(till, level)
        at = await dialogs.choose(till, texts.MENU, [text for text, _ in items])
        if at is None:
            return
        await items[at][1](till, number)


def _items(till, level):
    """(text, what it does) of each line."""
    items = [
        (texts.STATUS, _status),
        (texts.TOTALS, _totals),
        (texts.LAST_RECORDS, _last_records),
        (texts.SHIFT_END if till.shift.is_open else texts.SHIFT_BEGIN, _shift),
        (texts.READER_TEST, _reader_test),
    ]
    if level >= MANAGER:
        items += [(texts.UNDO, _undo), (texts.SERVICE, _service)]
    bright = till.ui.say(texts.BRIGHTNESS, till.ui.brightness)
    return items + [(texts.NETWORK, _network), (bright, _brightness)]


async def _log_in(till):
    """(number, level) of the operator, or None."""
    people = till.config["operators"]
    if not people:
        return 0, MANAGER
    for _ in range(_TRIES):
        left_s = till.guard.left_s()
        if left_s:
            await dialogs.tell(
                till, moods.REFUSED, texts.OPERATOR, "", till.ui.say(texts.WAIT_S, left_s)
            )
            return None
        number = await dialogs.number(till, texts.OPERATOR, 3)
        if number is None:
            return None
        pin = await dialogs.number(till, texts.PIN_NEEDED, _PIN_SIZE, is_secret=True)
        if pin is None:
            return None
        for one in people:
            if one["number"] == int(number) and pins.is_right(one["pin"], pin):
                till.guard.right()
                return one["number"], one["level"]
        till.guard.wrong()
        till.record(record.ADMIN, till.clock.now_s(), record.LOCKED_OUT, int(number) & 0xFF)
        await dialogs.tell(till, moods.REFUSED, texts.OPERATOR, "", texts.WRONG_PIN)
    return None


async def _status(till, number):
    journal, ui = till.journal, till.ui
    unread = journal.next_seq - 1 - journal.acked
    rows = (
        ui.say(texts.UNREAD, unread),
        ui.say(texts.FREE, journal.free_bytes // 1024),
        clock.text(till.clock.now_s()),
        ui.say(texts.HOTLIST_OF, len(till.engine.rules.hotlist)),
        texts.HOST_IS_THERE if till.online.is_there else texts.HOST_IS_AWAY,
        ui.say(texts.MEMORY, gc.mem_free() // 1024),
        till.number,
        FIRMWARE,
    )
    await dialogs.show(till, texts.STATUS, rows)


async def _network(till, number):
    """The host at the other end of the link: is it there, and how far has it read?"""
    journal, ui, online = till.journal, till.ui, till.online
    rows = (
        texts.HOST_IS_THERE if online.is_there else texts.HOST_IS_AWAY,
        texts.HEARD,
        clock.text(online.heard_s) if online.heard_s else "-",
        ui.say(texts.TAKEN, journal.acked),
        ui.say(texts.UNREAD, journal.next_seq - 1 - journal.acked),
    )
    await dialogs.show(till, texts.NETWORK, rows)


def totals_of(till):
    """The shift's totals as rows."""
    shift, ui = till.shift, till.ui
    rows = [ui.say(texts.SALES, shift.count), "¥" + yuan(shift.amount)]
    if shift.refunds:
        rows += [ui.say(texts.REFUNDS, shift.refunds), "¥" + yuan(shift.refunded)]
    if shift.loads:
        rows += [ui.say(texts.LOADS, shift.loads), "¥" + yuan(shift.loaded)]
    return rows


async def _totals(till, number):
    await dialogs.show(till, texts.TOTALS, totals_of(till))


async def _last_records(till, number):
    journal = till.journal
    seq = max(journal.oldest_seq, journal.next_seq - _LAST)
    rows = []
    while seq < journal.next_seq:
        first, raw = journal.read(seq, record.MAX_SIZE)
        if not raw:
            break
        for item in record.split(raw, first):
            rows.insert(0, _row(item))
        seq = item.seq + 1
    await dialogs.show(till, texts.LAST_RECORDS, rows or ("-",))


def _row(item):
    """A record in 16 half-width cells."""
    if item.kind == record.INTENT:
        return "%d ¥%s" % (item.seq, yuan(item.fields()["amount"]))
    return "%d %s" % (item.seq, record.name(item.kind))


async def _shift(till, number):
    shift = till.shift
    if not shift.is_open:
        shift.begin(number)
        await dialogs.tell(till, moods.GOOD, texts.SHIFT_BEGIN, str(number))
        return
    shift.end()
    await till.print_rows(texts.TOTALS, totals_of(till))
    await dialogs.show(till, texts.SHIFT_END, totals_of(till))


async def _reader_test(till, number):
    target = await dialogs.card(till, texts.READER_TEST, "", texts.TAP)
    if target is None:
        return
    uid = target.uid.hex()
    kind = "ISO-DEP" if target.is_iso_dep else "-"
    await dialogs.show(till, texts.READER_TEST, (uid, kind))


async def _brightness(till, number):
    """The next of the levels, until the settings come anew."""
    till.ui.shine(till.ui.brightness % BRIGHTEST + 1)


async def _undo(till, number):
    """Give the newest purchase back to the card that made it."""
    last = till.engine.ledger.last_closed()
    if last is None or last[0]["tti"] in record.LOADS:
        await dialogs.tell(till, moods.REFUSED, texts.UNDO, "", texts.NOTHING)
        return
    head = "¥" + yuan(last[0]["amount"])
    target = await dialogs.card(till, texts.UNDO, head, texts.SAME_CARD)
    if target is None:
        return
    outcome = await till.engine.undo(target, OnlineIssuer(till.online))
    if outcome.is_done:
        till.record(record.ADMIN, till.clock.now_s(), record.UNDONE, number)
    till.show_outcome(outcome)
    await till.card_left(target)


async def _service(till, number):
    if not till.may_leave_service():
        await dialogs.tell(till, moods.STAFF, texts.SERVICE, "", texts.ON_TRIAL)
        return
    till.record(record.ADMIN, till.clock.now_s(), record.SERVICE_MODE, number)
    till.leave_service()
