"""Real servers for the engines: a PostgreSQL of the test's own, Spark in a Java machine."""

import contextlib
import importlib.util
import os
import shutil
from pathlib import Path

import postgresql_rig
import pytest

# Short queries in a Java machine of minutes: its second compiler costs more than it brings.
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")


def need(found, text):
    """Fails in CI, skips elsewhere, when something is not there."""
    if not found:
        pytest.fail(text) if os.environ.get("CI") else pytest.skip(text)
    return found


@pytest.fixture(scope="session")
def postgresql():
    """The folder of a running PostgreSQL's socket: user onecard, database postgres."""
    with contextlib.ExitStack() as stack:
        try:
            folder, _ = stack.enter_context(postgresql_rig.postgresql())
        except postgresql_rig.Missing as missing:
            need(None, str(missing))
        yield folder


@pytest.fixture(scope="session")
def spark():
    """The master of a Spark of two threads in this process."""
    need(importlib.util.find_spec("pyspark"), "no pyspark: make test-scale installs it")
    need(shutil.which("java"), "no java: apt-get install openjdk-17-jre-headless")
    os.environ.setdefault("SPARK_CONF_DIR", str(Path(__file__).parent / "spark"))
    return "local[2]"
