"""The simulated PN532 against the frames and rules of UM0701-02."""

import pytest
from onecard.sim.cards.purse import PurseCard
from onecard.sim.chips.pn532 import PN532Chip
from onecard.sim.chips.pn532_frame import ACK, SYNTAX_ERROR, build
from onecard.sim.field import Field

NACK = bytes.fromhex("0000FFFF0000")
WAKE = b"\x55\x55" + bytes(14)
SAM = bytes.fromhex("0000FF05FBD4140114010200")
VERSION = bytes.fromhex("0000FF02FED4022A00")
VERSION_ANSWER = bytes.fromhex("0000FF06FAD50332010607E800")


class Bench:
    """A chip on a line with a clock of its own; what is due arrives when the clock gets there."""

    def __init__(self, with_clock=False):
        self.field, self.us, self.queue = Field(), 0.0, []
        self.chip = PN532Chip(self.field, self._send, (lambda: self.us) if with_clock else None)

    def _send(self, data, after_us):
        entry = (self.us + after_us, data)
        self.queue.append(entry)

        def cancel():
            if entry in self.queue:
                self.queue.remove(entry)
                return True
            return False

        return cancel

    def wait(self, us=1e9):
        """All frames that are due within us."""
        self.us += us
        due = [data for at, data in self.queue if at <= self.us]
        self.queue = [entry for entry in self.queue if entry[0] > self.us]
        return due

    def ready(self):
        self.chip.feed(WAKE + SAM)
        assert self.wait() == [ACK, bytes.fromhex("0000FF02FED5151600")]
        return self

    def command(self, text):
        self.chip.feed(build(b"\xd4" + bytes.fromhex(text)))
        return self.wait()

    def answer(self, text):
        ack, frame = self.command(text)
        assert ack == ACK
        return body(frame)


def body(frame):
    """Data after the response code, checksums checked."""
    assert frame.startswith(b"\x00\x00\xff") and frame.endswith(b"\x00")
    if frame[3:5] == b"\xff\xff":
        size, rest = frame[5] << 8 | frame[6], frame[8:-1]
        assert sum(frame[5:8]) & 0xFF == 0
    else:
        size, rest = frame[3], frame[5:-1]
        assert sum(frame[3:5]) & 0xFF == 0
    assert len(rest) == size + 1 and sum(rest) & 0xFF == 0 and rest[0] == 0xD5
    return rest[2:-1].hex().upper()


def with_card(**options):
    bench = Bench().ready()
    card = PurseCard.make(**({"balance": 1000} | options))
    bench.field.place(card)
    bench.answer("4A0100")
    return bench, card


# wake-up and modes


def test_asleep_after_power_on_everything_is_ignored_until_the_line_wakes_it():
    bench = Bench()
    bench.chip.feed(VERSION[:2])
    assert bench.wait() == [] and not bench.chip.is_awake
    bench.chip.feed(b"\x55")
    bench.chip.feed(VERSION)
    assert bench.wait() == [ACK, VERSION_ANSWER]


def test_five_zero_bytes_wake_it_too():
    bench = Bench()
    bench.chip.feed(bytes(10) + VERSION)
    assert bench.wait() == [ACK, VERSION_ANSWER]


def test_what_arrives_while_it_wakes_up_is_lost_when_there_is_a_clock():
    bench = Bench(with_clock=True)
    bench.chip.feed(b"\x55")
    bench.us += 100
    bench.chip.feed(VERSION)
    assert bench.wait(1000) == []
    bench.chip.feed(VERSION)
    assert bench.wait(1000) == [ACK, VERSION_ANSWER]


def test_contactless_commands_need_sam_configuration_first():
    bench = Bench()
    bench.chip.feed(WAKE)
    assert bench.command("4A0100") == [ACK, SYNTAX_ERROR]
    assert bench.ready().answer("320102") == ""


def test_power_down_sleeps_until_the_line_wakes_it_and_keeps_the_configuration():
    bench = Bench().ready()
    assert bench.answer("16F0") == "00"
    bench.chip.feed(VERSION[:3])
    assert bench.wait() == []
    bench.chip.feed(WAKE)
    bench.field.place(PurseCard.make())
    assert bench.answer("4A0100").startswith("0101")


def test_power_down_without_the_uart_as_a_source_cannot_be_woken_over_it():
    bench = Bench().ready()
    bench.answer("1620")
    bench.chip.feed(WAKE + VERSION)
    assert bench.wait() == []
    bench.chip.power_on()
    bench.ready()


# frames


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_frames_may_arrive_in_any_portions(size):
    stream = WAKE + SAM + VERSION
    bench = Bench()
    for i in range(0, len(stream), size):
        bench.chip.feed(stream[i : i + size])
    assert bench.wait()[-1] == VERSION_ANSWER


def test_preamble_and_postamble_are_optional():
    bench = Bench().ready()
    bench.chip.feed(VERSION[1:-1])
    assert bench.wait() == [ACK, VERSION_ANSWER]
    bench.chip.feed(bytes(40) + VERSION + bytes(5))
    assert bench.wait() == [ACK, VERSION_ANSWER]


@pytest.mark.parametrize(
    ("frame", "fault"),
    [("0000FF02FDD4022A00", "LCS"), ("0000FF02FED4022B00", "DCS"), ("0000FF02FED5022900", "TFI")],
)
def test_wrong_frames_are_not_acknowledged_and_do_no_harm(frame, fault):
    bench = Bench().ready()
    bench.chip.feed(bytes.fromhex(frame))
    assert bench.wait() == [] and bench.chip.faults[-1] == fault
    bench.chip.feed(VERSION)
    assert bench.wait() == [ACK, VERSION_ANSWER]


@pytest.mark.parametrize(
    "command",
    ["99", "0201", "06", "0603", "0811", "1009", "12", "14", "1405", "4A", "4A0300", "4A0105"]
    + ["3209", "320500", "40", "00", "0009", "44", "600100"],
)
def test_unknown_commands_and_bad_lengths_get_the_syntax_error_frame(command):
    assert Bench().ready().command(command) == [ACK, SYNTAX_ERROR]


def test_extended_frames_go_both_ways():
    bench = Bench().ready()
    data = "00" + bytes(range(255)).hex().upper() + "0102030405"
    assert bench.answer("00" + data) == data


def test_nack_brings_the_last_response_again():
    bench = Bench().ready()
    bench.chip.feed(VERSION)
    bench.wait()
    bench.chip.feed(NACK)
    assert bench.wait() == [VERSION_ANSWER]
    bench.chip.feed(NACK + NACK[:3])
    assert bench.wait() == [VERSION_ANSWER]


def test_ack_aborts_a_command_that_waits_for_ever():
    bench = Bench().ready()
    assert bench.command("4A0100") == [ACK] and bench.chip.is_busy
    bench.chip.feed(ACK)
    bench.field.place(PurseCard.make())
    assert bench.wait() == [] and not bench.chip.is_busy


def test_ack_takes_back_an_answer_that_is_not_due_yet():
    bench, _ = with_card()
    bench.chip.feed(build(bytes.fromhex("D44001805C000204")))
    assert bench.wait(1000) == [ACK]
    bench.chip.feed(ACK)
    assert bench.wait() == []


def test_a_new_command_ends_the_old_one():
    bench = Bench().ready()
    bench.command("4A0100")
    bench.chip.feed(VERSION)
    assert bench.wait() == [ACK, VERSION_ANSWER]
    bench.field.place(PurseCard.make())
    assert bench.wait() == []


def test_baud_rate_changes_after_the_hosts_ack_only():
    bench = Bench().ready()
    assert bench.answer("1007") == "" and bench.chip.baud_rate == 115200
    bench.chip.feed(ACK)
    assert bench.chip.baud_rate == 921600
    bench.chip.power_on()
    assert bench.chip.baud_rate == 115200


def test_set_parameters_bit_6_drops_preamble_and_postamble():
    bench = Bench().ready()
    bench.command("1254")
    assert bench.command("02") == [ACK, VERSION_ANSWER[1:-1]]


# registers, status


def test_registers_hold_what_is_written():
    bench = Bench().ready()
    assert bench.answer("08630180633D07") == ""
    assert bench.answer("066301633D6302") == "800700"


def test_general_status_counts_targets_and_tells_the_last_error():
    bench, _ = with_card()
    assert bench.answer("04") == "0000010100000080"
    bench.field.remove()
    bench.answer("4001805C000204")
    assert bench.answer("04").startswith("01")
    bench.answer("5200")
    assert bench.answer("04")[4:6] == "00"
