"""onecard simfleet: thousands of virtual terminals that report to collectors."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..collect.address import Broker
from ..errors import OneCardError
from .collect import parse_address
from .options import (
    DEFAULT_KEYSTORE,
    AsJson,
    BrokerUrl,
    Ca,
    Cert,
    Key,
    KeystorePath,
    broker_of,
    console,
    notes,
    open_keystore,
    passphrase,
    print_json,
)

if TYPE_CHECKING:
    from ..sim.fleet.day import Fleet
    from ..sim.fleet.reporting import Figures, Way


Connect = Annotated[str | None, typer.Option("--connect", help="HOST:PORT of a collector.")]
Links = Annotated[
    int, typer.Option("--links", min=1, help="Connections to the broker, for all of them.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(simfleet)


def simfleet(
    terminals: Annotated[int, typer.Argument(min=9, max=100_000, help="How many.")],
    connect: Connect = None,
    mqtt: BrokerUrl = None,
    ca: Ca = None,
    cert: Cert = None,
    key: Key = None,
    links: Links = 20,
    path: KeystorePath = DEFAULT_KEYSTORE,
    records: Annotated[
        int | None, typer.Option("--records", help="About how many in all; 50 a terminal.")
    ] = None,
    reports: Annotated[
        int,
        typer.Option("--reports", min=0, help="Of each terminal in the day; one more after it."),
    ] = 1,
    speed: Annotated[
        float, typer.Option("--speed", min=1, help="How much faster than time the day runs.")
    ] = 1000.0,
    at_once: Annotated[
        int, typer.Option("--at-once", min=1, help="Connections open at once, at most.")
    ] = 2000,
    patience: Annotated[
        float, typer.Option("--patience", min=1, help="Seconds to go on trying after the day.")
    ] = 120.0,
    seed: Annotated[int, typer.Option("--seed", help="The same gives the same records.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Virtual terminals with a synthetic county's day of real signed records, each of which
    reports when there is something to report. To try and to measure collectors.

    Their keys come from the seed and are put into a new keystore, or are those of the one there.
    Ends with 1 if a record was not acknowledged in the end.

    Example: onecard simfleet 1000 --keystore fleet.keys --connect 127.0.0.1:4100
    """
    from ..sim.fleet.day import make_fleet
    from ..sim.fleet.reporting import Reporting

    broker = broker_of(mqtt, ca, cert, key)
    if connect is not None and broker is not None:
        raise typer.BadParameter("either --connect or --mqtt")
    notes.print(f"seed {seed}: making the day of {terminals} terminals")
    fleet = make_fleet(seed, terminals, records or terminals * 50, reports, speed)
    _keys(path, fleet)
    if connect is None and broker is None:
        notes.print(f"{path} has the fleet's keys; --connect or --mqtt says where to report")
        return
    _many_files()

    async def day() -> Figures:
        with _way(fleet, connect, broker, links) as way:
            return await Reporting(fleet, way, at_once, patience, seed).run()

    figures = asyncio.run(day())
    _tell(_told(figures, seed), as_json)
    if not figures.is_whole:
        sys.exit(1)


def _tell(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    for name, value in told.items():
        console.print(f"{name:>13} {value}")


def _told(figures: Figures, seed: int) -> dict[str, Any]:
    return {
        "seed": seed,
        "terminals": figures.terminals,
        "records": figures.records,
        "acknowledged": figures.acknowledged,
        "records_sent": figures.records_sent,
        "reports": figures.reports,
        "seconds": round(figures.seconds, 2),
        "bytes_up": figures.bytes_up,
        "bytes_down": figures.bytes_down,
        "wait_s": {f"{share:.0%}": round(figures.wait_s(share), 2) for share in (0.5, 0.95, 1)},
        "again": dict(figures.again),
    }


@contextlib.contextmanager
def _way(fleet: Fleet, connect: str | None, broker: Broker | None, links: int) -> Iterator[Way]:
    if broker is None:
        from ..sim.fleet.reporting import ByTCP

        yield ByTCP(parse_address(connect or ""))
        return
    from ..sim.fleet.posting import ByMQTT

    way = ByMQTT(fleet, broker, links)
    try:
        yield way
    finally:
        way.close()


def _keys(path: Path, fleet: Fleet) -> None:
    """The fleet's keystore at `path`: made, or found to be it. Raises OneCardError."""
    number = fleet.terminals[0].number
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fleet.keystore.save(path, passphrase(path, confirm=True))
    elif open_keystore(path).link_key(number) != fleet.keystore.link_key(number):
        raise OneCardError(
            f"{path} holds other keys than those of this seed's fleet",
            "name a new file with --keystore; yours is as it was",
        )


def _many_files() -> None:
    """As many connections as this user may have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
