"""The MFRC522 driver's own: versions, self test, FIFO, lost settings; and the fitted reader."""

import pytest
from onecard.sim.field import TO_READER

from drivers.reader.base import CardGone, LinkError
from drivers.reader.fitted import FittedReader
from drivers.reader.pcd import GARBLED, SILENT
from tests.chip.readers import Echo, play

BUSES = ("mfrc522-spi", "mfrc522-i2c", "mfrc522-uart")


@pytest.mark.parametrize(
    "version, name",
    [(0x91, "MFRC522 v1.0"), (0x92, "MFRC522 v2.0"), (0x88, "FM17522"), (0x77, "version 77")],
)
def test_the_chip_is_named_by_its_version(version, name):
    async def test(bench):
        assert bench.pcd.name == name

    play("mfrc522-spi", test, version=version)


@pytest.mark.parametrize("version", [0x00, 0xFF])
def test_a_bus_without_a_chip_is_a_link_error(version):
    async def test(bench):
        raise AssertionError("started")

    with pytest.raises(LinkError, match="no MFRC522"):
        play("mfrc522-spi", test, version=version)


@pytest.mark.parametrize("kind", BUSES)
@pytest.mark.parametrize("version, passes", [(0x91, True), (0x92, True), (0x88, None)])
def test_the_digital_self_test_passes_where_its_result_is_known(kind, version, passes):
    async def test(bench):
        assert await bench.pcd.self_test() is passes
        await bench.reader.start()
        bench.field.place(Echo())
        assert await bench.reader.poll(100) is not None

    play(kind, test, version=version)


def test_a_chip_whose_self_test_differs_fails_it():
    async def test(bench):
        bench.chip._self_tested = lambda: bench.chip.fifo.extend(bytes(64))
        assert await bench.pcd.self_test() is False

    play("mfrc522-spi", test)


@pytest.mark.parametrize("kind", ["mfrc522-spi", "mfrc522-spi+irq"])
@pytest.mark.parametrize("size", [60, 61, 62, 63, 64, 65, 120, 200, 240])
def test_frames_longer_than_the_fifo_pass_both_ways(kind, size):
    """FSC and FSD 256: fed while it is being sent, drained while it comes."""

    async def test(bench):
        bench.pcd.fsdi = 8
        card = Echo(fsci=8)
        bench.field.place(card)
        target = await bench.reader.poll(100)
        command = bytes(index & 0xFF for index in range(size))
        before = bench.field.air_bytes
        assert bytes(await target.exchange(command)) == command + b"\x90\x00"
        assert card.seen == [command] and bench.chip.faults == []
        return bench.field.air_bytes - before

    air_bytes, _ = play(kind, test)
    assert air_bytes == (size + 3) + (size + 2 + 3)  # one block each way


@pytest.mark.parametrize("register", [0x12, 0x14, 0x15, 0x26, 0x37])
def test_settings_that_were_lost_are_found_at_the_next_poll(register):
    async def test(bench):
        bench.chip.registers[register] ^= 0x01
        with pytest.raises(LinkError, match="lost its settings"):
            await bench.reader.poll(100)
        bench.chip.power_on()
        bench.chip.registers[0x37] = bench.chip.version
        await bench.reader.start()
        bench.field.place(Echo())
        assert await bench.reader.poll(100) is not None

    play("mfrc522-spi", test)


def test_an_answer_with_a_wrong_crc_is_garbled_and_silence_is_silence():
    async def test(bench):
        await bench.reader.poll(0)
        pcd = bench.pcd
        assert await pcd.transceive(b"\x50\x00", 1000) == SILENT
        bench.field.place(Echo())
        assert await pcd.transceive(b"\x52", 1000, False, 7) == 2
        assert await pcd.transceive(b"\x93\x20", 1000, False) == 5
        uid = bytes(pcd.rx[:5])
        bench.field.breaks_parity = False
        bench.field.tamper = lambda way, data: data[:-1] + b"\x00" if way == TO_READER else data
        assert await pcd.transceive(b"\x93\x70" + uid, 1000) == GARBLED

    play("mfrc522-spi", test)


class Named:
    """A reader that answers or not."""

    def __init__(self, name, is_there, log):
        self.name, self.is_there, self.log, self.serves_several = name, is_there, log, False

    async def start(self):
        self.log.append(self.name)
        if not self.is_there[self.name]:
            raise LinkError("no " + self.name)

    async def poll(self, timeout_ms):
        return self.name, self.serves_several


def test_the_fitted_reader_is_found_kept_and_looked_for_anew_when_it_is_gone():
    import virtual

    log, is_there = [], {"i2c": False, "spi": True, "hsu": False}
    makers = [lambda name=name: Named(name, is_there, log) for name in is_there]

    async def test():
        fitted = FittedReader(makers)
        with pytest.raises(LinkError, match="not started"):
            await fitted.poll(0)
        fitted.serves_several = True
        await fitted.start()
        assert log == ["i2c", "spi"] and await fitted.poll(0) == ("spi", True)
        await fitted.start()
        assert log == ["i2c", "spi", "spi"]
        is_there.update(spi=False, hsu=True)
        await fitted.start()
        assert log[3:] == ["spi", "i2c", "spi", "hsu"] and (await fitted.poll(0))[0] == "hsu"
        is_there.update(hsu=False)
        with pytest.raises(LinkError, match="no hsu"):
            await fitted.start()

    virtual.run(test())


def test_a_plain_tags_own_commands_pass_and_its_silence_is_card_gone():
    async def test(bench):
        from onecard.sim.cards.tags import PlainTag

        tag = PlainTag()
        tag.raw = lambda data: b"\xaa\xbb" if data == b"\x30\x04" else None
        bench.field.place(tag)
        target = await bench.reader.poll(100)
        assert not target.is_iso_dep
        assert bytes(await target.exchange(b"\x30\x04")) == b"\xaa\xbb"
        with pytest.raises(CardGone):
            await target.exchange(b"\x31\x04")

    play("mfrc522-spi", test)
