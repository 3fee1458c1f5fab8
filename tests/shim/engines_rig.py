"""Engines of one's own: a PostgreSQL in a temporary folder, reached by its socket alone, and Spark
in a Java machine."""

import contextlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

_CONF = Path(__file__).parents[1] / "scale" / "spark"
# Short queries in a Java machine of minutes: its second compiler costs more than it brings.
_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


class Missing(Exception):
    """A program is not there; the text says which package has it."""


def _programs():
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not homes:
        raise Missing("no initdb: apt-get install postgresql")
    return homes[-1].parent


@contextlib.contextmanager
def postgresql():
    """The folder of a running server's socket (user onecard, database postgres) and its process's
    number. It does not sync: what is in it need not outlast it. Raises Missing."""
    programs, as_whom = _programs(), []
    if os.geteuid() == 0:  # PostgreSQL refuses root
        if not shutil.which("setpriv"):
            raise Missing("no setpriv: apt-get install util-linux")
        as_whom = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    folder = Path(tempfile.mkdtemp(prefix="onecard-"))  # short: a socket's path has 107 bytes
    if as_whom:
        shutil.chown(folder, "nobody", "nogroup")
    data, log_path = folder / "data", folder.parent / f"{folder.name}.log"

    def run(program, *words):
        command = [*as_whom, str(programs / program), "-D", str(data), *words]
        with log_path.open("ab") as log:
            subprocess.run(command, check=True, cwd="/", stdout=log, stderr=log, timeout=120)

    run("initdb", "-U", "onecard", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
    rules = data / "pg_hba.conf"
    rules.write_text("local all guarded scram-sha-256\n" + rules.read_text())
    settings = f"-c listen_addresses= -c fsync=off -k {folder}"
    run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", settings, "start")
    try:
        yield str(folder), int((data / "postmaster.pid").read_text().split()[0])
    finally:
        run("pg_ctl", "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)
        log_path.unlink()


def spark():
    """The master of a Spark of two threads in this process, whose environment is made ready for
    it. Raises Missing."""
    if not importlib.util.find_spec("pyspark"):
        raise Missing("no pyspark: FOR=scale tools/setup.sh installs it")
    if not shutil.which("java"):
        raise Missing("no java: apt-get install openjdk-17-jre-headless")
    os.environ.setdefault("SPARK_CONF_DIR", str(_CONF))
    os.environ.setdefault("JDK_JAVA_OPTIONS", _JAVA)
    return "local[2]"
