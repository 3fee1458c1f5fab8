"""drivers.ds3231 against the simulated clock; dates against the standard library."""

import random
from datetime import UTC, datetime

import pytest
import virtual
from buses import I2C, Timers, Wiring
from hypothesis import given
from hypothesis import strategies as st
from onecard.sim.chips.ds3231 import DS3231Chip

from drivers.ds3231 import DS3231, ClockError

FIRST, LAST = 946684800, 4102444799  # 2000..2099
NOW_S = 1767225600


class Bench:
    """A clock on the bus and its driver."""

    def __init__(self, **options):
        self.chip = DS3231Chip(Timers(), **options)
        self.wiring = Wiring(i2c={0: [self.chip]})
        self.bus = I2C(self.wiring, 0, 400_000)
        self.clock = DS3231(self.bus)

    def registers(self, at, *values):
        self.bus.writeto_mem(0x68, at, bytes(values))

    def known(self):
        """As after a setting: the flag is down."""
        self.registers(0x0F, 0)
        return self


def stamp(*date):
    return int(datetime(*date, tzinfo=UTC).timestamp())


def test_a_fresh_chip_does_not_know_the_time():
    assert Bench().clock.read_s() is None


def test_the_time_that_was_set_goes_on():
    one = Bench()
    one.clock.write_s(NOW_S)
    assert one.clock.read_s() == NOW_S
    virtual.clock.advance(86400 * 400 + 1.5)
    assert one.clock.read_s() == NOW_S + 86400 * 400 + 1
    assert one.chip.faults == []


@given(st.integers(FIRST, LAST))
def test_any_time_of_the_century_is_kept(seconds):
    one = Bench()
    one.clock.write_s(seconds)
    assert one.clock.read_s() == seconds
    assert one.chip._registers[3] == datetime.fromtimestamp(seconds, UTC).isoweekday()


@given(st.integers(FIRST, LAST - 86400 * 40), st.integers(0, 86400 * 40))
def test_the_chip_and_the_driver_agree_on_the_calendar(seconds, later):
    one = Bench()
    one.clock.write_s(seconds)
    virtual.clock.advance(later)
    assert one.clock.read_s() == seconds + later


@pytest.mark.parametrize("seconds", [FIRST - 1, LAST + 1, 0, -5])
def test_a_time_the_chip_cannot_keep_is_refused_and_nothing_is_written(seconds):
    one = Bench()
    before = one.bus.written
    with pytest.raises(ValueError, match="2000"):
        one.clock.write_s(seconds)
    assert one.bus.written == before


def test_the_battery_keeps_the_time_while_the_power_is_off():
    one = Bench()
    one.clock.write_s(NOW_S)
    one.chip.power_off()
    with pytest.raises(ClockError, match="does not answer"):
        one.clock.read_s()
    assert not one.clock.is_there()
    virtual.clock.advance(7200)
    one.chip.power_on()
    assert one.clock.is_there() and one.clock.read_s() == NOW_S + 7200


def test_without_a_battery_the_time_is_not_known_after_a_power_cut():
    one = Bench(has_battery=False)
    one.clock.write_s(NOW_S)
    one.chip.power_off()
    one.chip.power_on()
    assert one.clock.read_s() is None


def test_an_oscillator_that_stopped_is_told_until_the_time_is_set_anew():
    one = Bench()
    one.clock.write_s(NOW_S)
    one.chip.stop_oscillator()
    assert one.clock.read_s() is None
    one.clock.write_s(NOW_S + 5)
    assert one.clock.read_s() == NOW_S + 5


def test_setting_the_time_lets_the_oscillator_run_on_battery():
    one = Bench()
    one.registers(0x0E, 0x9C)  # EOSC: somebody had stopped it
    one.clock.write_s(NOW_S)
    one.chip.power_off()
    virtual.clock.advance(100)
    one.chip.power_on()
    assert one.clock.read_s() == NOW_S + 100
    two = Bench()
    two.clock.write_s(NOW_S)
    two.registers(0x0E, 0x9C)
    two.chip.power_off()
    two.chip.power_on()
    assert two.clock.read_s() is None


def test_setting_the_time_leaves_alarms_and_the_32_khz_output_alone():
    one = Bench()
    one.registers(0x07, 0x11, 0x12, 0x13, 0x84, 0x15, 0x16, 0x87)
    one.registers(0x0F, 0x08)
    one.clock.write_s(NOW_S)
    assert bytes(one.chip._registers[7:14]).hex() == "11121384151687"
    assert one.chip._registers[0x0F] == 0x08 and one.chip._registers[0x0E] == 0x1C


@pytest.mark.parametrize(
    "end_s", [stamp(2026, 2, 28, 23, 59, 59), stamp(2027, 12, 31, 23, 59, 59)]
)
def test_no_reading_is_torn_by_a_second_that_passes_between_two_bytes(end_s):
    for step in range(250):  # over more than a whole read, a fifth of a byte at a time
        one = Bench()
        one.clock.write_s(end_s)
        virtual.clock.advance(0.999 + step * 5e-6)
        assert one.clock.read_s() in (end_s, end_s + 1)


@pytest.mark.parametrize(
    "hours,hour",
    [(0x52, 0), (0x41, 1), (0x51, 11), (0x72, 12), (0x61, 13), (0x71, 23), (0x23, 23), (0x00, 0)],
)
def test_both_forms_of_the_hour_are_read(hours, hour):
    one = Bench().known()
    one.registers(0, 0x59, 0x58, hours, 1, 0x29, 0x02, 0x28)
    assert one.clock.read_s() == stamp(2028, 2, 29, hour, 58, 59)


def test_the_twelve_hour_form_runs_over_noon_and_midnight():
    one = Bench().known()
    one.registers(0, 0x59, 0x59, 0x71, 1, 0x31, 0x12, 0x26)
    virtual.clock.advance(1)
    assert one.clock.read_s() == stamp(2027, 1, 1)
    assert one.chip._registers[2] == 0x52
    virtual.clock.advance(12 * 3600)
    assert one.clock.read_s() == stamp(2027, 1, 1, 12)
    assert one.chip._registers[2] == 0x72


def test_the_century_bit_counts():
    one = Bench().known()
    one.registers(0, 0x59, 0x59, 0x23, 5, 0x31, 0x12, 0x99)
    virtual.clock.advance(1)
    assert one.clock.read_s() == stamp(2100, 1, 1)
    assert one.chip._registers[5] == 0x81


@pytest.mark.parametrize(
    "registers",
    [
        "5a000001010126", "60000001010126", "00600001010126", "000a0001010126", "00002401010126",
        "00002a01010126", "00004001010126", "00005301010126", "00000001000126", "00000001320126",
        "00000001310426", "00000001290227", "00000001011326", "00000001010026", "000000010101a0",
        "0000000101010a", "00000001298200",
    ],
)  # fmt: skip
def test_what_is_no_date_is_a_typed_error(registers):
    one = Bench().known()
    one.registers(0, *bytes.fromhex(registers))
    with pytest.raises(ClockError, match="the clock holds no"):
        one.clock.read_s()


@pytest.mark.parametrize("seed", range(3))
def test_any_garbled_byte_is_a_date_or_a_typed_error(seed):
    rng = random.Random(seed)
    one = Bench()
    one.clock.write_s(NOW_S)
    one.bus.tamper = lambda is_read, byte: byte ^ 1 << rng.randrange(8) if is_read else byte
    for _ in range(300):
        try:
            seconds = one.clock.read_s()
        except ClockError:
            continue
        assert seconds is None or FIRST <= seconds <= LAST + 100 * 366 * 86400


@pytest.mark.parametrize("quarters", [0, 1, 100, 103, 511, -1, -100, -512])
def test_temperatures_come_in_hundredths_of_a_degree(quarters):
    one = Bench()
    one.chip.set_temperature(quarters)
    virtual.clock.advance(64)
    assert one.clock.temperature_centi_c() == quarters * 25


def test_the_chip_measures_every_64_seconds_and_when_it_is_told_to():
    one = Bench()
    assert one.clock.temperature_centi_c() == 2500
    one.chip.set_temperature(-40)
    virtual.clock.advance(60)
    assert one.clock.temperature_centi_c() == 2500
    one.registers(0x0E, 0x3C)
    assert one.bus.readfrom_mem(0x68, 0x0E, 2) == b"\x3c\x8c"  # CONV, BSY
    virtual.clock.advance(0.2)
    assert one.bus.readfrom_mem(0x68, 0x0E, 2) == b"\x1c\x88"
    assert one.clock.temperature_centi_c() == -1000


def test_an_absent_clock_is_a_typed_error_everywhere():
    one = Bench()
    one.wiring.i2c[0].clear()
    for ask in (one.clock.read_s, one.clock.temperature_centi_c, lambda: one.clock.write_s(NOW_S)):
        with pytest.raises(ClockError):
            ask()


def test_the_chip_drifts_as_it_is_told_to_and_notices_what_is_undefined():
    one = Bench(drift_ppm=100)
    one.clock.write_s(NOW_S)
    virtual.clock.advance(100_000)
    assert one.clock.read_s() == NOW_S + 100_010
    one.registers(0x20)
    one.registers(0x0E, 0x1D)
    one.registers(3, 0x0F)
    assert len(one.chip.faults) == 3
