"""Running the real `onecard` command in tests."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

ONECARD = Path(sys.executable).parent / "onecard"
TIMEOUT_S = 60


def environment(folder: Path, passphrase: str = "open sesame") -> dict[str, str]:
    """An environment whose stores and keystores are in `folder`."""
    return os.environ | {
        "XDG_DATA_HOME": str(folder),
        "ONECARD_PASSPHRASE": passphrase,
        "COLUMNS": "160",
    }


def onecard(*words: object, env: dict[str, str] | None = None, timeout_s: float = 120):
    """Run a command to its end; returns the finished process with its output as text."""
    command = [str(ONECARD), *(str(word) for word in words)]
    return subprocess.run(
        command,
        env=env,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        stdin=subprocess.DEVNULL,
    )


class Sim:
    """`onecard sim` as a process: commands in, events out. A context."""

    def __init__(self, folder: Path, *options: object, env: dict[str, str] | None = None) -> None:
        self.folder = folder
        self._command = [str(ONECARD), "sim", "--json", "--state", str(folder)]
        self._command += [str(option) for option in options]
        self._env = env
        self.events: list[dict[str, Any]] = []
        self._queue: queue.Queue[dict[str, Any] | None] = queue.Queue()

    def __enter__(self) -> "Sim":
        self.process = subprocess.Popen(
            self._command,
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self.ready = self.wait(lambda e: e["event"] == "ready")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(TIMEOUT_S)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(json.loads(line))
        self._queue.put(None)

    def say(self, line: str) -> None:
        """One command line."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def wait(self, is_it) -> dict[str, Any]:
        """The next event for which is_it() is true; events before it are passed over."""
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            try:
                event = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"not seen among {self.events[-8:]}") from None
            if event is None:
                raise AssertionError(f"sim ended: {self.process.stderr.read()}")
            self.events.append(event)
            if is_it(event):
                return event

    def screen(self, text: str) -> dict[str, Any]:
        """The next screen that shows `text`."""
        return self.wait(lambda e: e["event"] == "screen" and any(text in r for r in e["text"]))

    def record(self, kind: str) -> dict[str, Any]:
        """The next record of this kind."""
        return self.wait(lambda e: e["event"] == "record" and e["kind"] == kind)
