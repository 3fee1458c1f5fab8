"""The bench as a page in a real browser: hands move cards, the canvas is the framebuffer."""

import signal
import urllib.request

import pytest
from command import Sim
from page_rig import WAIT_MS, PageRig
from playwright.sync_api import expect

GREEN = bytes((0, 121, 56))  # a paid screen's paper: 03C7 of terminal/ui/moods.py

pytestmark = pytest.mark.usefixtures("unix_image")


def test_a_lesson_at_the_page(tmp_path, chromium):
    with PageRig(tmp_path / "state", chromium, "st7789") as at:
        page = at.open()
        at.shows(page, "请刷卡")
        at.drag(page, '[data-card="a"]', "#reader")
        at.shows(page, "支付成功")
        seen = at.pixels(page)
        assert seen == at.shown() and (seen.width, seen.height) == (320, 240)
        assert GREEN in {seen.rgb[n : n + 3] for n in range(0, len(seen.rgb), 3)}
        expect(page.locator('#reader [data-card="a"] .money')).to_have_text("¥88.00")
        assert at.deck.cards["a"].balance == 8800
        expect(page.locator("#log")).to_contain_text("debited", timeout=WAIT_MS)
        page.screenshot(path=tmp_path / "page.png")
        assert (tmp_path / "page.png").stat().st_size > 10_000
        tones = page.evaluate("window.tones")
        assert [loudness > 0 for loudness, _ in tones] == [True, False]
        sound = next(e for e in at.session.events if e["event"] == "sound")
        assert (
            tones[1][1] - tones[0][1] > sound["beeps_ms"][0] / 1000 - 0.002
        )  # as the wire had it

        other = at.open("zh-CN")  # a second browser sees the same, in its own language
        at.shows(other, "支付成功")
        expect(other.locator('#reader [data-card="a"] b')).to_have_text("张明")
        at.drag(other, '[data-card="a"]', "#codes")
        at.shows(page, "请刷卡")
        expect(page.locator('#cards [data-card="a"]')).to_be_visible()

        page.locator('[data-card="c"]').focus()
        page.keyboard.press("Enter")  # by keyboard: it is taken away by itself
        at.shows(page, "卡已挂失")
        at.shows(page, "请刷卡")
        page.click("#keypad [data-key='5']")
        at.shows(page, "¥5")
        page.keyboard.press("Escape")
        at.shows(page, "请刷卡")

        page.click("#host")
        expect(page.locator("#chip-host")).to_have_text("host unplugged", timeout=WAIT_MS)
        page.click("#power")
        expect(page.locator("#chip-power")).to_have_text("power off", timeout=WAIT_MS)
        assert not any(at.pixels(page).rgb)
        page.click("#power")
        at.shows(page, "请刷卡")
        assert at.pixels(page) == at.shown()
        assert page.errors == other.errors == []


def test_the_command_serves_the_page_to_this_machine_and_ends_when_told(tmp_path):
    with Sim(tmp_path, "--web", "--port", "0", "--no-browser", "--scene", "museum") as sim:
        with urllib.request.urlopen(sim.ready["page"], timeout=20) as answer:
            assert answer.status == 200 and b"bench.js" in answer.read()
        assert sim.ready["page"].startswith("http://127.0.0.1:")
        sim.process.send_signal(signal.SIGTERM)
        assert sim.process.wait(30) == 0
