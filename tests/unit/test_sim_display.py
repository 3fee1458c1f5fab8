"""The simulated SSD1306 and the eyes that look at it."""

import random

import pytest
from onecard.sim.chips.ssd1306 import SSD1306Chip
from onecard.sim.screen import ScreenReader, half_blocks

START = bytes.fromhex(
    "00 AE 20 00 40 A1 A8 3F C8 D3 00 DA 12 D5 80 D9 F1 DB 30 81 FF A4 A6 8D 14 AF"
)
A = bytes.fromhex("0000000018242442427E424242420000")  # GNU Unifont U+0041
ONE = bytes.fromhex("000000000818280808080808083E0000")  # U+0031
RIVER = bytes.fromhex("000027FC100410048004878844884888088817881088200827F8E1082020400000")[:32]


def chip(**_):
    one = SSD1306Chip()
    one.write(START)
    return one


def draw(*placed, double=()):
    """A framebuffer with (text position x, y, bitmap) glyphs, some at double size."""
    frame = bytearray(1024)
    for x, y, bitmap, scale in [(*p, 1) for p in placed] + [(*p, 2) for p in double]:
        step = len(bitmap) // 16
        for row in range(16 * scale):
            for column in range(8 * step * scale):
                value = bitmap[row // scale * step + column // scale // 8]
                if value >> (7 - column // scale % 8) & 1:
                    frame[((y + row) >> 3) * 128 + x + column] |= 1 << ((y + row) & 7)
    return bytes(frame)


def test_horizontal_addressing_fills_the_whole_screen_as_written():
    one, data = chip(), random.Random(1).randbytes(1024)
    one.write(bytes.fromhex("0021007F220007"))
    for i in range(0, 1024, 32):
        one.write(b"\x40" + data[i : i + 32])
    assert one.framebuffer() == data
    one.write(b"\x40\xaa")
    assert one.framebuffer() == b"\xaa" + data[1:]
    assert one.faults == []


def test_a_window_is_filled_row_by_row_and_wraps():
    one = chip()
    one.write(bytes.fromhex("00210A0B220203"))
    one.write(bytes.fromhex("40 01 02 03 04 05"))
    frame = one.framebuffer()
    assert (frame[2 * 128 + 10 : 2 * 128 + 12], frame[3 * 128 + 10 : 3 * 128 + 12]) == (
        b"\x05\x02",
        b"\x03\x04",
    )
    assert sum(map(bool, frame)) == 4


def test_vertical_addressing_goes_down_the_pages_first():
    one = chip()
    one.write(bytes.fromhex("002001 210001 220001"))
    one.write(bytes.fromhex("40 01 02 03 04"))
    frame = one.framebuffer()
    assert frame[0:2] + frame[128:130] == b"\x01\x03\x02\x04"


def test_page_addressing_stays_in_its_page():
    one = chip()
    one.write(bytes.fromhex("002002 B3 0E 17"))
    one.write(bytes.fromhex("40 01 02 03"))
    frame = one.framebuffer()
    assert frame[3 * 128 + 126 : 3 * 128 + 128] == b"\x03\x02"
    assert sum(map(bool, frame)) == 2


def test_control_bytes_may_change_within_a_transaction():
    one = chip()
    one.write(bytes.fromhex("80 21 80 05 80 05 80 22 80 01 80 01 40 99"))
    assert one.framebuffer()[128 + 5] == 0x99


def test_parameters_may_come_in_a_transaction_of_their_own():
    one = chip()
    for byte in (0x81, 0x12):
        one.write(bytes([0x00, byte]))
    assert one.contrast == 0x12


def test_dark_until_the_charge_pump_and_the_display_are_on():
    one = SSD1306Chip()
    one.write(b"\x40\xff")
    one.write(b"\x00\xaf")
    assert not any(one.framebuffer()) and one.read() == 0x00
    one.write(b"\x00\x8d\x14")
    assert any(one.framebuffer())
    one.write(b"\x00\xae")
    assert not any(one.framebuffer()) and one.read() == 0x40


def test_inversion_and_all_on_leave_the_memory_alone():
    one = chip()
    one.write(b"\x40\x0f")
    one.write(b"\x00\xa7")
    assert one.framebuffer()[:2] == b"\xf0\xff"
    one.write(b"\x00\xa5")
    assert one.framebuffer() == b"\xff" * 1024
    one.write(b"\x00\xa4\xa6")
    assert one.framebuffer()[:2] == b"\x0f\x00"


def test_without_remap_the_picture_stands_on_its_head():
    one = chip()
    one.write(bytes.fromhex("00A0C0"))
    one.write(b"\x40\x01")
    frame = one.framebuffer()
    assert frame[7 * 128 + 127] == 0x80 and sum(map(bool, frame)) == 1


def test_segment_remap_concerns_later_writes_only():
    one = chip()
    one.write(b"\x40\x01")
    one.write(bytes.fromhex("00A0"))
    assert one.framebuffer()[0] == 0x01


def test_start_line_and_offset_scroll():
    one = chip()
    one.write(b"\x40\x01")
    one.write(b"\x00\x41")
    assert one.framebuffer()[7 * 128] == 0x80
    one.write(b"\x00\x40\xd3\x3f")
    assert one.framebuffer()[0] == 0x02


def test_what_the_data_sheet_does_not_define_is_recorded_and_does_nothing():
    one = chip()
    for bad in ("00FD", "003F", "012E"):
        one.write(bytes.fromhex(bad))
    assert len(one.faults) == 3
    seed = 1306
    print("seed", seed)
    rng = random.Random(seed)
    for _ in range(3000):
        one.write(rng.randbytes(rng.randrange(10)))
    assert len(one.framebuffer()) == 1024


def test_changes_are_told_once_a_transaction():
    one, told = chip(), []
    one.on_change = lambda: told.append(1)
    one.write(b"\x40" + bytes(100))
    one.write(b"")
    assert told == [1]


def test_half_blocks_draw_two_pixels_a_character():
    frame = bytearray(1024)
    frame[0], frame[1], frame[2], frame[1023] = 0x01, 0x02, 0x03, 0x80
    lines = half_blocks(bytes(frame)).split("\n")
    assert len(lines) == 32 and lines[0] == "▀▄█" + " " * 125
    assert lines[31] == " " * 127 + "▄"
    with pytest.raises(ValueError):
        half_blocks(b"")


def test_text_is_read_at_single_and_at_double_size():
    reader = ScreenReader({"A": A, "1": ONE, "河": RIVER})
    frame = draw(
        (0, 0, RIVER), (16, 0, A), (32, 0, ONE), (120, 0, A), (64, 16, ONE),
        double=[(0, 32, RIVER), (32, 32, A), (64, 32, ONE)],
    )  # fmt: skip
    assert reader.read(frame) == ["河A 1          A", "        1", "河A  1", ""]


def test_inverted_text_is_read_and_smears_are_shown():
    reader = ScreenReader({"A": A, "1": ONE})
    inverted = bytes(byte ^ 0xFF for byte in draw((0, 0, A), (8, 0, ONE)))
    assert reader.read(inverted) == ["A1", "", "", ""]
    assert reader.read(draw((0, 0, A), (0, 1, A), (8, 0, A))) == ["\ufffdA", "", "", ""]
    with pytest.raises(ValueError):
        ScreenReader({"A": b"123"})
