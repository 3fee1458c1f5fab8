"""Contact slots without a line: the simulated SAM at once, and one that dies."""

from drivers.sam.base import CardMute, SamTimeout, Slot


class DirectSlot(Slot):
    """A slot without a line. dies_at: the instruction at which the card falls silent for good,
    before it acts; or after, if acts."""

    def __init__(self, card):
        self.card, self.dies_at, self.acts, self.resets = card, None, False, 0

    async def power_on(self):
        if self.card is None:
            raise CardMute("empty")
        self.resets += 1
        self.card.power_off()
        return b"\x3b"

    async def exchange(self, command, into):
        if self.card is None:
            raise SamTimeout("silent")
        if command[1] == self.dies_at:
            if self.acts:
                self.card.process(bytes(command))
            self.card = None
            raise SamTimeout("silent")
        answer = self.card.process(bytes(command))
        into[: len(answer)] = answer
        return len(answer)
