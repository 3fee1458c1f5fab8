"""The soak in short; `make soak` is the long form (tests/soak/run.py).

A success on the screen is in the store, cards and store agree to the fen, the MAC chain is proved,
RAM is not eaten up, whatever card and power did.
"""

import os

import pytest

from tests.soak.run import Plan, soak

SEED = int(os.environ.get("ONECARD_SOAK_SEED", "1"))
RAM_NOISE = 16384  # of some million: it settles within 2,000 taps, in two steps of 4.9 kB


def check(one):
    print(one)
    assert one.shown > one.taps * 0.8 and one.missing == 0
    assert one.findings == one.in_doubt == one.unexplained == 0
    assert one.debited == one.lost > 0
    assert one.erases_in_taps == 0
    assert one.ram_last > one.ram_first - RAM_NOISE


def test_taps_tears_cuts_and_pulls_on_the_unix_port(unix_binary, tmp_path):
    one = soak(Plan("unix", 600, pull_every=60), SEED, tmp_path)
    check(one)
    assert sum(one.cuts.values()) > 3


@pytest.mark.pico
@pytest.mark.slow
def test_taps_tears_cuts_and_pulls_on_the_virtual_pico(uf2, tmp_path):
    one = soak(
        Plan("rp2_pico", 50, pull_every=20, cut_every=3, link_timeout_s=60.0), SEED, tmp_path
    )
    check(one)
    assert one.ram_least > 120_000
