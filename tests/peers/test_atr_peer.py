"""drivers.sam.atr reads thousands of real cards' ATRs as pyscard does.

The ATRs are the list of Debian's pcsc-tools, the peer Debian's python3-pyscard; neither is copied.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "device"))

import needs
from onecard.sim.chips.iso7816_atr import DI, FI

from drivers.sam.atr import MAX_SIZE, Atr, missing
from drivers.sam.base import ProtocolError

LIST = Path("/usr/share/pcsc/smartcard_list.txt")
PYSCARD = Path("/usr/lib/python3/dist-packages/smartcard/ATR.py")
SYSTEM_PYTHON = "/usr/bin/python3"
PEER = """
import json, sys
from smartcard.ATR import ATR
def read(text):
    try:
        atr = ATR(list(bytes.fromhex(text)))
    except Exception as error:
        return {"error": str(error)}
    return {"protocols": [td & 15 for td in atr.TD if td is not None] or [0],
            "ta1": atr.getTA1(), "guard": atr.getGuardTime(),
            "clock": atr.getClockRateConversion(), "factor": atr.getBitRateFactor(),
            "ta2": atr.TA[1] if len(atr.TA) > 1 else None,
            "tc2": atr.TC[1] if len(atr.TC) > 1 else None,
            "historical": bytes(atr.getHistoricalBytes()).hex(),
            "has_check": atr.hasChecksum, "is_check_right": atr.hasChecksum and atr.checksumOK,
            "size": 2 + atr.getInterfaceBytesCount() + atr.K}
print(json.dumps([read(line) for line in sys.stdin.read().split()]))
"""


@pytest.fixture(scope="module")
def real():
    """(ATR, what pyscard says) of each whole ATR in the list."""
    text = needs.file(LIST, "no list of ATRs: apt-get install pcsc-tools").read_text("utf-8")
    needs.file(PYSCARD, "no pyscard: apt-get install python3-pyscard")
    lines = re.findall(r"^3[BF](?: [0-9A-F]{2})+$", text, re.MULTILINE)
    atrs = [line.replace(" ", "") for line in lines]
    done = subprocess.run(
        [SYSTEM_PYTHON, "-c", PEER],
        input="\n".join(atrs),
        capture_output=True,
        check=True,
        text=True,
    )
    return [
        (bytes.fromhex(atr), said) for atr, said in zip(atrs, json.loads(done.stdout), strict=True)
    ]


def wants_check(said):
    """8.2.5: TCK is there unless T=0 alone is offered."""
    return set(said["protocols"]) != {0}


def is_sound(atr, said):
    """By pyscard's word: of the right size, and with a right TCK where one must be."""
    if "error" in said or len(atr) > MAX_SIZE:
        return False
    if len(atr) != said["size"] + wants_check(said):
        return False
    return not wants_check(said) or said["is_check_right"]


def test_every_real_atr_is_read_as_pyscard_reads_it(real):
    count = 0
    for atr, said in real:
        if not is_sound(atr, said):
            continue
        count += 1
        ours = Atr(atr)
        assert ours.ta1 == (0x11 if said["ta1"] is None else said["ta1"])
        assert ours.extra_guard == (said["guard"] or 0)
        assert ours.historical.hex() == said["historical"]
        assert set(ours.protocols) == ({p for p in said["protocols"] if p != 15} or {0})
        assert ours.specific == (None if said["ta2"] is None else said["ta2"] & 15)
        assert ours.wi == (said["tc2"] or 10)
        assert ours.fi == FI.get(ours.ta1 >> 4, 0) and ours.di == DI.get(ours.ta1 & 15, 0)
        assert missing(atr, len(atr)) == 0
    assert count > 3000


def test_what_is_refused_is_unsound_by_pyscards_word_too(real):
    refused = 0
    for atr, said in real:
        try:
            Atr(atr)
        except ProtocolError:
            refused += 1
            assert not is_sound(atr, said), atr.hex()
    assert refused < len(real) // 10


def test_the_tables_are_pyscards_where_the_standard_has_not_changed(real):
    """Di 64 (7) and RFU fractions are newer or older than pyscard's table."""
    for _, said in real:
        if "error" in said or said["ta1"] is None or said["ta1"] & 15 in (0, *range(10, 16), 7):
            continue
        if said["ta1"] >> 4 in FI:
            assert str(said["clock"]) == str(FI[said["ta1"] >> 4])
        assert str(said["factor"]) == str(DI[said["ta1"] & 15])
