"""The composition root: board -> drivers -> terminal. Returning hands the port to the REPL."""

import asyncio

import board
from terminal import app

asyncio.run(app.serve(board.make()))
