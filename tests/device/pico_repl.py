"""The REPL of a virtual Pico that runs the terminal, asked for over the link."""

from ocwire import frame, message
from onecard.sim.worlds.pico import PicoWorld

_PROMPT = b">>> "


def open_repl(world: PicoWorld) -> PicoWorld:
    """Boot an unprovisioned terminal and have it hand its port to the REPL; exec() works then."""
    world.boot()
    world.run(100)  # the terminal takes the port a moment after USB is there
    world.link_write(frame.encode(message.pack(message.SERVICE)))
    if not world.run(3000, lambda: world.bench.out.endswith(_PROMPT), every_ms=5):
        raise TimeoutError(f"no REPL: {bytes(world.bench.out)!r}")
    world.link_read()
    return world
