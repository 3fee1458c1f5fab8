"""The REPL of a virtual Pico that runs the terminal, asked for over the link."""

import memory_files
from ocwire import frame, message
from onecard.sim.rp2040 import FLASH_SIZE
from onecard.sim.worlds.pico import PicoWorld

_PROMPT = b">>> "
_FLASH_START = 0x10000000  # of the 16 MiB that the chip maps flash into; the board has FLASH_SIZE


def open_repl(world: PicoWorld) -> PicoWorld:
    """Boot an unprovisioned terminal and have it hand its port to the REPL; exec() works then."""
    world.boot()
    world.run(100)  # the terminal takes the port a moment after USB is there
    world.link_write(frame.encode(message.pack(message.SERVICE)))
    if not world.run(3000, lambda: world.bench.out.endswith(_PROMPT), every_ms=5):
        raise TimeoutError(f"no REPL: {bytes(world.bench.out)!r}")
    world.link_read()
    return world


def mount_files(world: PicoWorld, files: dict[str, bytes]) -> None:
    """Lay files behind the flash that the firmware knows, and mount them at /m."""
    blob, table = memory_files.pack(files, _FLASH_START + FLASH_SIZE)
    world.bench.mcu.flash[FLASH_SIZE : FLASH_SIZE + len(blob)] = blob
    world.exec(memory_files.GUEST)
    world.exec(f"mount_memory('/m', {table!r})")
