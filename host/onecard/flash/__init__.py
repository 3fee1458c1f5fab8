"""Bringing whatever is plugged in to the wanted firmware."""

from .many import Job, run_all
from .outcome import Outcome
from .wanted import EspImage, Wanted, WantedError, find_wanted

__all__ = ["EspImage", "Job", "Outcome", "Wanted", "WantedError", "find_wanted", "run_all"]
