"""Adafruit's driver sees the cards we put there, over HSU, I2C and SPI."""

import pytest
import virtual

from tests.chip.readers import Echo, purse
from tests.peers.adafruit import open_driver

LINKS = ("hsu", "i2c", "spi")
SELECT = bytes.fromhex("00A4040008A000000632010105")
BALANCE = bytes.fromhex("805C000204")
IN_DATA_EXCHANGE = 0x40


def session(link, test):
    async def play():
        bench, driver = open_driver(link)
        return test(bench, driver)

    return virtual.run(play())


@pytest.mark.parametrize("link", LINKS)
def test_adafruit_reads_the_version_and_a_uid(link):
    def test(bench, driver):
        assert tuple(driver.firmware_version) == (0x32, 0x01, 0x06, 0x07)
        bench.field.place(Echo(uid="04112233445566"))
        assert bytes(driver.read_passive_target(timeout=0.5)).hex() == "04112233445566"
        assert bench.chip.faults == []

    session(link, test)


@pytest.mark.parametrize("link", LINKS)
def test_adafruit_exchanges_apdus_with_our_purse(link):
    def test(bench, driver):
        bench.field.place(purse(balance=4321))
        assert driver.read_passive_target(timeout=0.5) is not None
        answer = driver.call_function(
            IN_DATA_EXCHANGE, params=b"\x01" + SELECT, response_length=60, timeout=1
        )
        assert answer[0] == 0 and bytes(answer[-2:]) == b"\x90\x00"
        answer = driver.call_function(
            IN_DATA_EXCHANGE, params=b"\x01" + BALANCE, response_length=7, timeout=1
        )
        assert bytes(answer) == b"\x00" + (4321).to_bytes(4, "big") + b"\x90\x00"
        assert bench.chip.faults == []

    session(link, test)


@pytest.mark.parametrize("link", LINKS)
def test_adafruit_sees_an_empty_field(link):
    session(
        link,
        lambda bench, driver: (
            pytest.fail("a card") if driver.read_passive_target(timeout=0.2) else None
        ),
    )
