"""What comes of a case in a process of its own: a virtual Pico is booted once for many of them."""

import os
import traceback
from collections.abc import Callable


def in_a_fork(work: Callable[[], str]) -> str:
    """What work() returns, carried out in a fork. Raises AssertionError with what it raised."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            said = "+" + work()
        except BaseException:
            said = "-" + traceback.format_exc()
        with os.fdopen(writer, "w") as pipe:
            pipe.write(said)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    assert said.startswith("+"), said[1:] or "the fork died"
    return said[1:]
