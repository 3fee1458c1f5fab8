"""Figures of collectors: a simulated fleet reports over TCP and over MQTT, then it is imported.

    python tests/bench/collect.py [terminals] [records]

Prints a table for docs/scaling.md. CPU time is what counts where other programs run beside it.
"""

import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from processes import cpu_s

ONECARD = Path(sys.executable).parent / "onecard"
MOSQUITTO = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
SEED, SPEED = 1, 2000


def most_ram_kib(process):
    """The most memory that a process had."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def started(*words, env=None, until="", stream="stdout"):
    """A process that has said a line with `until` in it, and that line."""
    process = subprocess.Popen(
        [str(word) for word in words], env=env, text=True, **{stream: subprocess.PIPE}
    )
    for line in getattr(process, stream):
        if until in line:
            return process, line.strip()
    raise SystemExit(f"{words[0]} ended")


def one(name, way, to, folder, env, terminals, records):
    """One fleet's day: figures by name."""
    place = folder / name
    keys = ("--keystore", folder / "keys")
    collector, line = started(
        ONECARD, "collect", place, *way, *keys, "--log", folder / "log", env=env, until=":"
    )
    to = to or ("--connect", line.split()[-1])
    done = subprocess.run(
        [ONECARD, "simfleet", str(terminals), "--records", str(records), *to, *keys,
         "--seed", str(SEED), "--speed", str(SPEED), "--patience", "600", "--json"],
        env=env, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    told = json.loads(done.stdout)
    figures = {"CPU s": cpu_s(collector.pid), "RAM MiB": most_ram_kib(collector) // 1024}
    collector.terminate()
    collector.wait()
    sizes = [path.stat().st_size for path in place.rglob("*.parquet")]
    return figures | {
        "records": told["records"],
        "reports": told["reports"],
        "seconds": told["seconds"],
        "bytes up a record": round(told["bytes_up"] / told["records"], 1),
        "Parquet bytes a record": round(sum(sizes) / told["records"], 1),
        "files": len(sizes),
        "reports a CPU s": round(told["reports"] / figures["CPU s"]),
        "records a CPU s": round(told["records"] / figures["CPU s"]),
    }


def imported(place, folder, env):
    """Records a CPU second, of an import."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = [ONECARD, "import", place, "--store", folder / "store.duckdb", "--json"]
    done = subprocess.run(words, env=env, check=True, stdout=subprocess.PIPE, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    new = json.loads(done.stdout)["new"]
    return {"CPU s": round(spent_s, 2), "records a CPU s": round(new / spent_s)}


def verified(folder, env):
    """CPU seconds of `onecard verify` over that store, and what it said."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = ["verify", "--store", folder / "store.duckdb", "--keystore", folder / "keys", "--json"]
    done = subprocess.run([ONECARD, *words], env=env, stdout=subprocess.PIPE, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    reports = json.loads(done.stdout)
    records = sum(report["records"] for report in reports)
    proved = sum(report["proved"] for report in reports)
    return {"CPU s": round(spent_s, 2), "records": records, "terminals proved": proved}


def main():
    terminals, records = (int(word) for word in [*sys.argv[1:], "10000", "500000"][:2])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = os.environ | {"ONECARD_PASSPHRASE": "of no secret"}
        keys = [ONECARD, "simfleet", "9", "--seed", str(SEED), "--keystore", folder / "keys"]
        subprocess.run(keys, env=env, check=True)
        load = os.getloadavg()[0]
        print(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, load {load:.1f} before")
        print(
            "TCP", one("tcp", ("--listen", "127.0.0.1:0"), None, folder, env, terminals, records)
        )
        print("import", imported(folder / "tcp", folder, env))
        print("verify", verified(folder, env))
        if MOSQUITTO is None:
            raise SystemExit("no mosquitto: apt-get install mosquitto")
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        lines = [f"listener {port} 127.0.0.1", "allow_anonymous true", "log_dest stderr"]
        lines += ["user root"] * (os.getuid() == 0)
        (folder / "conf").write_text("\n".join(lines) + "\n")
        broker, _ = started(MOSQUITTO, "-c", folder / "conf", until="running", stream="stderr")
        at = ("--mqtt", f"127.0.0.1:{port}")
        print("MQTT", one("mqtt", at, at, folder, env, terminals, records))
        print("mosquitto", {"CPU s": cpu_s(broker.pid), "RAM MiB": most_ram_kib(broker) // 1024})
        broker.terminate()
        broker.wait()


if __name__ == "__main__":
    main()
