"""Codes to be held before a virtual terminal's scanner: QR codes of cards, bar codes of books."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from .cards import qr
from .deck import BOOKS, Words


class Codes:
    """path: where the root key is kept, readable by its owner alone. It is worth nothing."""

    def __init__(self, path: Path) -> None:
        if path.exists():
            private = path.read_bytes()
        else:
            private = os.urandom(32)
            path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as out:
                out.write(private)
        self._root = qr.Sm2Key(private)
        self.token = qr.token()
        self._makers: dict[str, Callable[[], bytes]] = {
            "qr": lambda: self._transit().encode(),
            "old": lambda: qr.FLAWS["run out"](self._transit()),
            "forged": lambda: qr.FLAWS["user signature"](self._transit()),
            "token": lambda: self.token,
            **{code: code.encode for code in BOOKS},
        }
        self.notes: dict[str, Words] = {
            "qr": ("乘车码，新", "QR code, fresh"),
            "old": ("乘车码，已过期", "QR code, run out"),
            "forged": ("乘车码，伪造", "QR code, forged"),
            "token": ("电子社保卡", "electronic card's token"),
            **BOOKS,
        }

    @property
    def root(self) -> str:
        """The root key as the setting qr_roots has it."""
        return f"1={self._root.compressed.hex()}"

    def make(self, name: str) -> bytes | None:
        """The code of this name as it is now, None if there is none."""
        maker = self._makers.get(name)
        return None if maker is None else maker()

    def _transit(self) -> qr.TransitCode:
        return qr.make(int(time.time()), root=self._root)
