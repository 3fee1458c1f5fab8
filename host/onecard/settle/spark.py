"""Spark as an engine: Arrow tables as temporary views, on a cluster or on this machine."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from typing import IO, Any

import ibis.expr.types as ir
import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkException
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from ..database import DatabaseError
from ..store import Store
from .engines import Engine

_MASTER = re.compile(r"local(\[(\d+|\*)\])?|spark://[^\s/@]+:\d+")
_CONNECT_S, _WORKERS_S = 10, 60
_SETTINGS = {
    "spark.sql.ansi.enabled": "true",  # a sum that overflows is an error
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
_ALONE = {
    "spark.driver.host": "localhost",
    "spark.driver.bindAddress": "127.0.0.1",
}


class Spark(Engine):
    """One session; its views are gone when it is closed. Memory, cores and the like are what
    Spark's own spark-defaults.conf (in SPARK_CONF_DIR) says."""

    dialect = "pyspark"

    def __init__(self, store: Store, master: str) -> None:
        super().__init__(store)
        _check(master)
        conf = SparkConf().setMaster(master).setAppName("onecard").setAll([*_SETTINGS.items()])
        if master.startswith("local"):
            conf.setAll([*_ALONE.items()])
        with _told():
            context = SparkContext(conf=conf, gateway=_machine())
            self._session = SparkSession(context)
            if master.startswith("spark://") and not _has_workers(context):
                self.close()
                raise DatabaseError(
                    f"no worker of {master} takes our work",
                    "are there any, have they free cores and memory, can they reach this machine?",
                )

    def put(self, name: str, table: pa.Table) -> None:
        """As a temporary view of a copy that Spark holds."""
        with _told():
            self._session.createDataFrame(table).createOrReplaceTempView(name)

    def _keep(self, relation: ir.Table, query: str) -> None:
        with _told():
            made = self._session.sql(query).cache()
            made.createOrReplaceTempView(relation.get_name())

    def _run(self, query: str) -> list[dict[str, Any]]:
        with _told():
            return [row.asDict() for row in self._session.sql(query).collect()]

    def close(self) -> None:
        """End the session; its Java machine ends with this process."""
        with contextlib.suppress(PySparkException, Py4JError, OSError):
            self._session.stop()


@functools.cache
def _log() -> IO[bytes]:
    """What Java and Spark print, hundreds of lines even if all is well; gone with this process."""
    return tempfile.TemporaryFile()


@functools.cache
def _machine() -> Any:
    """The Java machine of this process, which Spark can have one of."""
    return launch_gateway(popen_kwargs={"stdout": _log(), "stderr": _log()})


def _has_workers(context: SparkContext) -> bool:
    """Whether one comes within a minute: Spark itself waits for ever and tells its log."""
    end_s = time.monotonic() + _WORKERS_S
    while time.monotonic() < end_s:
        if context._jsc.sc().getExecutorMemoryStatus().size() > 1:  # beside the driver
            return True
        time.sleep(0.2)
    return False


def _last_words() -> str:
    """The last line that was printed to the log."""
    file = _log().fileno()  # Java writes where this file stands: it is not moved
    tail = os.pread(file, 4096, max(0, os.fstat(file).st_size - 4096))
    lines = tail.decode("utf-8", "replace").split("\n")
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "")


def _check(master: str) -> None:
    """What Spark would tell late, or in a hundred lines. Raises DatabaseError."""
    if not _MASTER.fullmatch(master):
        raise DatabaseError("no Spark master", "spark://host:port, local[2] or local[*]")
    home = os.environ.get("JAVA_HOME")
    if not (shutil.which("java") or (home and shutil.which("java", path=f"{home}/bin"))):
        raise DatabaseError("Spark needs Java 17", "apt-get install openjdk-17-jre-headless")
    if master.startswith("spark://"):
        host, _, port = master.removeprefix("spark://").rpartition(":")
        try:
            socket.create_connection((host, int(port)), _CONNECT_S).close()
        except (OSError, OverflowError) as error:
            raise DatabaseError(
                f"no Spark master answers at {host}:{port}: {error}", "is it running?"
            ) from error


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (PySparkException, Py4JError, OSError) as error:
        text = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DatabaseError(f"Spark: {text}", f"its last words: {_last_words()}") from error
