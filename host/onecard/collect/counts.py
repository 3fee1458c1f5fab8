"""How a collector is: counts of what it did, for whoever watches it."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass
class Values:
    """Since the collector began. records: durable, those that came again among them. failed: peers
    to be tried again. alarms: records that are not what they should be, somebody has to look."""

    sessions: int = 0
    records: int = 0
    batches: int = 0
    bytes_written: int = 0
    bytes_received: int = 0
    failed: int = 0
    alarms: int = 0


class Counts:
    """Added to by many threads. path: a JSON file that is replaced whole by save()."""

    def __init__(self, path: Path | None = None) -> None:
        self._path, self._lock = path, threading.Lock()
        self._values = Values()

    def add(self, **more: int) -> None:
        """Add to some of them, by their names."""
        with self._lock:
            for name, count in more.items():
                setattr(self._values, name, getattr(self._values, name) + count)

    @property
    def values(self) -> Values:
        """As they are now."""
        with self._lock:
            return Values(**asdict(self._values))

    def save(self) -> None:
        """Into the file, if there is one. That it cannot be written is told and ends nothing."""
        if self._path is None:
            return
        told = {"time_s": int(time.time())} | asdict(self.values)
        beside = self._path.with_suffix(self._path.suffix + ".new")
        try:
            beside.write_text(json.dumps(told) + "\n", "utf-8")
            os.replace(beside, self._path)
        except OSError as error:
            logging.getLogger("onecard.pull").error("%s: %s", self._path, error.strerror)
