"""Software that is not ours: our cards behind PC/SC, and vsmartcard's card before our APDU layer.

pcscd with vsmartcard's virtual reader, opensc-tool and pyscard read our virtual cards; then
vsmartcard's own ISO 7816 card is driven by us over the same kind of socket.
"""

import json
import os
import re
import socket
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "device"))

import needs
from occard import apdu, purse
from occard.errors import StatusError, WrongCard
from onecard.card.targets import drive
from onecard.sim.cards.purse import PurseCard
from onecard.sim.vpcd import PORT, VpcdCard, atr_of

from tests.e2e.command import ONECARD

PYSCARD = Path("/usr/lib/python3/dist-packages/smartcard/System.py")
VICC_MODULES = Path("/usr/lib/python3/site-packages/virtualsmartcard")
SYSTEM_PYTHON = "/usr/bin/python3"
SELECT = "00A4040008A000000632010105"
PEER = """
import json
from smartcard.System import readers
found = [r for r in readers() if "Virtual PCD 00 00" in str(r)]
connection = found[0].createConnection()
connection.connect()
said = [bytes(connection.getATR()).hex()]
for text in COMMANDS:
    data, sw1, sw2 = connection.transmit(list(bytes.fromhex(text)))
    said.append(bytes(data).hex() + "%02x%02x" % (sw1, sw2))
connection.disconnect()
print(json.dumps(said))
"""


def wait_for_port(port, what):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)  # a daemon of others that tells nobody when it listens
    raise TimeoutError(f"{what} does not listen on {port}")


@pytest.fixture(scope="module")
def pcscd():
    """pcscd in the foreground with vsmartcard's virtual reader."""
    daemon = needs.tool("pcscd", "pcscd")
    needs.file(Path("/etc/reader.conf.d/vpcd"), "no vpcd: apt-get install vsmartcard-vpcd")
    process = subprocess.Popen(
        [daemon, "--foreground"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for_port(PORT, "vpcd")
        yield process
    finally:
        process.terminate()
        process.wait(20)


def run(command, until=None, environment=None):
    """A program's output; asked again until `until` is in it: pcscd sees a card when it polls."""
    deadline = time.monotonic() + 30
    while True:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
        said = done.stdout + done.stderr
        if until is None or until in said or time.monotonic() > deadline:
            return said


def test_opensc_reads_our_cards_atr_and_answers(pcscd):
    tool = needs.tool("opensc-tool", "opensc")
    card = PurseCard.make(balance=4321, apdu_us=0)
    with VpcdCard(card):
        atr = atr_of(card.ats).hex(":")
        assert atr in run([tool, "-r", "0", "--atr"], until=atr)
        said = run([tool, "-r", "0", "-s", SELECT, "-s", "805C000204"], until="SW1=0x90")
    assert said.count("SW1=0x90, SW2=0x00") == 2
    assert "00 00 10 E1" in said


def test_pyscard_buys_nothing_but_sees_what_the_terminal_would(pcscd):
    needs.file(PYSCARD, "no pyscard: apt-get install python3-pyscard")
    card = PurseCard.make(balance=4321, apdu_us=0)
    commands = [SELECT, "00B095001E", "805C000204", "805001020B0100000064112233445566" + "0F",
                "00B201C417", "8054010000"]  # fmt: skip
    script = f"COMMANDS = {commands!r}\n{PEER}"
    with VpcdCard(card):
        said = json.loads(run([SYSTEM_PYTHON, "-c", script], until='["').splitlines()[-1])
    assert said[0] == atr_of(card.ats).hex()
    assert said[1].startswith("6f") and said[1].endswith("9000")
    assert said[2] == card.public_information().hex() + "9000"
    assert said[3] == "000010e19000"
    assert re.fullmatch(r"000010e10000000000" + r"[0-9a-f]{12}9000", said[4])
    assert (said[5], said[6]) == ("6a83", "6700") and card.balance == 4321


def test_onecard_card_read_goes_through_pcsc(pcscd, tmp_path):
    """pyscard is Debian's, found by our Python alone: its neighbours would hide our packages."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    built = PYSCARD.parent / "scard" / f"_scard{suffix}"
    needs.file(built, "no pyscard for this Python: apt-get install python3-pyscard")
    (tmp_path / "smartcard").symlink_to(PYSCARD.parent)
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    command = [str(ONECARD), "card", "read", "--pcsc", "virtual pcd 00 00", "--json"]
    card = PurseCard.make(balance=4321, apdu_us=0)
    with VpcdCard(card):
        said = run(command, until='[{"application"', environment=environment)
    found = {part["application"]: part["fields"] for part in json.loads(said)}
    assert found["card"]["answer to reset or select"] == atr_of(card.ats).hex().upper()
    assert found["JT/T 978 transit purse"]["spendable"] == "43.21"
    said = run([*command[:4], "no such reader"], environment=environment)
    assert "no PC/SC reader has 'no such reader' in its name" in said


class ViccTarget:
    """vsmartcard's card at the other end of a socket: we play vpcd."""

    def __init__(self, connection):
        self._connection = connection

    def order(self, code):
        self._connection.sendall(b"\x00\x01" + bytes([code]))

    async def exchange(self, command, expected=0):
        self._connection.sendall(len(command).to_bytes(2, "big") + bytes(command))
        return self.receive()

    def receive(self):
        size = int.from_bytes(self._take(2), "big")
        return self._take(size)

    def _take(self, size):
        data = b""
        while len(data) < size:
            part = self._connection.recv(size - len(data))
            assert part, "the card closed the line"
            data += part
        return data


@pytest.fixture
def vicc():
    """vsmartcard's ISO 7816 card, switched on.

    Debian puts its modules beside Python's path, and it wants pycryptodome.
    """
    program = needs.tool("vicc", "vsmartcard-vpicc")
    modules = needs.file(VICC_MODULES, "no vicc modules: apt-get install vsmartcard-vpicc")
    packages = needs.package_folder("Crypto", "pip install pycryptodome")
    environment = os.environ | {"PYTHONPATH": f"{modules}:{packages}"}
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        command = [SYSTEM_PYTHON, program, "-t", "iso7816", "-H", "127.0.0.1", "-P", port]
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            server.settimeout(30)
            connection, _ = server.accept()
            connection.settimeout(30)
            target = ViccTarget(connection)
            target.order(1)
            yield target
            connection.close()
        finally:
            process.kill()
            process.wait()


def test_a_card_by_others_answers_through_our_apdu_layer(vicc):
    vicc.order(4)
    assert vicc.receive()[0] == 0x3B
    challenges = {drive(apdu.send(vicc, apdu.encode(0x00, 0x84, 0, 0, le=8))) for _ in range(3)}
    assert len(challenges) == 3 and {len(challenge) for challenge in challenges} == {8}
    assert drive(apdu.send(vicc, apdu.encode(0, 0xA4, 0, 0x0C, b"\x3f\x00"))) == b""


@pytest.mark.parametrize(
    ("command", "sw", "text"),
    [
        (apdu.encode(0, 0xA4, 0, 0x0C, b"\x77\x77"), 0x6A82, "not found"),
        (apdu.encode(0, 0xB0, 0, 0, le=5), 0x6986, "no current file"),
        (apdu.encode(0, 0x20, 0, 0, b"12345678"), 0x6300, "verification failed"),
        (apdu.encode(0, 0xCA, 0, 0, le=256), 0x6A81, "not supported"),
        (apdu.encode(0, 0xFF, 0, 0, le=256), 0x6D00, "not known"),
    ],
)
def test_what_a_card_by_others_refuses_is_told_by_number_and_meaning(vicc, command, sw, text):
    with pytest.raises(StatusError, match=text) as caught:
        drive(apdu.send(vicc, command))
    assert caught.value.sw == sw


def test_a_card_by_others_has_no_purse_and_the_terminal_says_so(vicc):
    with pytest.raises(WrongCard, match="no purse"):
        drive(purse.select(vicc))
