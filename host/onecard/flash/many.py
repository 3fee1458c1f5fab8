"""Many devices at once, each by its own way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..devices import BARE, BOOTSEL, ROM, TERMINAL, Found, repl
from ..errors import OneCardError
from . import drive, esp, terminal
from .outcome import (
    DONE,
    FAILED,
    REFUSED,
    SKIPPED,
    UNCHANGED,
    WOULD,
    FlashRefused,
    FlashSkipped,
    Outcome,
)
from .terminal import Options
from .wanted import Wanted, chip_of

_RP2040 = "rp2040"


@dataclass
class Job:
    """One device under way. doing: what happens just now. outcome: None until it has ended."""

    found: Found
    doing: str = "waiting"
    outcome: Outcome | None = None
    begun_s: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        """Tell what happens."""
        self.doing = text


def run_all(
    jobs: Sequence[Job],
    wanted: Wanted,
    options: Options,
    show: Callable[[], None] = lambda: None,
    at_once: int = 16,
    every_s: float = 0.1,
) -> list[Outcome]:
    """All jobs, at most `at_once` side by side; show() is called every so often meanwhile.

    Nothing one device does or is ends the others' work. Ctrl-C leaves the devices under way as a
    pulled cable would: the next run makes them good.
    """
    gate = threading.Semaphore(at_once)

    def run(job: Job) -> None:
        with gate:
            job.begun_s = time.monotonic()
            job.outcome = _one(job, wanted, options)

    threads = [threading.Thread(target=run, args=(job,), daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(every_s)
            show()
    show()
    return [
        job.outcome or Outcome(job.found.device, text="it ended without a result") for job in jobs
    ]


def _one(job: Job, wanted: Wanted, options: Options) -> Outcome:
    found = job.found
    out = Outcome(found.device, found.terminal, before=found.version)
    try:
        out = _by_kind(job, wanted, options)
    except FlashSkipped as error:
        out.result, out.text = SKIPPED, _text(error)
    except FlashRefused as error:
        out.result, out.text = REFUSED, _text(error)
    except OneCardError as error:
        out.result, out.text = FAILED, _text(error)
    out.seconds = round(time.monotonic() - job.begun_s, 1)
    job.doing = out.result
    return out


def _text(error: OneCardError) -> str:
    return f"{error.text}; {error.hint}" if error.hint else error.text


def _by_kind(job: Job, wanted: Wanted, options: Options) -> Outcome:
    found = job.found
    if found.kind == TERMINAL:
        return terminal.bring(found, wanted, options, job.say)
    if found.kind == BOOTSEL:
        return _drive(job, wanted, options)
    if found.kind == ROM or (found.kind == BARE and chip_of(found.board)):
        return _esp(job, wanted, options)
    if found.kind == BARE:
        return _bare(job, wanted, options)
    raise FlashSkipped(found.note or found.kind)


def _bare(job: Job, wanted: Wanted, options: Options) -> Outcome:
    """A prompt: on an RP2040 into its boot ROM, if it does not run the image already."""
    found = job.found
    if not ("RP2040" in found.board or found.image):
        raise FlashSkipped(f"no image is known for {found.board or 'this board'}")
    if wanted.uf2 is None:
        raise FlashSkipped("no UF2 was given")
    out = Outcome(found.device, before=found.version, now=found.version)
    if wanted.base and found.image == wanted.base.hex():
        out.result, out.text = UNCHANGED, "hashes are equal; it is in service mode"
        return out
    if options.is_dry:
        out.result, out.text = WOULD, "image"
        return out
    job.say("restarting as a drive")
    repl.to_bootloader(found.device)
    return _write(
        drive.await_drive(options.search, found.key, options.wait_s), job, wanted, options
    )


def _drive(job: Job, wanted: Wanted, options: Options) -> Outcome:
    if wanted.uf2 is None:
        raise FlashSkipped("no UF2 was given")
    if job.found.board != _RP2040:
        raise FlashRefused(f"the image is for an RP2040, this is {job.found.board}")
    if options.is_dry:
        return Outcome(job.found.device, result=WOULD, text="image")
    return _write(Path(job.found.device), job, wanted, options)


def _write(at: Path, job: Job, wanted: Wanted, options: Options) -> Outcome:
    assert wanted.uf2 is not None
    out = Outcome(job.found.device, before=job.found.version)
    out.written = drive.write(at, wanted.uf2, job.say)
    back = terminal.check_back(job.found.key, wanted, options, job.say)
    out.terminal, out.now, out.result, out.text = back.terminal, back.version, DONE, "image"
    return out


def _esp(job: Job, wanted: Wanted, options: Options) -> Outcome:
    if not wanted.esp:
        raise FlashSkipped("no image for an Espressif chip was given")
    is_reset = job.found.kind == BARE
    chip, written = esp.write(
        job.found.device, wanted.esp, job.say, is_reset, is_dry=options.is_dry
    )
    out = Outcome(job.found.device, before=job.found.version, now=chip)
    out.result = WOULD if written is None else DONE if written else UNCHANGED
    out.text = "image" if written != 0 else "hashes are equal"
    out.written = written or 0
    return out
