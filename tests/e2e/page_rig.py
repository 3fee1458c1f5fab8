"""A bench served as a page, in a real browser without a window."""

import base64
import contextlib
import os
import re
import threading

from onecard.settings import Settings
from onecard.sim.bench import Bench
from onecard.sim.deck import LOST
from onecard.sim.picture import Picture
from onecard.sim.web import server
from onecard.sim.worker import Worker
from onecard.sim.workplace import open_deck, open_keystore, open_session, open_world
from playwright.sync_api import expect, sync_playwright

TERMINAL = "112233445566"
WAIT_MS = 60_000
# What the page's buzzer asks of WebAudio: [loudness, seconds of its clock].
_TONES = """
window.tones = [];
const ramp = AudioParam.prototype.setTargetAtTime;
AudioParam.prototype.setTargetAtTime = function (value, at, fade) {
  window.tones.push([value, at]);
  return ramp.call(this, value, at, fade);
};
"""
_PIXELS = """() => {
  const canvas = document.getElementById("screen"), { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  let text = "";
  for (let at = 0; at < data.length; at += 4) {
    text += String.fromCharCode(data[at], data[at + 1], data[at + 2]);
  }
  return [width, height, btoa(text)];
}"""


class PageRig:
    """settings: the terminal's. chromium: the browser's path. display: its kind. A context."""

    def __init__(self, folder, chromium, display, settings=None):
        settings = settings or Settings(merchant="第一小学食堂", price=1200, repeat_ms=0)
        keystore = open_keystore(folder, None)
        deck = open_deck(folder, keystore.purse)
        self.session = open_session(
            open_world("unix", folder, display=display), lambda event: None
        )
        lost = [deck.cards[LOST].serial]
        self.bench = Bench(self.session, keystore, deck, folder, TERMINAL, settings, lost)
        self.deck, self._chromium = deck, chromium

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            stack.callback(self.bench.close)
            self.bench.start()
            self.bench.host.plug()
            worker = Worker(self.session, self.bench.desk)
            stack.callback(worker.close)
            listening = server.listen(0)
            self.port = listening.getsockname()[1]
            served = server.server(self.bench.view(), worker, self.port)
            thread = threading.Thread(target=served.run, kwargs={"sockets": [listening]})
            thread.start()
            stack.callback(thread.join)
            stack.callback(setattr, served, "should_exit", True)
            player = stack.enter_context(sync_playwright())
            self.browser = player.chromium.launch(
                executable_path=self._chromium,
                args=["--no-sandbox"] if os.geteuid() == 0 else [],
            )
            stack.callback(self.browser.close)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def open(self, language="en-GB", width=1280, height=860):
        """A new page in a browser of that language."""
        context = self.browser.new_context(
            locale=language, viewport={"width": width, "height": height}
        )
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.add_init_script(_TONES)
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.goto(f"http://127.0.0.1:{self.port}/")
        page.locator('[data-card="a"]').wait_for()
        return page

    # -- what is seen ------------------------------------------------------------------------

    @staticmethod
    def shows(page, text):
        """The page's screen says this, to those who have it read to them."""
        expect(page.locator("#screen")).to_have_attribute(
            "aria-label", re.compile(re.escape(text)), timeout=WAIT_MS
        )

    @staticmethod
    def pixels(page):
        """The canvas as a Picture."""
        width, height, rgb = page.evaluate(_PIXELS)
        return Picture(width, height, base64.b64decode(rgb))

    def shown(self):
        """What the world's display shows, a Picture."""
        return self.session.call(self.session.world.picture)

    # -- what hands do -----------------------------------------------------------------------

    @staticmethod
    def drag(page, what, to):
        """Take hold of one thing and let go of it over the middle of another."""
        start, end = page.locator(what).bounding_box(), page.locator(to).bounding_box()
        page.mouse.move(start["x"] + 30, start["y"] + 20)
        page.mouse.down()
        page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=6)
        page.mouse.up()
