"""Pulling for ever: a log that does not grow, a file that tells how it is."""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .pulling import ALARM, FAILED, PULLED, Pulled

_LOG_SIZE, _LOG_FILES = 1_000_000, 5


def open_log(path: Path | None) -> logging.Logger:
    """A log of lines with UTC times: into a file of at most 1 MB and five older ones, else stderr
    (journald then keeps it)."""
    log = logging.getLogger("onecard.pull")
    log.setLevel(logging.INFO)
    log.propagate = False
    for old in list(log.handlers):
        log.removeHandler(old)
        old.close()
    handler: logging.Handler = logging.StreamHandler()
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=_LOG_SIZE, backupCount=_LOG_FILES, encoding="utf-8"
        )
    form = logging.Formatter("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    form.converter = time.gmtime
    handler.setFormatter(form)
    log.addHandler(handler)
    return log


class Health:
    """How the collection is, told in a JSON file that is replaced whole after each round."""

    def __init__(self, path: Path | None, now_s: Callable[[], float] = time.time) -> None:
        self._path, self._now_s = path, now_s
        self.rounds = 0
        self.terminals: dict[str, dict[str, Any]] = {}

    def take(self, done: list[Pulled], error: str = "") -> dict[str, Any]:
        """A round has ended; the new state."""
        self.rounds += 1
        now_s = int(self._now_s())
        for one in done:
            if not one.terminal:
                continue
            state = self.terminals.setdefault(one.terminal, {"pulled_s": None, "records": 0})
            state |= {
                "device": one.device,
                "result": one.result,
                "unread": one.unread,
                "fault": one.fault,
                "text": one.text or "; ".join(one.findings),
                "seen_s": now_s,
            }
            state["records"] += one.new
            if one.result == PULLED:
                state["pulled_s"] = now_s
        values = {
            "time_s": now_s,
            "rounds": self.rounds,
            "is_well": not error and not any(one.result in (ALARM, FAILED) for one in done),
            "error": error,
            "terminals": self.terminals,
        }
        self._write(values)
        return values

    def _write(self, values: dict[str, Any]) -> None:
        if self._path is None:
            return
        beside = self._path.with_suffix(self._path.suffix + ".new")
        beside.write_text(json.dumps(values, ensure_ascii=False, indent=1) + "\n", "utf-8")
        os.replace(beside, self._path)


def tell(log: logging.Logger, done: list[Pulled]) -> None:
    """A line for each terminal of which there is something to tell."""
    for one in done:
        line = f"{one.terminal or '-'} {one.device}: {one.result}"
        if one.result == PULLED:
            if one.new or one.fault or one.text:
                more = "; ".join(text for text in (one.fault, one.text) if text)
                log.info("%s, %d new, acknowledged %d%s", line, one.new, one.acked,
                         f" ({more})" if more else "")  # fmt: skip
        elif one.result == ALARM:
            log.error("%s: %s", line, one.text or "; ".join(one.findings))
        elif one.result == FAILED:
            log.warning("%s: %s", line, one.text)
