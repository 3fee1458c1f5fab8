"""Updates over the link in one process: refusals, resumption, confirmation, the host's side."""

import os
import random
import types

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inproc import TERMINAL, Running, host_time, keystore
from ocwire import bundle, message, record
from onecard import pull as pulling
from onecard import update as updating
from onecard.bundle import Bundle
from onecard.link import Refused
from onecard.sim.flash import CUT_MODES, PowerCut
from onecard.update import UpdateError
from terminal import files
from terminal.boot import Boot
from terminal.update import Updates
from update_slots import NorSlots, StubTerminal, bundle_of
from updates import KEY, OTHER_KEY

KEYS = keystore()
IMAGE = random.Random(3).randbytes(9000)
MADE = bundle_of(IMAGE, (0, 1, 1), KEY)


@pytest.fixture(autouse=True)
def time_is_virtual(monkeypatch):
    host_time(monkeypatch, "onecard.link.client", "onecard.update")


class Files:
    """open() and os for terminal.files: the selector's file is on the NOR flash."""

    def __init__(self, slots):
        self._slots = slots

    def open(self, path, mode):
        return self._slots.open(path, mode) if self._is_selectors(path) else open(path, mode)

    def rename(self, old, new):
        (self._slots if self._is_selectors(new) else os).rename(old, new)

    remove = staticmethod(os.remove)

    @staticmethod
    def _is_selectors(path):
        return path.startswith("/update.bin")


class Machine:
    """A terminal with slots, power-up after power-up."""

    def __init__(self, folder):
        self.folder, self.slots, self.running = folder, NorSlots(), None
        made = Files(self.slots)
        files.open, files.os = made.open, made
        self.start()

    def start(self):
        """Power-up or reset."""
        options = {}
        if self.running is not None:
            options["flash"] = self.running.board.journal_flash
            self.running.close()
        self.boot = Boot(self.slots)
        self.boot.choose()
        self.boot.watchdog = self.slots.watchdog()
        self.running = Running(self.folder, boot=self.boot, **options)
        self.running.run(1)

    def client(self):
        """An authenticated host."""
        client = self.running.client()
        pulling.connect(client, KEYS)
        return client

    def download(self, made):
        """Give a whole bundle; the client that did."""
        client = self.client()
        offset = client.update_begin(made.header.pack())
        while offset < len(made.image):
            offset = client.update_data(offset, made.image[offset : offset + 2048])
        return client

    def activate(self, made):
        """Give a bundle and restart with it."""
        self.download(made).update_activate()
        self.running.run(2)
        assert self.running.task.done() and self.running.task.result() is True
        self.start()

    def status(self):
        """(slot, state, fault)."""
        got = self.client().update_status()
        return got.slot, got.state, got.fault

    def events(self):
        """(event, version) of the journal's records of updates."""
        found = [r.fields() for r in self.client().pull(1) if r.kind == record.UPDATED]
        return [(values["event"], tuple(values["version"])) for values in found]

    def slot_bytes(self):
        """Both slots."""
        return self.slots.nor.image()[32 * 1024 :]

    def open(self):
        """For the host's update(): its port, and the reset that a terminal asks for."""
        if self.running.task.done():
            self.start()
        return self.running.client()


@pytest.fixture
def machine(tmp_path):
    """A provisioned terminal with an update root."""
    one = Machine(tmp_path)
    client = one.running.client()
    client.hello()
    client.provision(KEYS.provision_fields(TERMINAL), {"price": 100, "update_roots": KEY.root})
    one.running.run(1)
    yield one
    one.running.close()
    files.os = os
    del files.open


# -- the good way -----------------------------------------------------------------------------


def test_an_update_goes_on_trial_is_confirmed_and_is_in_the_journal(machine):
    machine.activate(MADE)
    assert machine.status() == (1, message.TRIAL, "")
    client = machine.client()
    client.update_confirm()
    client.update_confirm()
    assert machine.status() == (1, message.SETTLED, "") and machine.slots.dog.is_stopped
    # the code in this process says of itself that it is 0.1.0
    assert machine.events() == [(1, (0, 1, 1)), (2, (0, 1, 0))]
    assert machine.client().read_config()["price"] == 100


def test_the_watchdog_is_fed_while_scene_and_link_move_and_no_longer(machine, monkeypatch):
    machine.activate(MADE)
    dog = machine.slots.dog
    fed = dog.fed
    machine.running.run(60)
    assert dog.fed > fed + 100
    monkeypatch.setattr(Updates, "scene_moves", lambda self: None)
    machine.running.run(21)
    fed = dog.fed
    machine.running.run(60)
    assert dog.fed == fed


def test_a_trial_that_is_not_confirmed_ends_by_itself(machine):
    machine.activate(MADE)
    machine.running.run(602)
    assert machine.running.task.result() is True
    machine.start()
    assert machine.status() == (0, message.SETTLED, "not confirmed in 600 s")
    assert machine.events() == [(1, (0, 1, 1)), (3, (0, 1, 1))]
    machine.start()
    assert len(machine.events()) == 2


def test_an_update_whose_own_code_fails_is_not_confirmed(machine):
    machine.activate(MADE)
    machine.running.terminal.updates.failure = "KeyError: x"
    with pytest.raises(Refused, match="self-test: KeyError: x"):
        machine.client().update_confirm()
    assert machine.status()[1] == message.TRIAL


def test_an_update_that_cannot_mount_the_journal_is_not_confirmed(machine):
    machine.activate(MADE)
    machine.running.terminal.engine = None
    machine.running.terminal.fault = "JournalError: gone"
    with pytest.raises(Refused, match="self-test: JournalError: gone"):
        machine.client().update_confirm()


# -- refusals ---------------------------------------------------------------------------------


def signed(**options):
    return bundle_of(IMAGE, key=KEY, **options)


def flipped(at):
    raw = bytearray(MADE.header.pack())
    raw[at] ^= 1
    return bytes(raw)


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (b"", "no update bundle"),
        (bytes(200), "no update bundle"),
        (MADE.header.pack()[:-1], "no update bundle"),
        (b"OCB\x02" + MADE.header.pack()[4:], "bundle format 2 is not known here"),
        (signed(board="other").header.pack(), "bundle is for other, this is inproc"),
        (signed(base=bytes(8)).header.pack(), "over another image"),
        (signed(journal=(3, 4)).header.pack(), "journal format 2"),
        (signed(version=(0, 0, 9)).header.pack(), "0.0.9 is older than 0.1.0"),
        (bundle_of(bytes(32513), key=KEY).header.pack(), "image of 32513 bytes"),
        (bundle_of(IMAGE, key=OTHER_KEY).header.pack(), "not signed by an update root"),
        (bundle_of(IMAGE).header.pack(), "not signed by an update root"),
        (flipped(40), "not signed by an update root"),
        (flipped(100), "not signed by an update root"),
    ],
)
def test_what_cannot_be_run_here_is_refused_and_nothing_written_p7(machine, header, why):
    before = machine.slot_bytes()
    with pytest.raises(Refused, match=why):
        machine.client().update_begin(header)
    assert machine.slot_bytes() == before
    with pytest.raises(Refused, match="UPDATE_BEGIN comes first"):
        machine.client().update_data(0, bytes(256))
    with pytest.raises(Refused, match="not here yet"):
        machine.client().update_activate()


def test_every_flipped_bit_of_a_header_is_refused_p7(machine):
    updates = machine.running.terminal.updates
    raw = MADE.header.pack()
    for at in range(len(raw)):
        with pytest.raises(Exception) as caught:
            updates.begin(flipped(at))
        assert type(caught.value).__name__ in ("Refused", "BundleError", "ValueError"), at
    assert machine.slot_bytes() == b"\xff" * 65536


def test_a_terminal_without_roots_takes_no_update(machine):
    client = machine.client()
    client.configure({"price": 100})
    with pytest.raises(Refused, match="no update root is configured"):
        client.update_begin(MADE.header.pack())


def test_a_downgrade_wants_a_signature_for_it(machine):
    machine.activate(signed(version=(0, 0, 9), flags=bundle.MAY_DOWNGRADE))
    assert machine.status()[:2] == (1, message.TRIAL)


def test_one_of_several_roots_will_do(machine):
    client = machine.client()
    client.configure({"update_roots": f"{OTHER_KEY.root} {KEY.root}"})
    assert client.update_begin(MADE.header.pack()) == 0


def test_a_root_that_is_none_is_refused_with_the_configuration_p7(machine):
    for bad in ("xyz", "02" * 33, KEY.root[:-2]):
        with pytest.raises(Refused, match="update_roots"):
            machine.client().configure({"update_roots": bad})


def test_no_update_begins_while_one_is_on_trial(machine):
    machine.activate(MADE)
    with pytest.raises(Refused, match="on trial"):
        machine.client().update_begin(signed(version=(0, 1, 2)).header.pack())


def test_service_mode_and_new_keys_wait_until_the_trial_is_over(machine):
    machine.activate(MADE)
    client = machine.client()
    with pytest.raises(Refused, match="on trial: confirm it first"):
        client.service()
    with pytest.raises(Refused, match="on trial: confirm it first"):
        client.provision(KEYS.provision_fields(TERMINAL), {"price": 200})
    client.update_confirm()
    client.service()
    machine.running.run(2)
    assert machine.running.task.result() is False


@pytest.mark.parametrize("size", [1, 255, 257, 2047])
def test_a_chunk_that_is_not_whole_pages_is_refused(machine, size):
    client = machine.client()
    client.update_begin(MADE.header.pack())
    with pytest.raises(Refused, match="chunk"):
        client.update_data(0, IMAGE[:size])
    assert client.update_data(0, IMAGE[:512]) == 512


def test_a_chunk_behind_the_end_is_refused(machine):
    client = machine.download(MADE)
    with pytest.raises(Refused, match="chunk"):
        client.update_data(len(IMAGE), bytes(256))


def test_an_image_that_is_not_the_headers_is_refused_and_sent_anew(machine):
    other = Bundle(MADE.header, IMAGE[:5000] + bytes(1) + IMAGE[5001:])
    client = machine.download(other)
    with pytest.raises(Refused, match="another digest"):
        client.update_activate()
    machine.activate(MADE)
    assert machine.status()[:2] == (1, message.TRIAL)


def test_a_board_without_slots_says_so(tmp_path):
    updates = Updates(StubTerminal(KEY.root), None, "bare")
    assert updates.status()[1] == "no update slots"
    with pytest.raises(Exception, match="no update slots"):
        updates.begin(MADE.header.pack())
    with pytest.raises(Exception, match="not here yet"):
        updates.activate()


# -- resumption -------------------------------------------------------------------------------


def test_a_download_goes_on_where_it_stopped_also_after_a_power_cut(machine):
    client = machine.client()
    client.update_begin(MADE.header.pack())
    assert client.update_data(0, IMAGE[:2048]) == 2048
    assert client.update_data(2048, IMAGE[2048:4096]) == 4096
    assert client.update_data(0, IMAGE[:2048]) == 4096  # said again
    assert client.update_data(8192, IMAGE[8192:]) == 4096  # something was lost
    assert machine.client().update_begin(MADE.header.pack()) == 4096 - 256
    machine.start()
    assert machine.client().update_begin(MADE.header.pack()) == 4096 - 256
    other = signed(version=(0, 1, 2))
    assert machine.client().update_begin(other.header.pack()) == 0


@given(st.lists(st.tuples(st.integers(1, 60), st.sampled_from(CUT_MODES)), max_size=6), st.data())
@settings(max_examples=60)
def test_a_download_cut_anywhere_any_number_of_times_ends_whole(cuts, data):
    image = data.draw(st.binary(min_size=1, max_size=9000)) + b"\xff" * data.draw(
        st.integers(0, 600)
    )
    made = bundle_of(image, key=KEY)
    slots = NorSlots()
    boot = types.SimpleNamespace(slots=slots, free_slot=2, is_activated=False, activate=list)
    for operation, mode in [*cuts, (None, "none")]:
        if operation is not None:
            slots.nor.cut_at(operation, mode, random.Random(operation))
        updates = Updates(StubTerminal(KEY.root), boot, "nor")
        try:
            offset = updates.begin(made.header.pack())
            while offset < len(image):
                size = 256 * data.draw(st.integers(1, 8))
                offset = updates.write(offset, image[offset : offset + size])
        except PowerCut:
            pass
        slots.nor.power_on()
    stored = slots.image(2)
    assert stored[:256] == bundle.page(made.header.pack())
    assert stored[256 : 256 + len(image)] == image
    assert not slots.nor.violations


# -- the host's side --------------------------------------------------------------------------


def test_the_host_updates_confirms_and_does_nothing_the_second_time(machine, monkeypatch):
    monkeypatch.setattr("terminal.update.FIRMWARE", "0.1.1")  # what the bundle would bring
    machine.running.terminal.updates._version = bytes((0, 1, 0))
    seen = []
    result = updating.update(
        machine.open, KEYS, MADE, lambda done, total: seen.append((done, total))
    )
    assert (result.before, result.now, result.sent) == ("0.1.0", "0.1.1", len(IMAGE))
    assert seen[0] == (0, 9000) and seen[-1] == (9000, 9000)
    assert machine.status() == (1, message.SETTLED, "")
    assert updating.update(machine.open, KEYS, MADE).sent == 0
    again = updating.update(machine.open, KEYS, MADE, is_again=True)
    assert again.sent == len(IMAGE) and machine.status()[0] == 2


def test_the_host_that_died_after_activation_confirms_the_next_time(machine, monkeypatch):
    monkeypatch.setattr("terminal.update.FIRMWARE", "0.1.1")
    machine.running.terminal.updates._version = bytes((0, 1, 0))
    machine.activate(MADE)
    result = updating.update(machine.open, KEYS, MADE)
    assert result.sent == 0 and machine.status() == (1, message.SETTLED, "")


def test_the_host_tells_of_a_roll_back(machine):
    def open_client():
        if machine.running.task.done():
            for _ in range(3):
                boot = Boot(machine.slots)
                boot.choose()
                boot.crashed("OSError: 5")
            machine.start()
        return machine.running.client()

    with pytest.raises(UpdateError, match=r"0\.1\.1 was rolled back, 0\.1\.0 runs: OSError: 5"):
        updating.update(open_client, KEYS, MADE)


def test_the_host_leaves_another_trial_alone(machine):
    machine.activate(MADE)
    with pytest.raises(UpdateError, match="is on trial"):
        updating.update(machine.open, KEYS, bundle_of(IMAGE[::-1], (0, 1, 2), KEY))


def test_the_wire_carries_little_more_than_the_image(machine, monkeypatch):
    made = bundle_of(random.Random(9).randbytes(30000), (0, 1, 1), KEY)
    machine.download(made)
    ratio = machine.running.line.written / len(made.image)
    print(f"{ratio:.4f} bytes on the wire for each of the image")
    assert ratio < 1.03
