"""The offices behind virtual terminals: a card issuer, a library system, a medical fund.

Each decides by its own books, as the real ones do; nothing here knows what a terminal expects.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

from onecard.keystore import PurseKeys
from onecard.sim.cards import pboc

Values = dict[str, Any]


class IssuerOffice:
    """Authorises loads. keys: dpk is the load key's master here. closed: serials refused."""

    def __init__(self, keys: PurseKeys) -> None:
        self._keys = keys
        self.closed: set[str] = set()
        self.authorised = 0

    def load(self, terminal: str, values: Values) -> Values:
        """JR/T 0025.1, load: check MAC1, give MAC2."""
        serial = bytes.fromhex(values["serial"])
        if values["serial"] in self.closed:
            return {"refused": "account is closed"}
        key = pboc.load_session_key(
            self._keys.card_dpk(serial), bytes.fromhex(values["random"]), values["counter"]
        )
        amount, tti = pboc.amount4(values["amount"]), bytes([values["tti"]])
        owner = bytes.fromhex(values["terminal"])
        if values["terminal"] != terminal:
            return {"refused": "it names another terminal"}
        mac1 = pboc.mac(key, pboc.amount4(values["balance"]) + amount + tti + owner)
        if mac1.hex() != values["mac1"]:
            return {"refused": "the card's MAC1 is wrong"}
        self.authorised += values["amount"]
        moment = bytes.fromhex(values["moment"])
        return {"mac2": pboc.mac(key, amount + tti + owner + moment).hex()}


@dataclass
class Book:
    """title; holder: the patron who has it, "" if it is on the shelf."""

    title: str
    holder: str = ""
    due: datetime.date | None = None
    renewals: int = 0


@dataclass
class LibraryOffice:
    """books by bar code, patrons (name by serial), loan days, most items and renewals."""

    today: datetime.date
    books: dict[str, Book]
    patrons: dict[str, str]
    days: int = 30
    most: int = 5
    renewals: int = 1
    fen_a_day: int = 10
    fees: dict[str, int] = field(default_factory=dict)

    def _held(self, patron: str) -> list[Book]:
        return [book for book in self.books.values() if book.holder == patron]

    def patron(self, terminal: str, values: Values) -> Values:
        """Who that is."""
        name = self.patrons.get(values["patron"])
        if name is None:
            return {"refused": "未登记"}
        return {"name": name, "lent": len(self._held(values["patron"]))}

    def lend(self, terminal: str, values: Values) -> Values:
        """A book leaves."""
        patron, book = values["patron"], self.books.get(values["item"])
        if patron not in self.patrons:
            return {"refused": "未登记"}
        if book is None:
            return {"refused": "无此书"}
        if book.holder:
            return {"refused": "已借出"}
        if len(self._held(patron)) >= self.most:
            return {"refused": "已满额"}
        book.holder, book.renewals = patron, 0
        book.due = self.today + datetime.timedelta(self.days)
        return {"title": book.title, "due": f"{book.due:%m-%d}"}

    def give_back(self, terminal: str, values: Values) -> Values:
        """A book comes back; what it cost to have it too long."""
        book = self.books.get(values["item"])
        if book is None or not book.holder:
            return {"refused": "未借出"}
        late = (self.today - book.due).days if book.due else 0
        fee = max(0, late) * self.fen_a_day
        self.fees[book.holder] = self.fees.get(book.holder, 0) + fee
        book.holder, book.due = "", None
        return {"title": book.title, "due": "", "fee": fee}

    def renew(self, terminal: str, values: Values) -> Values:
        """A book stays out longer."""
        book = self.books.get(values["item"])
        if book is None or book.holder != values["patron"]:
            return {"refused": "未借出"}
        if book.renewals >= self.renewals:
            return {"refused": "不能再续"}
        book.renewals += 1
        book.due = self.today + datetime.timedelta(self.days)
        return {"title": book.title, "due": f"{book.due:%m-%d}"}

    def loans(self, terminal: str, values: Values) -> Values:
        """What a patron has."""
        held = self._held(values["patron"])
        return {
            "loans": [{"title": b.title, "due": f"{b.due:%m-%d}" if b.due else ""} for b in held]
        }


@dataclass
class FundOffice:
    """A medical fund: accounts (fen) by citizen number; what it holds back until commit."""

    accounts: dict[str, int]
    held: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    committed: int = 0

    def authorise(self, terminal: str, values: Values) -> Values:
        """Hold the amount back."""
        who, amount = values["id"], values["amount"]
        if who not in self.accounts:
            return {"refused": "未参保"}
        if self.accounts[who] < amount:
            return {"refused": "账户余额不足"}
        self.accounts[who] -= amount
        approval = f"A{len(self.held) + 1:06d}"
        self.held[approval] = who, amount, values["reference"]
        return {"approval": approval, "balance": self.accounts[who]}

    def commit(self, terminal: str, values: Values) -> Values:
        """The medicine was handed out."""
        _, amount, _ = self.held.pop(values["reference"])
        self.committed += amount
        return {}

    def reverse(self, terminal: str, values: Values) -> Values:
        """It was not: give back what is held under that prescription."""
        for approval, (who, amount, reference) in list(self.held.items()):
            if reference == values["reference"]:
                self.accounts[who] += amount
                del self.held[approval]
        return {}
