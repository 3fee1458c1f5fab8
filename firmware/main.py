"""The composition root: board -> drivers -> terminal. Returning hands the port to the REPL."""

import slots
from terminal import boot

boot.run(slots.make())
