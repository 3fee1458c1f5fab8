"""Collectors as processes that are killed while a fleet reports: nothing lost, nothing doubled."""

import asyncio
import json
import signal
import subprocess

import broker_rig
import pytest
from broker_rig import free_port
from command import ONECARD, environment, onecard
from conftest import need_tool
from onecard.collect.address import Broker
from onecard.collect.depot import Folder
from onecard.collect.importing import import_batches
from onecard.sim.fleet.day import make_fleet
from onecard.sim.fleet.posting import ByMQTT
from onecard.sim.fleet.reporting import ByTCP, Reporting
from onecard.store import Store
from onecard.verify import chain

SEED, TERMINALS, RECORDS = 3, 40, 1500


class Collector:
    """`onecard collect` as a process, on the same port each time it is started."""

    def __init__(self, folder, env, *where):
        self._command = [ONECARD, "collect", folder / "lake", "--keystore", folder / "keys"]
        self._command += [*where, "--linger", "0.1", "--sessions", "16"]
        self._env, self._log = env, folder / f"log{id(self)}"
        self.start()

    def start(self):
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [str(word) for word in self._command],
                env=self._env,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.said = self._process.stdout.readline()
        assert self.said, self._log.read_text()

    def kill(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def end(self):
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(60)
        self._process.stdout.close()
        return code


@pytest.fixture
def place(tmp_path):
    """A folder with the fleet's keys, the environment, the fleet."""
    env = environment(tmp_path)
    made = make_fleet(SEED, TERMINALS, RECORDS, reports=1, speed=50_000)
    made.keystore.save(tmp_path / "keys", env["ONECARD_PASSPHRASE"])
    return tmp_path, env, made


def judged(folder, made):
    """Everything is in a store, proved, however often it is imported."""
    with Store.in_memory() as store:
        result = import_batches(Folder(folder / "lake"), store)
        assert result.is_well and result.new == made.records
        assert import_batches(Folder(folder / "lake"), store).new == 0
        for terminal in made.terminals:
            key = made.keystore.journal_key(terminal.number)
            good, findings = chain(store.records(terminal.number), key, 0, bytes(4))
            assert findings == [] and len(good) == terminal.whole


def run_with_kills(made, way, kills):
    """The fleet's day; kills: number of reports that were acknowledged -> what is called then."""
    count, inner = 0, way.report

    async def report(terminal):
        nonlocal count
        why = await inner(terminal)
        if terminal.acked == terminal.count:
            count += 1
            if count in kills:
                await asyncio.to_thread(kills[count])
        return why

    way.report = report
    return Reporting(made, way, at_once=30, patience_s=60)


def test_a_tcp_collector_killed_twice_while_a_fleet_reports(place):
    folder, env, made = place
    with Collector(folder, env, "--listen", f"127.0.0.1:{free_port()}") as collector:
        address = ("127.0.0.1", int(collector.said.rpartition(":")[2]))

        def again():
            collector.kill()
            collector.start()

        day = run_with_kills(made, ByTCP(address), {8: again, 30: again})
        figures = asyncio.run(day.run())
        assert collector.end() == 0
    assert figures.is_whole and figures.again
    judged(folder, made)
    done = onecard("import", folder / "lake", "--store", folder / "s.duckdb", "--json", env=env)
    assert done.returncode == 0 and json.loads(done.stdout)["new"] == made.records


@pytest.fixture
def broker(tmp_path):
    """The port of a broker on loopback."""
    program = need_tool("mosquitto", "mosquitto")
    with broker_rig.mosquitto(program, tmp_path, "allow_anonymous true") as (port, _):
        yield port


def test_collectors_that_share_a_broker_and_one_is_killed(place, broker):
    folder, env, made = place
    at = ("--mqtt", f"127.0.0.1:{broker}")

    async def run(one):
        way = ByMQTT(made, Broker("127.0.0.1", broker), links=3, receipt_s=1.0)
        try:
            return await run_with_kills(made, way, {20: one.kill}).run()
        finally:
            way.close()

    with Collector(folder, env, *at) as one, Collector(folder, env, *at) as other:
        figures = asyncio.run(run(one))
        assert other.end() == 0
    assert figures.is_whole
    judged(folder, made)


def test_what_is_not_right_is_told_by_the_exit_code(tmp_path):
    env = environment(tmp_path)
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "bad.parquet").write_bytes(b"PAR1 and no more")
    words = ("--store", tmp_path / "store.duckdb")
    damaged = onecard("import", tmp_path / "lake", *words, env=env)
    assert damaged.returncode == 1 and "is damaged" in damaged.stdout
    missing = onecard("import", tmp_path / "none", *words, env=env)
    assert missing.returncode == 1 and "is no folder" in missing.stderr
    usage = onecard("collect", tmp_path / "lake", env=env)
    assert usage.returncode == 2 and "--mqtt" in usage.stderr
