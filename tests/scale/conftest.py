"""Real servers for the engines: a PostgreSQL of the test's own, Spark in a Java machine."""

import importlib.util
import itertools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

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
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    programs = need(homes, "no initdb: apt-get install postgresql")[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="onecard-"))  # short: a socket's path has 107 bytes
    as_whom = []
    if os.geteuid() == 0:  # PostgreSQL refuses root
        need(shutil.which("setpriv"), "no setpriv: apt-get install util-linux")
        as_whom = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        shutil.chown(folder, "nobody", "nogroup")
    data = folder / "data"

    def run(program, *words):
        command = [*as_whom, str(programs / program), "-D", str(data), *words]
        with (folder.parent / f"{folder.name}.log").open("ab") as log:
            subprocess.run(command, check=True, cwd="/", stdout=log, stderr=log, timeout=120)

    run("initdb", "-U", "onecard", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
    rules = data / "pg_hba.conf"
    rules.write_text("local all guarded scram-sha-256\n" + rules.read_text())
    settings = f"-c listen_addresses= -c fsync=off -k {folder}"
    run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", settings, "start")
    yield str(folder)
    run("pg_ctl", "-w", "-m", "immediate", "stop")
    shutil.rmtree(folder)
    (folder.parent / f"{folder.name}.log").unlink()


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
    need(importlib.util.find_spec("pyspark"), "no pyspark: make test-scale installs it")
    need(shutil.which("java"), "no java: apt-get install openjdk-17-jre-headless")
    os.environ.setdefault("SPARK_CONF_DIR", str(Path(__file__).parent / "spark"))
    return "local[2]"
