"""The page's server: who may talk to it, what pages are told, what they may send."""

import base64
import http.client
import json
import re
import socket
import threading

import pytest
from dark_world import NoHost, beep, dark_session, show
from ocwire import record
from onecard.keystore import PurseKeys
from onecard.settings.fields import OF_SCENE
from onecard.sim.deck import Deck
from onecard.sim.desk import Desk
from onecard.sim.picture import Picture
from onecard.sim.view import About, View
from onecard.sim.web import guard, hub, server
from onecard.sim.worker import Busy, Worker
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

KEYS = PurseKeys(bytes(16), bytes(range(16)))
ABOUT = About("unix", "canteen", "zh", "食堂", "112233445566", "/dev/pts/7")
WAIT_S = 20


class Served:
    """A bench without firmware, served on a port of its own."""

    def __init__(self, folder):
        self.session = dark_session()
        deck = Deck(folder / "cards.json", lambda s: (KEYS.card_dpk(s), KEYS.card_dtk(s)))
        self.host = NoHost()
        self.worker = Worker(self.session, Desk(self.session, deck, None, self.host))
        self.view = View(self.session, deck, self.host, ABOUT, None)
        listening = server.listen(0)
        self.port = listening.getsockname()[1]
        self._server = server.server(self.view, self.worker, self.port)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listening]})
        self._thread.start()

    def page(self, origin=None, host=None, **options):
        """An open page's WebSocket."""
        name = host or f"127.0.0.1:{self.port}"
        return connect(
            f"ws://{name}/bench",
            origin=origin or f"http://{name}",
            sock=socket.create_connection(("127.0.0.1", self.port), WAIT_S),
            open_timeout=WAIT_S,
            **options,
        )

    def get(self, path, method="GET", **headers):
        """(status, headers, body) of a request."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)
        client.request(method, path, headers=headers)
        answer = client.getresponse()
        return answer.status, dict(answer.headers), answer.read()

    def close(self):
        self._server.should_exit = True
        self._thread.join()
        self.worker.close()
        self.session.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """One server for all."""
    made = Served(tmp_path_factory.mktemp("page"))
    yield made
    made.close()


def await_message(page, is_it):
    """The next message for which is_it() is true."""
    while True:
        message = json.loads(page.recv(timeout=WAIT_S))
        if is_it(message):
            return message


def png(raw):
    """A framebuffer as it comes in a message."""
    return base64.b64encode(Picture.of_mono(raw).png).decode()


def say(page, line):
    page.send(json.dumps({"line": line}))


# -- who may talk -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "is_socket", "code"),
    (
        ([(b"host", b"127.0.0.1:80")], False, None),
        ([(b"host", b"LOCALHOST:80")], False, None),
        ([(b"host", b"[::1]:80"), (b"origin", b"http://[::1]:80")], True, None),
        ([(b"host", b"localhost:80"), (b"origin", b"http://127.0.0.1:80")], True, None),
        ([(b"host", b"evil.example:80")], False, "foreign_host"),
        ([(b"host", b"127.0.0.1:81")], False, "foreign_host"),
        ([(b"host", b"127.0.0.1")], False, "foreign_host"),
        ([(b"host", b"127.0.0.1:80.evil.example")], False, "foreign_host"),
        ([(b"host", b"localhost:80"), (b"host", b"evil.example")], False, "foreign_host"),
        ([], False, "foreign_host"),
        (
            [(b"host", b"localhost:80"), (b"origin", b"http://evil.example")],
            False,
            "foreign_origin",
        ),
        (
            [(b"host", b"localhost:80"), (b"origin", b"https://localhost:80")],
            True,
            "foreign_origin",
        ),
        ([(b"host", b"localhost:80"), (b"origin", b"null")], True, "foreign_origin"),
        ([(b"host", b"localhost:80")], True, "foreign_origin"),
    ),
)
def test_only_a_page_of_this_server_is_no_stranger(headers, is_socket, code):
    if code is None:
        guard.check(headers, 80, is_socket)
        return
    with pytest.raises(guard.ForeignPage) as caught:
        guard.check(headers, 80, is_socket)
    assert caught.value.code == code and "onecard sim --web" in caught.value.hint


@pytest.mark.parametrize("path", ("/", "/static/bench.js", "/nothing"))
def test_a_name_that_was_made_to_point_here_gets_nothing(served, path):
    status, _, body = served.get(path, Host=f"evil.example:{served.port}")
    assert status == 403 and json.loads(body)["error"] == "foreign_host"


@pytest.mark.parametrize(
    ("options", "code"),
    (
        ({"origin": "http://evil.example"}, "foreign_origin"),
        ({"origin": "null"}, "foreign_origin"),
        ({"host": "evil.example:80"}, "foreign_host"),
    ),
)
def test_a_foreign_page_opens_no_socket(served, options, code):
    with pytest.raises(InvalidStatus) as caught, served.page(**options):
        pass
    answer = caught.value.response
    assert answer.status_code == 403 and json.loads(answer.body)["error"] == code


def test_the_page_and_what_it_needs_come_with_strict_headers(served):
    for path, kind in (
        ("/", "text/html"),
        ("/static/bench.js", "javascript"),
        ("/static/bench.css", "text/css"),
        ("/static/sound.js", "javascript"),
        ("/static/texts.js", "javascript"),
    ):
        status, headers, body = served.get(path)
        assert status == 200 and kind in headers["content-type"] and body
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY" and headers["cache-control"] == "no-store"
    assert served.get("/static/../server.py")[0] == 404
    assert served.get("/static/%2e%2e/server.py")[0] == 404
    assert served.get("/", method="POST")[0] == 405


def test_a_port_that_is_taken_is_told(served):
    with pytest.raises(server.PortTaken, match=str(served.port)):
        server.listen(served.port)


def test_the_page_has_every_word_in_both_languages():
    texts = (server.STATIC / "texts.js").read_text()
    page = (server.STATIC / "index.html").read_text() + (server.STATIC / "bench.js").read_text()
    tables = dict(re.findall(r"(?ms)^export const (\w+) = \{\n(.*?)^\};", texts))
    chinese, english = re.findall(r"(?s)  (?:zh|en): \{(.*?)\n  \}", tables["TEXTS"])

    def names(block):
        return re.findall(r'(?:^|[ ,{])(?:"([^"]+)"|(\w+)): "', block)

    zh, en = ({a or b for a, b in names(block)} for block in (chinese, english))
    used = set(re.findall(r'data-(?:text|label)="(\w+)"', page)) | set(
        re.findall(r"words\.(\w+)", page)
    )
    assert used <= zh == en
    scenes = {a or b for a, b in names(tables["SCENES"])}
    assert scenes == set(OF_SCENE)
    kinds = {a or b for a, b in names(tables["KINDS"])}
    assert kinds == {record.name(kind) for kind in range(256)} - {
        f"kind {kind:02x}" for kind in range(256)
    }
    words = {a or b for a, b in names(tables["WORDS"])}
    assert words >= {*record.OUTCOMES.values(), *record.WAYS.values(), *record.PURPOSES.values()}


# -- what pages are told ------------------------------------------------------------------------


def test_all_pages_see_one_terminal(served):
    with served.page() as one, served.page() as other:
        hello = json.loads(one.recv(timeout=WAIT_S))
        assert hello["type"] == "hello" and hello["about"]["terminal"] == "112233445566"
        assert "f1" in hello["keys"]
        picture = bytes(n & 0xFF for n in range(1024))
        show(served.session, picture)
        for page in (one, other):
            state = await_message(page, lambda m: m.get("picture") == png(picture))
            assert state["on"] and state["text"] == served.session.screen
        say(one, "tap j")
        for page in (one, other):
            state = await_message(page, lambda m: "cards" in m and m["cards"][9]["is_there"])
            assert state["cards"][9] == {
                "name": "j",
                "title": ["张测试", "Zhang Ceshi"],
                "note": ["第三代社保卡", "social security, purse"],
                "balance": 12000,
                "is_there": True,
            }
        say(other, "remove")
        await_message(one, lambda m: "cards" in m and not m["cards"][9]["is_there"])


def test_the_buzzers_changes_come_with_their_times(served):
    with served.page() as page:
        await_message(page, lambda m: m["type"] == "state")
        beep(served.session, 80, 200)
        edges = []
        while len(edges) < 4:
            edges += await_message(page, lambda m: m["type"] == "buzzer")["edges"]
        assert [level for _, level in edges] == [1, 0, 1, 0]
        times = [round(at - edges[0][0]) for at, _ in edges]
        assert times == [0, 80, 140, 340]


def test_in_a_world_that_lags_a_pattern_comes_whole(served, monkeypatch):
    monkeypatch.setattr(served.session.world, "is_real_time", False, raising=False)
    with served.page() as page:
        await_message(page, lambda m: m["type"] == "state")
        beep(served.session, 200, 200)
        edges = await_message(page, lambda m: m["type"] == "buzzer")["edges"]
        assert [round(at - edges[0][0]) for at, _ in edges] == [0, 200, 260, 460]


def test_errors_are_lines_of_the_log_and_come_once(served):
    with served.page() as page:
        say(page, "tap zz")
        state = await_message(page, lambda m: any(e["event"] == "error" for e in m.get("log", ())))
        error = state["log"][-1]
        assert "cards: a" in error["text"]
        say(page, "key 1")
        say(page, "tap zz")
        again = await_message(page, lambda m: m.get("log"))
        assert [line["number"] for line in again["log"]] == [error["number"] + 1]


def test_what_is_no_command_line_is_refused(served, monkeypatch):
    with served.page() as page:
        for text in ("", "x", "[]", '{"line": 5}', '{"line": "a\\nb"}', '"line"', "null"):
            page.send(text)
            refusal = await_message(page, lambda m: m["type"] == "refused")
            assert refusal["code"] == "bad_message" and "command line" in refusal["text"]

        def full(line):
            raise Busy("64 commands are waiting")

        monkeypatch.setattr(served.worker, "submit", full)
        say(page, "key 1")
        assert await_message(page, lambda m: m["type"] == "refused")["code"] == "busy"


def test_a_message_that_is_too_long_ends_the_page(served):
    with served.page() as page:
        page.send("x" * 5000)
        with pytest.raises(ConnectionClosed) as caught:
            await_message(page, lambda m: False)
    assert caught.value.rcvd.code == 1009


def test_there_are_only_so_many_pages(served, monkeypatch):
    monkeypatch.setattr(hub, "MOST_PAGES", 1)
    with served.page() as one:
        await_message(one, lambda m: m["type"] == "state")
        with served.page() as other, pytest.raises(ConnectionClosed) as caught:
            other.recv(timeout=WAIT_S)
        assert caught.value.rcvd.code == 1013


def test_a_page_that_is_late_gets_the_newest_state_and_holds_nobody_up(served):
    with served.page(max_queue=1) as slow, served.page() as quick:
        for number in range(60):
            beep(served.session, 80)
            show(served.session, number.to_bytes(2, "big") * 512)
        last = png((59).to_bytes(2, "big") * 512)
        await_message(quick, lambda m: m.get("picture") == last)
        await_message(slow, lambda m: m.get("picture") == last)
