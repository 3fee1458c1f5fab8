"""NXP MFRC522 and its clones (Fudan FM17522 and others). Data sheet MFRC522 rev 3.9.

Register level: the chip codes and times frames, ISO/IEC 14443 is in iso14443.py. CRCs are made and
checked here, not in the chip: they then also cover the wires to it, which have no check of their
own, and no register need change between frames with a CRC and those without. Type B is for
clones and relatives that have it (FM17550, PN512); the MFRC522's data sheet names type A only.
"""

import asyncio
import time

from micropython import const

from .base import LinkError
from .pcd import COLLISION, GARBLED, SILENT, Pcd

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from ..kinds import Crc, Data, Irq, Registers, Switch

_COMMAND = const(0x01)
_COM_I_EN = const(0x02)
_DIV_I_EN = const(0x03)
_COM_IRQ = const(0x04)
_ERROR = const(0x06)
_FIFO_DATA = const(0x09)
_FIFO_LEVEL = const(0x0A)
_CONTROL = const(0x0C)
_BIT_FRAMING = const(0x0D)
_COLL = const(0x0E)
_TX_MODE = const(0x12)
_RX_MODE = const(0x13)
_TX_CONTROL = const(0x14)
_TX_ASK = const(0x15)
_RF_CFG = const(0x26)
_MOD_WIDTH = const(0x24)
_T_MODE = const(0x2A)
_T_PRESCALER = const(0x2B)
_T_RELOAD_HI = const(0x2C)
_T_RELOAD_LO = const(0x2D)
_AUTO_TEST = const(0x36)
_VERSION = const(0x37)

_IDLE = const(0x00)
_MEM = const(0x01)
_CALC_CRC = const(0x03)
_TRANSCEIVE = const(0x0C)
_SOFT_RESET = const(0x0F)
_POWER_DOWN = const(0x10)

_IRQ_CLEAR = const(0x7F)
_IRQ_TX, _IRQ_RX, _IRQ_IDLE, _IRQ_TIMER = const(0x40), const(0x20), const(0x10), const(0x01)
_IRQ_ENABLE = const(0xA1)  # IRqInv (low when active), Rx, Timer
_FLUSH = const(0x80)
_START_SEND = const(0x80)
_ERR_COLL = const(0x08)
_ERR_WRONG = const(0x13)  # overflow, parity, protocol
_ERR_HOT = const(0x40)
_TYPE_B = const(0x03)

_CHECKED = bytes(
    (_VERSION, _TX_CONTROL, _TX_ASK, _TX_MODE, _RX_MODE, _RF_CFG, _COM_I_EN, _DIV_I_EN, _MOD_WIDTH)
)
# The level twice: CRC_A is blind to zeros behind a frame, which an empty FIFO reads as.
_LOOKED_AT = bytes((_COM_IRQ, _ERROR, _FIFO_LEVEL, _FIFO_LEVEL))
_FIFO_SIZE = const(64)
_REFILL = const(32)
_RESET_MS = const(50)  # data sheet 8.8.2 and 10.3.2: oscillator start-up
_START_UP_MS = const(2)
_GUARD_MS = const(6)
_SPINS = const(8)
_FINE_PRESCALER = const(169)  # tick (2 * 169 + 1) / 13.56 MHz = 25 us
_COARSE_PRESCALER = const(4095)  # 604 us
_FINE_TICK_US, _COARSE_TICK_US = const(25), const(604)
_IRQ_LOOK_MS = const(10)  # how long an interrupt line is trusted to be connected
_SLACK_MS = const(30)  # of our own clock over the chip's timer before the chip counts as dead

_NXP_VERSIONS = (0x90, 0x91, 0x92)
VERSIONS = {
    0x88: "FM17522",
    0x89: "FM17522E",
    0x90: "MFRC522 v0.0",
    0x91: "MFRC522 v1.0",
    0x92: "MFRC522 v2.0",
    0xB2: "FM17522 or clone",
    0x12: "MFRC522 clone",
}

# Digital self test (data sheet 16.1.1): what the FIFO holds then.
_SELF_TEST = {
    0x91: "00C637D532B7575CC2D87C4DD970C77310E6D2AA5EA13E5A14AF3061C970DB2E"
    "642272B5BD65F4EC22BCD37235CDAA411FA7F35314DE7E02D90FB55E251D2979",
    0x92: "00EB66BA57BF2395D0E30D3D27895CDE9D3BA700215B8982513AEB020CA50049"
    "7C844DB3CCD21B815D4876D5716121A986968338CF9D5B6DDC15BA3E7D953B2F",
}


class MFRC522(Pcd):
    """bus: SpiBus, I2cBus or UartBus. reset: pin at NRSTPD, active low, or None.

    crc_a, crc_b: functions of a buffer that give the CRCs of 14443-3 annex B as integers, the low
    byte first on the air.

    irq: `await wait(timeout_ms)`, true once the IRQ pin has gone low, or None to look.
    gain: RxGain 0 to 7 (18 to 48 dB; 4 is 33 dB).
    """

    def __init__(
        self,
        bus: "Registers",
        crc_a: "Crc",
        crc_b: "Crc",
        reset: "Switch | None" = None,
        irq: "Irq | None" = None,
        gain: int = 4,
    ):
        self._bus = bus
        self._crcs = (crc_a, crc_b)
        self._crc = crc_a
        self._reset = reset
        self._irq = irq
        self._gain = gain
        self.rx = memoryview(bytearray(258))
        self._tx = memoryview(bytearray(258))
        self._state = bytearray(len(_LOOKED_AT))
        self._settings = bytearray(len(_CHECKED))
        self._expected = bytearray(len(_CHECKED))
        self._reload_us = -1
        self.version = 0

    # -- starting -----------------------------------------------------------------------

    async def start(self) -> None:
        """See Pcd.start."""
        if self._reset is not None:
            self._reset(0)
            await asyncio.sleep_ms(1)  # 100 ns by the data sheet
            self._reset(1)
            await asyncio.sleep_ms(2)
        await self._bus.open()
        self.version = self._bus.read(_VERSION)
        if self.version in (0x00, 0xFF):
            raise LinkError("no MFRC522: version register %02X" % self.version)
        self.has_type_b = self.version not in _NXP_VERSIONS
        self.name = VERSIONS.get(self.version, "version %02X" % self.version)
        await self._soft_reset()
        write = self._bus.write
        self._set(_MOD_WIDTH, 0x26)
        write(_T_MODE, 0x80)  # TAuto: starts when the last bit was sent
        self._expected[0] = self.version
        self._set(_RF_CFG, self._gain << 4)
        write(_COLL, 0x00)  # ValuesAfterColl off: bits behind a collision read 0
        self._set(_COM_I_EN, _IRQ_ENABLE)
        self._set(_DIV_I_EN, 0x80)  # IRQ pin is a full output
        self._reload_us = -1
        await self.set_mode("A")
        await self.switch_field(False)
        await self.check()

    async def check(self) -> None:
        """See Pcd.check."""
        self._bus.read_each(_CHECKED, self._settings)
        if self._settings != self._expected:
            raise LinkError("MFRC522 has lost its settings: %s" % self._settings.hex())
        self._reload_us = -1  # the timer's are written anew with the next frame

    def _set(self, register: int, value: int) -> None:
        """A register that check() looks at."""
        self._bus.write(register, value)
        for index in range(len(_CHECKED)):
            if _CHECKED[index] == register:
                self._expected[index] = value

    async def _soft_reset(self) -> None:
        self._bus.write(_COMMAND, _SOFT_RESET)
        await asyncio.sleep_ms(_START_UP_MS)
        await self._bus.open()  # a UART is back at its first speed
        for _ in range(_RESET_MS):
            if not self._bus.read(_COMMAND) & _POWER_DOWN:
                return
            await asyncio.sleep_ms(1)
        raise LinkError("MFRC522 does not come back from a reset")

    async def self_test(self) -> "bool | None":
        """Digital self test (16.1.1): True, False, or None for a version without known result.

        start() must follow.
        """
        await self._soft_reset()
        write = self._bus.write
        write(_FIFO_LEVEL, _FLUSH)
        self._bus.write_block(_FIFO_DATA, bytes(25))
        write(_COMMAND, _MEM)
        write(_AUTO_TEST, 0x09)
        self._bus.write_block(_FIFO_DATA, b"\x00")
        write(_COMMAND, _CALC_CRC)
        for _ in range(_RESET_MS):
            await asyncio.sleep_ms(1)
            if self._bus.read(_FIFO_LEVEL) >= _FIFO_SIZE:
                break
        result = bytearray(_FIFO_SIZE)
        self._bus.read_block(_FIFO_DATA, result)
        write(_AUTO_TEST, 0x00)
        known = _SELF_TEST.get(self._bus.read(_VERSION))
        return None if known is None else result.hex().upper() == known

    async def power_down(self) -> None:
        """Soft power-down (8.6.2): field off, 10 uA, until the next start()."""
        self._bus.write(_COMMAND, _POWER_DOWN)

    # -- the contract ---------------------------------------------------------------------

    async def switch_field(self, is_on: bool) -> None:
        """See Pcd.switch_field."""
        self._set(_TX_CONTROL, 0x83 if is_on else 0x80)
        await asyncio.sleep_ms(_GUARD_MS)

    async def set_mode(self, kind: str, to_card: int = 0, to_reader: int = 0) -> None:
        """See Pcd.set_mode."""
        is_b = kind == "B"
        self._crc = self._crcs[is_b]
        framing = _TYPE_B if is_b else 0
        self._set(_TX_MODE, framing | to_card << 4)
        self._set(_RX_MODE, framing | to_reader << 4)
        self._set(_TX_ASK, 0x00 if is_b else 0x40)  # Force100ASK; type B has 10 %

    async def transceive(
        self, frame: "Data", timeout_us: int, has_crc: bool = True, last_bits: int = 0
    ) -> int:
        """See Pcd.transceive. A frame above 64 bytes is fed while it is being sent."""
        bus = self._bus
        if has_crc:
            frame = self._with_crc(frame)
        self._set_timer(timeout_us)
        bus.write(_COMMAND, _IDLE)
        bus.write(_FIFO_LEVEL, _FLUSH)
        bus.write(_COM_IRQ, _IRQ_CLEAR)
        size, sent = len(frame), min(len(frame), _FIFO_SIZE)
        bus.write_block(_FIFO_DATA, frame[:sent])
        align = last_bits if size > 1 else 0
        framing = align << 4 | last_bits
        bus.write(_COMMAND, _TRANSCEIVE)
        bus.write(_BIT_FRAMING, framing | _START_SEND)
        while sent < size:  # 85 us a byte: no turn for others until the rest is in
            room = _FIFO_SIZE - bus.read(_FIFO_LEVEL)
            if room >= _REFILL or room >= size - sent:
                end = min(sent + room, size)
                bus.write_block(_FIFO_DATA, frame[sent:end])
                sent = end
            elif bus.read(_COM_IRQ) & _IRQ_TX:
                raise LinkError("MFRC522 ran out of bytes while sending")
        got = await self._receive(timeout_us)
        return self._checked(got) if has_crc and got >= 0 else got

    def _with_crc(self, frame: "Data") -> memoryview:
        size, tx = len(frame), self._tx
        tx[:size] = frame
        crc = self._crc(frame)
        tx[size], tx[size + 1] = crc & 0xFF, crc >> 8
        return tx[: size + 2]

    def _checked(self, got: int) -> int:
        """Size without CRC, or GARBLED."""
        size = got - 2
        if size < 1:
            return GARBLED
        crc, rx = self._crc(self.rx[:size]), self.rx
        return size if rx[size] == crc & 0xFF and rx[size + 1] == crc >> 8 else GARBLED

    def _set_timer(self, timeout_us: int) -> None:
        """The chip's timer (8.5) ends a silent exchange."""
        if timeout_us == self._reload_us:
            return
        self._reload_us = timeout_us
        prescaler, ticks = _FINE_PRESCALER, timeout_us // _FINE_TICK_US + 1
        if ticks > 0xFFFF:
            prescaler, ticks = _COARSE_PRESCALER, min(timeout_us // _COARSE_TICK_US + 1, 0xFFFF)
        write = self._bus.write
        write(_T_MODE, 0x80 | prescaler >> 8)
        write(_T_PRESCALER, prescaler & 0xFF)
        write(_T_RELOAD_HI, ticks >> 8)
        write(_T_RELOAD_LO, ticks & 0xFF)

    async def _receive(self, timeout_us: int) -> int:
        """Wait for the end of the exchange; returns as transceive()."""
        state, count, spins = self._state, 0, _SPINS
        end = time.ticks_add(time.ticks_ms(), timeout_us // 1000 + _SLACK_MS)
        if self._irq is not None and self.fsdi <= 5:
            await self._irq.wait(_IRQ_LOOK_MS)
        while True:
            self._bus.read_each(_LOOKED_AT, state)
            irq, level = state[0], state[2]
            if irq & (_IRQ_RX | _IRQ_IDLE):
                return self._finish(count, level)
            if irq & _IRQ_TIMER:
                return SILENT
            if (
                irq & _IRQ_TX and _REFILL <= level <= state[3]
            ):  # a long answer: make room while it comes
                count = self._drain(count, level)
            elif spins:
                spins -= 1
                await asyncio.sleep_ms(0)
            elif time.ticks_diff(end, time.ticks_ms()) < 0:
                raise LinkError("MFRC522 neither answers nor times out")
            elif self._irq is None or self.fsdi > 5 or await self._irq.wait(_IRQ_LOOK_MS):
                await asyncio.sleep_ms(1 if self._irq is None else 0)

    def _drain(self, count: int, level: int) -> int:
        end = count + level
        if end > len(self.rx):
            raise LinkError("answer longer than a frame")
        self._bus.read_block(_FIFO_DATA, self.rx[count:end])
        return end

    def _finish(self, count: int, level: int) -> int:
        error = self._state[1]
        if error & _ERR_COLL:
            return COLLISION
        if error & _ERR_HOT:
            raise LinkError("MFRC522 is too hot: antenna off")
        if error & _ERR_WRONG or not level + count or level != self._state[3]:
            return GARBLED
        return self._drain(count, level)
