"""Batches into the store: any of them, in any order, as often as one likes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..store import Store, StoreConflict
from . import parquet
from .depot import Depot


@dataclass
class Imported:
    """records: in the batches that were read. new: of them in the store now. conflicts: what stood
    under a number already. damaged: files of which nothing was taken."""

    batches: int = 0
    records: int = 0
    new: int = 0
    conflicts: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        """Nothing for somebody to look at."""
        return not self.conflicts and not self.damaged


def import_batches(
    depot: Depot, store: Store, progress: Callable[[int, int], None] = lambda done, total: None
) -> Imported:
    """Every batch of a depot, each in one transaction.

    A file that is no batch, or is damaged, is passed over and told. So is a window with another
    record under a number that is taken; the store keeps it as evidence. progress(done, total)
    counts batches. Raises DepotError, StoreError; the batches before are in the store then.
    """
    result = Imported()
    names = depot.names()
    for done, name in enumerate(names):
        progress(done, len(names))
        try:
            windows = parquet.unpack(depot.get(name), name)
        except parquet.BatchError as error:
            result.damaged.append(error.text)
            continue
        _take(store, windows, name, result)
        result.batches += 1
    progress(len(names), len(names))
    return result


def _take(store: Store, windows: list[parquet.Window], name: str, result: Imported) -> None:
    first: dict[str, parquet.Window] = {}
    for window in windows:
        first.setdefault(window.terminal, window)
    new, refused = store.append_many([(one.terminal, one.records) for one in first.values()])
    result.new += new
    result.conflicts += [f"{name}: terminal {terminal} has other records" for terminal in refused]
    for window in windows:
        result.records += len(window.records)
        if window is not first[window.terminal]:  # a number twice in one file
            try:
                store.append(window.terminal, window.records)
            except StoreConflict as error:
                result.conflicts.append(f"{name}: {error.text}")
