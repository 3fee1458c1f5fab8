"""Real servers for the engines: a PostgreSQL of the test's own, Spark in a Java machine."""

import contextlib
import itertools
import os

import engines_rig
import pytest


@contextlib.contextmanager
def needed():
    """What is missing fails in CI and skips elsewhere."""
    try:
        yield
    except engines_rig.Missing as missing:
        text = str(missing)
        pytest.fail(text) if os.environ.get("CI") else pytest.skip(text)


@pytest.fixture(scope="session")
def postgresql():
    """The folder of a running PostgreSQL's socket: user onecard, database postgres."""
    with contextlib.ExitStack() as stack:
        with needed():
            folder, _ = stack.enter_context(engines_rig.postgresql())
        yield folder


@pytest.fixture(scope="session")
def sql(postgresql):
    """Runs statements as the server's owner."""
    psycopg = pytest.importorskip("psycopg")
    owner = psycopg.connect(host=postgresql, user="onecard", dbname="postgres", autocommit=True)
    with owner:
        yield owner.execute


@pytest.fixture(scope="session")
def new_database(postgresql, sql):
    """Makes an empty database and gives its URL."""
    numbers = itertools.count()

    def make():
        name = f"fresh{next(numbers)}"
        sql(f"CREATE DATABASE {name} TEMPLATE template0")
        return f"postgresql://onecard@/{name}?host={postgresql}"

    return make


@pytest.fixture(scope="session")
def spark():
    """The master of a Spark of two threads in this process."""
    with needed():
        return engines_rig.spark()
