"""The purse's transactions: INITIALIZE, CREDIT, DEBIT, UPDATE and GET TRANSACTION PROVE.

JR/T 0025.1 (ED and EP), GB/T 31778 (compound purchase), JT/T 978 (GET BALANCE kinds, overdraft of
the purse). What the standards' public readings leave open: a load over the upper limit is refused
with 6985; MAC3 of an unload covers what the TAC of a load covers; the MAC that proves a
transaction other than a purchase is its MAC1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from onecard.sim.cards.application import Handlers
from onecard.sim.cards.base import status
from onecard.sim.cards.command import ApduError, Command
from onecard.sim.cards.pboc import amount4
from onecard.sim.cards.purse_memory import (
    JOURNEY_SIZE,
    LOG_SIZE,
    MAC_TRIES,
    RIDE_SIZE,
    Proof,
)

if TYPE_CHECKING:
    from onecard.sim.cards.purse import Purse

ED, EP = 0x01, 0x02
UNLOAD, WITHDRAWAL, ED_PURCHASE, EP_PURCHASE, OVERDRAFT, COMPOUND = 3, 4, 5, 6, 7, 9
_OK = status(0x9000)
# P1 of INITIALIZE -> the TTI by P2
_TTI = {
    0: {ED: ED, EP: EP},
    1: {ED: ED_PURCHASE, EP: EP_PURCHASE},
    2: {ED: WITHDRAWAL},
    3: {EP: COMPOUND},
    4: {ED: OVERDRAFT, EP: OVERDRAFT},
    5: {ED: UNLOAD},
}
_LOADS, _ONLINE = (ED, EP), (ED, EP, UNLOAD, OVERDRAFT)
# account: names of its balance, upper limit and overdraft limit in the memory
_FIELDS = {
    ED: ("deposit", "deposit_limit", "deposit_overdraft"),
    EP: ("balance", "balance_limit", "overdraft_limit"),
}
_EF_RIDES, _EF_JOURNEYS = 0x1A, 0x1E


@dataclass(frozen=True)
class Pending:
    """Between INITIALIZE and the command that completes it: volatile.

    head: amount (or nothing), TTI, terminal, as MACs cover them. key: the session key of an online
    transaction, the card's purchase key of an offline one. cache: (file, record, data).
    """

    tti: int
    account: int
    amount: int
    terminal: bytes
    rand: bytes
    key: bytes
    mac1: bytes = b""
    cache: tuple[tuple[int, int, bytes], ...] = ()

    @property
    def head(self) -> bytes:
        return amount4(self.amount) + bytes([self.tti]) + self.terminal


class Money:
    """The commands that look at or move money."""

    def __init__(self, purse: Purse) -> None:
        self._purse = purse
        self.pending: Pending | None = None
        self.handlers: Handlers = {
            (0x80, 0x5C): self._get_balance,
            (0x80, 0x50): self._initialize,
            (0x80, 0x52): self._credit,
            (0x80, 0x54): self._debit,
            (0x80, 0x58): self._update_overdraft,
            (0x80, 0x5A): self._get_prove,
            (0x80, 0xDC): self._update_cache,
        }

    def before(self, command: Command | None) -> None:
        """Any command but those that continue a transaction aborts it."""
        if command is None or command.cla != 0x80 or command.ins not in (0x52, 0x54, 0x58, 0xDC):
            self.pending = None

    def _take(self, *ttis: int) -> Pending:
        pending, self.pending = self.pending, None
        if pending is None or pending.tti not in ttis:
            raise ApduError(0x6985)
        return pending

    def _account(self, account: int) -> tuple[int, int, int]:
        """(balance, upper limit, overdraft limit) in fen."""
        balance, most, overdraft = (getattr(self._purse.memory, f) for f in _FIELDS[account])
        return balance, most, overdraft

    def _has(self, account: int) -> bool:
        return account == EP or (account == ED and self._purse.memory.has_deposit)

    # -- looking --------------------------------------------------------------------

    def _get_balance(self, command: Command) -> bytes:
        if self._purse.memory.locked:
            raise ApduError(0x6985)
        if command.data:
            raise ApduError(0x6700)
        if not self._has(command.p2):
            raise ApduError(0x6A86)
        balance, most, overdraft = self._account(command.p2)
        kinds = [amount4(balance + overdraft)]
        if self._purse.is_transit and command.p2 == EP:
            actual, used = amount4(max(balance, 0)), amount4(max(-balance, 0))
            limit, upper = amount4(overdraft), amount4(most)
            kinds += [limit, used, actual, upper, actual + upper + used + limit]
        if command.p1 >= len(kinds):
            raise ApduError(0x6A86)
        return command.limit(self._purse.shown(kinds[command.p1])) + _OK

    def _get_prove(self, command: Command) -> bytes:
        if command.p1 != 0x00 or not self._purse.has_prove:
            raise ApduError(0x6A86 if self._purse.has_prove else 0x6D00)
        if len(command.data) != 2:
            raise ApduError(0x6700)
        serial = int.from_bytes(command.data, "big")
        for proof in self._purse.memory.proofs:
            if (proof.tti, proof.serial) == (command.p2, serial):
                return command.limit(proof.mac + proof.tac) + _OK
        raise ApduError(0x9406)

    # -- beginning ------------------------------------------------------------------

    def _initialize(self, command: Command) -> bytes:
        m = self._purse.memory
        tti = _TTI.get(command.p1, {}).get(command.p2)
        is_purse_overdraft = tti == OVERDRAFT and command.p2 == EP
        if tti is None or not self._has(command.p2):
            raise ApduError(0x6A86)
        if is_purse_overdraft and not self._purse.is_transit:
            raise ApduError(0x6A86)
        if len(command.data) != (7 if tti == OVERDRAFT else 11):
            raise ApduError(0x6700)
        if m.locked:
            raise ApduError(0x9303 if m.locked == "permanent" else 0x6A81)
        if m.pin and tti not in (EP_PURCHASE, COMPOUND) and not self._purse.security.is_pin_ok:
            raise ApduError(0x6982)
        version, key = self._key(tti, command.data[0])
        if (m.online_serial if tti in _ONLINE else m.offline_serial) >= 0xFFFF:
            raise ApduError(0x9402)
        amount = 0 if tti == OVERDRAFT else int.from_bytes(command.data[1:5], "big")
        self._check_amount(tti, command.p2, amount)
        pending = Pending(
            tti, command.p2, amount, command.data[-6:], self._purse.chip.random(4), key
        )
        if tti in _ONLINE:
            return self._begin_online(command, pending, version)
        return self._begin_offline(command, pending, version)

    def _key(self, tti: int, index: int) -> tuple[int, bytes]:
        """(version, key) for a transaction. Raises ApduError 9403."""
        m = self._purse.memory
        online = {ED: m.dlk, EP: m.dlk, UNLOAD: m.dulk, OVERDRAFT: m.duk}
        if index in m.key_indexes:
            return m.key_version, online.get(tti, m.dpk)
        for key in m.more_keys:
            if key.index == index and tti not in _ONLINE:
                return key.version, key.key
        raise ApduError(0x9403)

    def _check_amount(self, tti: int, account: int, amount: int) -> None:
        balance, most, overdraft = self._account(account)
        if tti in _LOADS and balance + amount > most:
            raise ApduError(0x6985)
        if tti not in _LOADS and amount > balance + overdraft:
            raise ApduError(0x9401)

    def _begin_online(self, command: Command, pending: Pending, version: int) -> bytes:
        m = self._purse.memory
        balance, _, overdraft = self._account(pending.account)
        serial = m.online_serial.to_bytes(2, "big")
        key = self._purse.suite.session_key(pending.key, pending.rand + serial + b"\x80\x00")
        head, shown = amount4(balance + overdraft), b""
        message = head + pending.head
        if pending.tti == OVERDRAFT:
            shown = overdraft.to_bytes(3, "big")
            message = head + shown + bytes([OVERDRAFT]) + pending.terminal
        mac1 = self._purse.suite.mac(key, message)
        tail = bytes([version, m.algorithm]) + pending.rand + mac1
        answer = command.limit(head + serial + shown + tail)
        self.pending = replace(pending, key=key, mac1=mac1)
        return answer + _OK

    def _begin_offline(self, command: Command, pending: Pending, version: int) -> bytes:
        m = self._purse.memory
        balance, _, overdraft = self._account(pending.account)
        answer = amount4(balance + overdraft) + m.offline_serial.to_bytes(2, "big")
        answer += overdraft.to_bytes(3, "big") + bytes([version, m.algorithm]) + pending.rand
        answer = command.limit(answer)
        self.pending = pending
        return answer + _OK

    # -- compound purchase ------------------------------------------------------------

    def _update_cache(self, command: Command) -> bytes:
        """Keeps a record beside the transaction; a wrong one ends the transaction."""
        pending = self._take(COMPOUND)
        sfi, data = command.p2 >> 3, command.data
        if sfi == _EF_JOURNEYS:
            is_right = command.p1 == 0 and len(data) == JOURNEY_SIZE
        elif sfi == _EF_RIDES:
            if not 1 <= command.p1 <= len(self._purse.memory.rides):
                raise ApduError(0x6A83)
            is_right = len(data) == RIDE_SIZE
        else:
            raise ApduError(0x6A82)
        if not is_right:
            raise ApduError(0x6700)
        self.pending = replace(pending, cache=(*pending.cache, (sfi, command.p1, data)))
        return _OK

    def _cached(self, pending: Pending) -> dict[str, Any]:
        """The files as the cached records make them."""
        rides, journeys = list(self._purse.memory.rides), self._purse.memory.journeys
        for sfi, number, data in pending.cache:
            if sfi == _EF_RIDES:
                rides[number - 1] = data
            else:
                journeys = (data, *journeys)[:30]
        return {"rides": tuple(rides), "journeys": journeys}

    # -- completing -------------------------------------------------------------------

    def _debit(self, command: Command) -> bytes:
        if (command.p1, command.p2) == (0x03, 0x00):
            return self._unload(command)
        command.need(0x01, 0x00, 15)
        if command.le not in (None, 8, 256):
            raise ApduError(0x6700)
        m, suite = self._purse.memory, self._purse.suite
        pending = self._take(WITHDRAWAL, ED_PURCHASE, EP_PURCHASE, COMPOUND)
        number, moment, mac1 = command.data[:4], command.data[4:11], command.data[11:]
        serials = m.offline_serial.to_bytes(2, "big") + number[2:]
        key = suite.session_key(pending.key, pending.rand + serials)
        self._check(mac1, suite.mac(key, pending.head + moment + m.security_id))
        mac2 = suite.mac(key, amount4(pending.amount))
        tac = suite.tac(m.dtk, pending.head + number + moment)
        self._complete(pending, moment, -pending.amount, mac2, tac, **self._cached(pending))
        return tac + mac2 + _OK

    def _credit(self, command: Command) -> bytes:
        command.need(0x00, 0x00, 11)
        pending = self._take(*_LOADS)
        moment = self._check_online(pending, command.data, pending.head)
        tac = self._purse.suite.tac(self._purse.memory.dtk, self._sum(pending, moment, 1))
        self._complete(pending, moment, pending.amount, pending.mac1, tac)
        return command.limit(tac) + _OK

    def _unload(self, command: Command) -> bytes:
        command.need(0x03, 0x00, 11)
        pending = self._take(UNLOAD)
        moment = self._check_online(pending, command.data, pending.head)
        suite, message = self._purse.suite, self._sum(pending, moment, -1)
        mac3, tac = suite.mac(pending.key, message), suite.tac(self._purse.memory.dtk, message)
        self._complete(pending, moment, -pending.amount, pending.mac1, tac)
        return command.limit(mac3) + _OK

    def _sum(self, pending: Pending, moment: bytes, sign: int) -> bytes:
        """What the TAC of a load covers: the new balance, the serial before, the transaction."""
        balance, _, overdraft = self._account(pending.account)
        after = amount4(balance + overdraft + sign * pending.amount)
        serial = self._purse.memory.online_serial.to_bytes(2, "big")
        return after + serial + pending.head + moment

    def _update_overdraft(self, command: Command) -> bytes:
        command.need(0x00, 0x00, 14)
        pending, m = self._take(OVERDRAFT), self._purse.memory
        new, online = command.data[:3], command.data[3:]
        tail = bytes([OVERDRAFT]) + pending.terminal
        moment = self._check_online(pending, online, new + tail)
        balance, _, _ = self._account(pending.account)
        limit = int.from_bytes(new, "big")
        if balance + limit < 0:  # more than that is in use
            raise ApduError(0x6985)
        message = amount4(balance + limit) + m.online_serial.to_bytes(2, "big") + new + tail
        tac = self._purse.suite.tac(m.dtk, message + moment)
        field = _FIELDS[pending.account][2]
        self._complete(pending, moment, 0, pending.mac1, tac, **{field: limit})
        return command.limit(tac) + _OK

    def _check_online(self, pending: Pending, data: bytes, head: bytes) -> bytes:
        """MAC2 of the host covers head, date and time; -> date and time."""
        moment, mac2 = data[:7], data[7:]
        self._check(mac2, self._purse.suite.mac(pending.key, head + moment))
        return moment

    def _check(self, given: bytes, right: bytes) -> None:
        """A wrong MAC is counted; too many in a row lock the application for ever."""
        if not compare_digest(given, right):
            tries = self._purse.memory.mac_tries - 1
            self._purse.commit(mac_tries=tries, locked="" if tries > 0 else "permanent")
            raise ApduError(0x9302)

    def _complete(
        self, pending: Pending, moment: bytes, change: int, mac: bytes, tac: bytes, **files: Any
    ) -> None:
        """Balance, counter, log, proof and cached records change together or not at all."""
        m = self._purse.memory
        name, _, overdraft_name = _FIELDS[pending.account]
        counter = "online_serial" if pending.tti in _ONLINE else "offline_serial"
        serial = getattr(m, counter) + 1
        overdraft = files.get(overdraft_name, getattr(m, overdraft_name))
        record = serial.to_bytes(2, "big") + overdraft.to_bytes(3, "big") + pending.head + moment
        others = tuple(proof for proof in m.proofs if proof.tti != pending.tti)
        self._purse.security.is_pin_ok = False
        self._purse.commit(
            **{name: getattr(m, name) + change, counter: serial},
            **files,
            log=(record[:LOG_SIZE], *m.log)[: m.log_size],
            proofs=(*others, Proof(pending.tti, serial, mac, tac)),
            mac_tries=MAC_TRIES,
        )
