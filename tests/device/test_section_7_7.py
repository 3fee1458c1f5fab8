"""The published purse example and the set computed from it (cards.md 7.7), through the firmware.

On the unix port and on the virtual Pico the terminal's purse, SAM, engine and journal debit a card
personalised with that example's keys through the real PN532 driver; the card keeps what it saw.
"""

import os
import select
import stat
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from ocwire import calendar, record
from onecard.sim.cards import pboc
from onecard.sim.cards.purse import PurseCard
from onecard.sim.worlds.pico import PicoWorld
from onecard.sim.worlds.unix import UnixWorld
from pico_repl import open_repl
from pico_rig import DTK, K, Rig

SCRIPT = Path(__file__).with_name("section_7_7.py")


@dataclass(frozen=True)
class Example:
    """Inputs and what must come of them, in hex."""

    random: str
    counter: int
    serial: int
    terminal: str
    when: str
    amount: int
    session_key: str
    mac1: str
    mac2: str
    tac: str | None
    tti: int = 6

    def card(self):
        """The card, keeping the commands it gets in `seen`."""
        card = PurseCard.make(
            balance=9000,
            offline_serial=self.counter,
            dpk=K,
            dtk=DTK,
            random_source=bytes.fromhex(self.random),
            start_date=bytes.fromhex("20100101"),
            apdu_us=0.0,
        )
        card.seen, process = [], card.process
        card.process = lambda apdu: card.seen.append(apdu) or process(apdu)
        return card

    def check_card(self, card):
        """What went over the air, and that the session key behind it is the published one."""
        select_, initialize, debit = card.seen
        assert select_[:4].hex() == "00a40400"
        p1 = 1 if self.tti == 6 else 3
        assert initialize.hex() == f"80500{p1}020b01{self.amount:08x}{self.terminal}0f"
        assert debit.hex().upper() == f"805401000F{self.serial:08X}{self.when}{self.mac1}08"
        key = pboc.purchase_session_key(K, bytes.fromhex(self.random), self.counter, self.serial)
        assert key.hex().upper() == self.session_key
        text = f"{self.amount:08x}{self.tti:02x}{self.terminal}{self.when}"
        assert pboc.mac(key, bytes.fromhex(text)).hex().upper() == self.mac1
        assert card.proofs[0].mac.hex().upper() == self.mac2
        assert card.balance == 9000 - self.amount and card.offline_serial == self.counter + 1


PUBLISHED = Example(
    "11223344", 0, 1, "001122334455", "20120229135100", 0x1000,
    "003238ABC57659DD", "F15CAB75", "56988A13", None,
)  # fmt: skip
COMPUTED = Example(
    "A1B2C3D4", 0x10, 0x123, "112233445566", "20250131123456", 200,
    "6696ADD895DE22EF", "FA18F43A", "0881E007", "FE42C476",
)  # fmt: skip
COMPOUND = replace(COMPUTED, mac1="11C1CEA1", tac="279A087A", tti=9)
LOAD_CALL = f"run_load('112233445566', '{K.hex()}', 1000, '20250131123456')"
EXAMPLES = pytest.mark.parametrize(
    "example", [PUBLISHED, COMPUTED, COMPOUND], ids=["published", "computed", "compound"]
)


def call(example):
    """The device's call for one example; SCRIPT defines run()."""
    case = (example.terminal, K.hex(), example.serial, example.amount, example.when, example.tti)
    return f"run{case!r}"


def check_said(example, said):
    """What the device printed."""
    lines = said.replace("\r\n", "\n").split("\n")
    assert f"outcome approved {9000 - example.amount}" in lines
    assert "records ['intent', 'debited']" in lines  # which says that MAC2 was right
    assert example.tac is None or f"tac {example.tac}" in lines


def load_card():
    """The card of the computed load: 5.00 on it, online serial 7."""
    return PurseCard.make(
        balance=500, online_serial=7, dlk=K, dtk=DTK, apdu_us=0.0,
        random_source=bytes.fromhex("A1B2C3D4"), start_date=bytes.fromhex("20100101"),
    )  # fmt: skip


def check_load(said, card):
    """MAC1, MAC2 and TAC of cards.md 7.7, and the new balance on both sides."""
    lines = said.replace("\r\n", "\n").split("\n")
    for line in ("mac1 11965A94", "mac2 BA992EB2", "tac 5B199CF5", "balance 1500"):
        assert line in lines, said
    assert card.balance == 1500


def said_by_unix(unix_binary, folder, text, card):
    """What the unix port prints when it runs SCRIPT and `text` with that card in the field."""
    program = folder / "script.py"
    program.write_text(f"{SCRIPT.read_text()}\n{text}\n")
    instead = folder / "terminal"
    instead.write_text(f"#!/bin/sh\nexec '{unix_binary}' '{program}'\n")
    instead.chmod(instead.stat().st_mode | stat.S_IXUSR)
    world = UnixWorld(instead, folder / "state", time_scale=0.0)
    link = os.open(world.link_path, os.O_RDWR | os.O_NOCTTY)
    try:
        world.power_on()
        world.field.place(card)
        said, deadline = b"", time.monotonic() + 20
        while b"\nend" not in said and time.monotonic() < deadline:
            world.step()
            if select.select([link], [], [], 0)[0]:
                said += os.read(link, 4096)
    finally:
        os.close(link)
        world.close()
    return said.decode()


@EXAMPLES
def test_the_section_on_the_unix_port(unix_binary, tmp_path, example):
    card = example.card()
    check_said(example, said_by_unix(unix_binary, tmp_path, call(example), card))
    example.check_card(card)


def test_the_sections_load_on_the_unix_port(unix_binary, tmp_path):
    card = load_card()
    check_load(said_by_unix(unix_binary, tmp_path, LOAD_CALL, card), card)


@pytest.mark.pico
def test_the_section_on_the_virtual_pico(uf2):
    world = open_repl(PicoWorld(uf2))
    world.exec(SCRIPT.read_text())
    for example in (PUBLISHED, COMPUTED, COMPOUND):
        card = example.card()
        world.field.place(card)
        said = world.exec(call(example))
        check_said(example, said)
        example.check_card(card)
    card = load_card()
    world.field.place(card)
    check_load(world.exec(LOAD_CALL), card)
    world.close()


@pytest.mark.pico
@pytest.mark.slow
def test_the_section_through_the_whole_terminal_on_the_virtual_pico(uf2):
    rig = Rig(uf2)
    # Four records come before: boot, keys and twice the clock.
    rig.provision({"serial_offset": COMPUTED.serial - 5})
    card = COMPUTED.card()
    session = rig.session()
    session.set_time(calendar.from_bcd(bytes.fromhex(COMPUTED.when)))
    rig.tap(card)
    COMPUTED.check_card(card)
    intent, result = (item.fields() for item in rig.session().pull(1)[-2:])
    assert intent["terminal_serial"] == COMPUTED.serial
    assert intent["time_s"] == calendar.from_bcd(bytes.fromhex(COMPUTED.when))
    assert result["outcome"] == record.DONE
    assert result["tac"].hex().upper() == COMPUTED.tac
    rig.world.close()
