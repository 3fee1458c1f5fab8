"""Enquiry: what is on a card. Balance first, then validity, accounts, the card's own log.

Nothing is written, on the card or in the journal. Keys 2 and 8 scroll, another ends it.
"""

from occard import bank, purse
from occard.errors import CardError, StatusError, WrongCard
from occard.profiles import ACCOUNTS, of_account

from drivers.reader.base import CardGone, LinkError

from .. import events
from ..outcomes import CARD_ERROR, HOLD_STILL, UNKNOWN_CARD, Outcome
from ..ui import dialogs, moods, texts
from ..ui.facade import yuan


async def look(till, target, entries):
    """(balance in fen or None, rows to read) of any card. Raises CardGone, CardError."""
    if not target.is_iso_dep:
        raise WrongCard("not an ISO/IEC 14443-4 card")
    ui, rows, shown = till.ui, [], None
    for account in ACCOUNTS:
        try:
            card = await purse.select(target, of_account(account))
        except (WrongCard, StatusError):
            continue
        balance = await card.balance()
        shown = balance if shown is None else shown
        rows.append(ui.pick(texts.ACCOUNTS[account]) + " ¥" + yuan(balance))
        rows.append(ui.say(texts.CARD_NUMBER, card.serial.hex()[-4:]))
        rows.append(ui.pick(texts.VALID_UNTIL) + " " + _date(card.end_date))
        if card.serial in till.engine.rules.hotlist:
            rows.append(texts.IS_LISTED)
        for entry in await card.log(entries):
            sign = "+" if entry.is_load else "-"
            moment = entry.moment.hex()
            rows.append("%s-%s %s%s" % (moment[4:6], moment[6:8], sign, yuan(entry.amount)))
    if not rows:
        rows = await _bank(target)
    return shown, rows


async def _bank(target):
    one = await bank.read(target)
    return [one.scheme, "*" + one.last_digits, one.expiry]


def _date(bcd):
    text = bcd.hex()
    return "-" if text in ("00000000", "ffffffff") else text


async def run(till):
    """Tell people until the till is over."""
    while True:
        if till.must_draw(True):
            till.ui.page(moods.IDLE, till.title, till.ui.pick(texts.ENQUIRY), texts.TAP)
        kind, value = await till.next()
        if kind == events.OVER:
            return
        if kind != events.CARD:
            continue
        try:
            balance, rows = await look(till, value, till.settings["entries"])
        except CardGone:
            till.show_outcome(Outcome(HOLD_STILL))
        except WrongCard as error:
            till.show_outcome(Outcome(UNKNOWN_CARD, detail=str(error)))
        except (CardError, LinkError) as error:
            till.show_outcome(Outcome(CARD_ERROR, detail=str(error)))
        else:
            head = till.ui.pick(texts.BALANCE)
            if balance is not None:
                head += " ¥" + yuan(balance)
            till.ui.sound(moods.GOOD)
            await dialogs.show(till, head, rows)
            till.redraws()
            continue
        await till.card_left(value)
