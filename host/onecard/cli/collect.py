"""onecard collect: terminals' records into Parquet batches; onecard import: those into a store."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Protocol

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ..collect.address import Broker
from ..collect.counts import Counts
from ..collect.depot import Depot, open_depot
from ..fleet.watching import open_log
from ..keystore import Keystore
from ..store import Store
from .options import (
    DEFAULT_KEYSTORE,
    DEFAULT_STORE,
    AsJson,
    BrokerUrl,
    Ca,
    Cert,
    Key,
    KeystorePath,
    StorePath,
    Timeout,
    broker_of,
    console,
    notes,
    open_keystore,
    print_json,
)

_HEALTH_S = 5.0


class Taker(Protocol):
    """A collector of either kind."""

    def run(self) -> None:
        """Take records until stop()."""

    def stop(self) -> None:
        """End."""


Place = Annotated[str, typer.Argument(help="Folder of the batches, or a URL (s3://…, gs://…).")]


def register(app: typer.Typer) -> None:
    """Add both commands."""
    app.command()(collect)
    app.command(name="import")(import_command)


def collect(
    place: Place,
    listen: Annotated[
        str | None, typer.Option("--listen", help="HOST:PORT that terminals connect to.")
    ] = None,
    mqtt: BrokerUrl = None,
    ca: Ca = None,
    cert: Cert = None,
    key: Key = None,
    path: KeystorePath = DEFAULT_KEYSTORE,
    sessions: Annotated[
        int, typer.Option("--sessions", min=1, max=4096, help="Terminals served at once.")
    ] = 256,
    linger: Annotated[
        float, typer.Option("--linger", min=0, max=60, help="Seconds a batch waits for more.")
    ] = 1.0,
    most: Annotated[
        int, typer.Option("--batch", min=1, help="Records at which a batch waits no longer.")
    ] = 50_000,
    timeout: Timeout = 5.0,
    health: Annotated[
        Path | None, typer.Option("--health", help="JSON file of counts, replaced every 5 s.")
    ] = None,
    log: Annotated[
        Path | None, typer.Option("--log", help="Log: 1 MB and five older. Else stderr.")
    ] = None,
) -> None:
    """Take records from terminals, prove them, keep them in Parquet batches, and only then let the
    terminals free them. Until SIGTERM; it may die at any time and nothing is lost.

    Any number of collectors may write to one place, and share one broker. onecard import
    brings what is there into a store.

    Examples: onecard collect /srv/records --listen 0.0.0.0:4100 ·
    onecard collect s3://county/records --mqtt mqtts://collector@broker.example --ca ca.pem
    """
    broker = broker_of(mqtt, ca, cert, key)
    if (listen is None) == (broker is None):
        raise typer.BadParameter("say where terminals come in: --listen or --mqtt")
    depot, counts, lines = open_depot(place), Counts(health), open_log(log)
    keystore = open_keystore(path)
    if broker is not None:
        taker, where = _subscriber(broker, keystore, depot, counts, sessions, linger)
    else:
        address = parse_address(listen or "")
        taker, where = _listener(address, keystore, depot, counts, sessions, linger, most, timeout)
    _until_told(taker.stop, counts.save)
    print(where, flush=True)
    taker.run()
    counts.save()
    lines.info("ends: %s", asdict(counts.values))


def _listener(
    address: tuple[str, int],
    keystore: Keystore,
    depot: Depot,
    counts: Counts,
    sessions: int,
    linger: float,
    most: int,
    timeout: float,
) -> tuple[Taker, str]:
    from ..collect.batches import Batches
    from ..collect.tcp import Listener

    batches = Batches(
        depot,
        linger,
        most,
        max(1, sessions // 2),
        lambda records, size: counts.add(batches=1, bytes_written=size),
    )
    made = Listener(address, keystore, batches, counts, sessions, timeout)
    return made, f"listening on {address[0]}:{made.port}"


def _subscriber(
    broker: Broker, keystore: Keystore, depot: Depot, counts: Counts, sessions: int, linger: float
) -> tuple[Taker, str]:
    from ..collect.mqtt import Subscriber

    made = Subscriber(broker, keystore, depot, counts, linger, sessions)
    return made, f"subscribed at {broker}"


def _until_told(stop: Callable[[], None], save: Callable[[], None]) -> None:
    """Have SIGTERM and Ctrl-C stop it, and the counts saved meanwhile."""
    ended = threading.Event()

    def end(*_: object) -> None:
        ended.set()
        threading.Thread(target=stop, daemon=True).start()  # a handler must wait for no lock

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)

    def watch() -> None:
        while not ended.wait(_HEALTH_S):
            save()

    threading.Thread(target=watch, daemon=True).start()


def parse_address(text: str) -> tuple[str, int]:
    """HOST:PORT, the host of IPv6 in brackets."""
    host, _, number = text.rpartition(":")
    if not host or not number.isdecimal() or int(number) > 65_535:
        raise typer.BadParameter(f"{text!r} is not HOST:PORT")
    return host.strip("[]"), int(number)


def import_command(
    place: Place, store: StorePath = DEFAULT_STORE, as_json: AsJson = False
) -> None:
    """Bring collected batches into the store. What is there already is passed over, so any of
    them may be imported again, in any order.

    Ends with 1 if a file is damaged or none of ours (nothing of it is taken), or if another record
    stands under a number (it is kept as evidence).

    Examples: onecard import /srv/records · onecard import /srv/records/received=2025-06-12
    """
    from ..collect.importing import import_batches

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    depot = open_depot(place)
    depot.names()  # says that it is not there before a store is made
    with Store(store) as into, Progress(*columns, console=notes, transient=True) as bar:
        task = bar.add_task("batches", total=None)
        result = import_batches(
            depot, into, lambda done, total: bar.update(task, completed=done, total=total)
        )
    if as_json:
        print_json(asdict(result))
    else:
        console.print(
            f"{result.batches} batches: {result.records} records, {result.new} of them new"
        )
        for text in (*result.damaged, *result.conflicts):
            console.print(f"  [red]{escape(text)}[/]", soft_wrap=True)
    if not result.is_well:
        sys.exit(1)
