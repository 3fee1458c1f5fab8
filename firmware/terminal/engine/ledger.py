"""The engine's side of the journal: intents, results, refusals, and what is still open."""

from ocwire import record

_MAX_OPEN = 8  # transactions of unknown outcome kept waiting for their cards
NO_TAC = bytes(4)


class Ledger:
    """journal and clock of this terminal; serial_offset: see `next_serial`."""

    def __init__(self, journal, clock, serial_offset=0):
        self._journal = journal
        self._clock = clock
        self._serial_offset = serial_offset
        self._last_refused = None

    def has_room(self):
        """True if a transaction and its result fit."""
        return self._journal.has_room()

    def next_serial(self):
        """Terminal transaction serial of the next purchase: the journal's next sequence number
        plus an offset given at provisioning. The journal makes it survive resets, and the intent
        that uses it moves it on, so it never comes twice.
        """
        return (self._journal.next_seq + self._serial_offset) & 0xFFFFFFFF

    def intend(self, card, order, step):
        """Make it durable that `order` is about to be done; its sequence number.

        With too many cards outstanding the oldest is closed as in doubt, with its evidence in its
        intent: the settlement office resolves it from the card's next transactions.
        """
        while len(self._journal.open) >= _MAX_OPEN:
            self.close(min(self._journal.open), record.IN_DOUBT, 0)
        answer = step.answer
        body = record.pack(
            record.INTENT,
            card.profile.code,
            card.serial,
            step.time_s,
            order.amount,
            answer.balance,
            answer.counter,
            step.serial,
            answer.random,
            answer.key_version,
            answer.algorithm,
            step.key_index,
            step.tti,
            tail=order.payload,
        )
        return self._journal.append(record.INTENT, body)

    def close(self, intent_seq, outcome, balance, tac=NO_TAC, mac2=NO_TAC):
        """Make an outcome (record.OUTCOMES) durable."""
        now_s = self._clock.now_s()
        balance &= 0xFFFFFFFF
        body = record.pack(record.RESULT, intent_seq, now_s, outcome, balance, tac, mac2)
        self._journal.append(record.RESULT, body)
        self._last_refused = None

    def open_of(self, serial):
        """(sequence number, fields) of this card's oldest open intent, or None."""
        for seq in sorted(self._journal.open):
            intent = record.fields(record.INTENT, self._journal.open[seq][0])
            if intent["serial"] == serial:
                return seq, intent
        return None

    def last_closed(self):
        """(intent, result) as fields of the newest transaction that has ended, or None."""
        last = self._journal.last_closed
        if last is None:
            return None
        return record.fields(record.INTENT, last[0]), record.fields(record.RESULT, last[1])

    def refuse(self, serial, amount, reason):
        """Record a refusal, once for a card that is held there again and again: nobody can fill
        the journal so."""
        if serial == self._last_refused or not self._journal.has_room():
            return
        self._last_refused = serial
        body = record.pack(record.REFUSED, self._clock.now_s(), reason, serial, amount)
        self._journal.append(record.REFUSED, body)

    def identify(self, time_s, purpose, nonce, sealed):
        """Keep a sealed identity."""
        body = record.pack(record.IDENTITY, time_s, purpose, nonce, tail=sealed)
        self._journal.append(record.IDENTITY, body)

    def take_code(self, time_s, purpose, code, amount, digest):
        """Keep that a QR code was taken."""
        account = code.account if code.is_proved else b""
        serial = (account + bytes(10))[:10]
        generated_s = code.generated_s
        body = record.pack(record.CODE, time_s, purpose, serial, generated_s, amount, digest[:8])
        self._journal.append(record.CODE, body)
