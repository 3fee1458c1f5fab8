"""Batches into the store: any of them, in any order, as often as one likes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..database import DatabaseError
from ..store import Store
from . import parquet
from .depot import Depot
from .exporting import BESIDE

_TOGETHER = 200_000  # records of a transaction, about
_T = TypeVar("_T")
_ORDER = [("terminal", "ascending"), ("seq", "ascending")]


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


@dataclass(frozen=True)
class _Beside:
    """A file of an export: which table of those beside the records, and its rows."""

    name: str
    which: str
    table: pa.Table


def import_batches(
    depot: Depot, store: Store, progress: Callable[[int, int], None] = lambda done, total: None
) -> Imported:
    """Every batch of a depot, whole or not at all, many in one transaction.

    A file that is no batch, or is damaged, is passed over and told. So is, of a batch, a terminal
    with another record under a number that is taken; the store keeps it as evidence.
    progress(done, total) counts batches. Raises DepotError, StoreError; batches before may be in
    the store then.
    """
    result = Imported()
    names = depot.names()
    for group in _ahead(_groups(depot, names, result, progress)):
        if isinstance(group, _Beside):
            try:
                _take_beside(store, group)
            except parquet.BatchError as error:
                result.damaged.append(error.text)
        else:
            _take_group(store, group, result)
    progress(len(names), len(names))
    return result


def _groups(
    depot: Depot, names: list[str], result: Imported, progress: Callable[[int, int], None]
) -> Iterator[list[tuple[str, pa.Table]] | _Beside]:
    """Batches read and checked, so many that a transaction is worth while."""
    group: list[tuple[str, pa.Table]] = []
    for done, name in enumerate(names):
        progress(done, len(names))
        content = depot.get(name)
        try:
            beside = parquet.unpack_beside(content, name)
            if beside is not None:
                yield _Beside(name, *beside)
                continue
            group.append((name, parquet.unpack(content, name)))
        except parquet.BatchError as error:
            result.damaged.append(error.text)
            continue
        result.batches += 1
        if sum(len(found) for _, found in group) >= _TOGETHER:
            yield group
            group = []
    if group:
        yield group


def _ahead(items: Iterator[_T]) -> Iterator[_T]:
    """The same, each made by a thread while the one before it is worked on."""
    with ThreadPoolExecutor(1) as worker:
        coming = worker.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = worker.submit(next, items, None)
            yield item


def _take_beside(store: Store, beside: _Beside) -> None:
    """Raises BatchError if it is no table that this onecard knows."""
    name, which = beside.name, beside.which
    if which not in BESIDE:
        raise parquet.BatchError(f"{name} has a table {which!r}, of a newer version")
    try:
        with store.database.transaction():
            store.database.claim("")
            store.database.put("given", beside.table)
            store.database.run(BESIDE[which])
    except DatabaseError as error:
        raise parquet.BatchError(f"{name} is no table {which}: {error.text}") from error


def _take_group(store: Store, group: list[tuple[str, pa.Table]], result: Imported) -> None:
    """Batches in one transaction, if no number is in them twice and none of them is in conflict;
    else what is left of them one by one, in order."""
    result.records += sum(len(found) for _, found in group)
    joined = pa.concat_tables([found for _, found in group]).sort_by(_ORDER)
    left = group
    if not _again(joined).any():
        added = store.append_rows(joined)
        result.new += added.new
        if not added.refused:
            return
        refused = pa.array(list(added.refused), pa.string())
        left = [
            (name, found.filter(pc.is_in(found["terminal"], refused))) for name, found in group
        ]
    for name, found in left:
        while len(found):  # a number twice in one file: one after the other
            again = _again(found)
            added = store.append_rows(found.filter(~again))
            result.new += added.new
            for terminal in added.refused:
                result.conflicts.append(f"{name}: terminal {terminal} has other records")
            found = found.filter(again)


def _again(found: pa.Table) -> npt.NDArray[np.bool_]:
    """Which rows, in order of terminal and number, have the number of the row before."""
    out = np.zeros(len(found), bool)
    owners = found.column("terminal").combine_chunks().dictionary_encode().indices.to_numpy()
    out[1:] = (np.diff(owners) == 0) & (np.diff(found.column("seq").to_numpy()) == 0)
    return out
