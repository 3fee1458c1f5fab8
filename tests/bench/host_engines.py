"""The relations of a settlement alone, on each engine: what settle(), and the audit before it,
ask of an engine, asked again without the proving."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import engines_rig
from host_records import DAY, keystore
from onecard.settle import relations, totals
from onecard.settle.engines import open_engine
from onecard.settle.rates import Rates
from onecard.settle.settlement import day_number, settle
from onecard.store import Store
from processes import Watch

ENGINES = {  # the part's name -> what it is called in the table
    "on_duckdb": "the relations alone, DuckDB",
    "on_postgresql": "the same, PostgreSQL",
    "on_spark": "the same, Spark local[2]",
}
MOST = 1_000_000  # records for which they are measured
SPARK_MOST_S, SPARK_LESS = 600, 100_000  # if it takes longer, it is given so many


class _Noting:
    """An engine that notes what is asked of it."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._engine, name)
        if not callable(found):
            return found

        def call(*arguments: Any) -> Any:
            self.calls.append((name, arguments))
            return found(*arguments)

        return call


def asked() -> list[tuple[str, tuple[Any, ...]]]:
    """(Method, arguments) of everything a settlement asks an engine of a store in which nothing is
    wrong: it does not depend on the records."""
    with Store.in_memory() as store, open_engine("duckdb", store) as engine:
        noting = _Noting(engine)
        settle(noting, keystore(), DAY, Rates())  # type: ignore[arg-type]
    return noting.calls


def measured(name: str, path: Path, records: int) -> dict[str, Any]:
    """count, took_s, cpu_s, most (bytes): of the engine from its opening to the last answer, with
    all processes that it has. Raises Missing. path: the store."""
    calls = asked()
    with _server(name) as (url, dialect, servers), Store(path) as store:
        for method, arguments in calls:  # Ibis takes no part in this, as everywhere here
            if method == "fetch":
                relations.sql(*arguments, dialect=dialect)
        relations.sql(relations.assembled, dialect=dialect)
        with contextlib.ExitStack() as stack:
            with Watch(servers) as watch:
                engine = stack.enter_context(open_engine(url, store))
                answers = [getattr(engine, method)(*rest) for method, rest in calls]
    lines = answers[calls.index(("fetch", (totals.lines, day_number(DAY), False)))]
    assert sum(line["purchases_count"] for line in lines) == records // 2
    figures = {"count": records, "took_s": watch.took_s, "cpu_s": watch.cpu_s}
    return figures | {"most": watch.most}


@contextlib.contextmanager
def _server(name: str) -> Iterator[tuple[str, str, list[int]]]:
    """(URL, dialect, processes beside this one's children) of an engine."""
    if name == "on_duckdb":
        yield "duckdb", "duckdb", []
    elif name == "on_postgresql":
        with engines_rig.postgresql() as (folder, pid):
            yield f"postgresql://onecard@/postgres?host={folder}", "postgres", [pid]
    else:
        yield engines_rig.spark(), "pyspark", []
