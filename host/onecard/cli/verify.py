"""onecard verify: prove what is in the store."""

from __future__ import annotations

import sys
from dataclasses import asdict

import typer

from ..errors import OneCardError
from ..report import yuan
from ..store import Store
from .options import (
    DEFAULT_KEYSTORE,
    DEFAULT_STORE,
    AsJson,
    EngineUrl,
    KeystorePath,
    OneTerminal,
    StorePath,
    console,
    open_keystore,
    print_json,
)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(name="verify")
    def verify_command(
        store: StorePath = DEFAULT_STORE,
        terminal: OneTerminal = None,
        path: KeystorePath = DEFAULT_KEYSTORE,
        url: EngineUrl = "",
        as_json: AsJson = False,
    ) -> None:
        """Prove that no stored record is missing, altered, added or repeated, and every TAC.

        Looks across all terminals too: cards that exist twice, were at two places at once or whose
        money does not add up; terminals that exist twice; clocks that were played with; records
        that were here once. Ends with 1 if anything is not proved. What is open or in doubt, holes
        in a card's counters and repeated pulls are listed; they are for people and no failure.

        Example: onecard verify --json
        """
        from ..settle.audit import audit  # Ibis takes a second to import
        from ..settle.engines import open_engine

        keystore = open_keystore(path)
        with Store(store) as opened, open_engine(url, opened) as engine:
            reports = audit(engine, keystore, terminal).reports
        if terminal and not (reports and reports[0].records):
            raise OneCardError(f"no records of terminal {terminal} here", "pull it first")
        if as_json:
            print_json([asdict(report) | {"proved": report.is_proved} for report in reports])
        else:
            for report in reports:
                word = "[green]proved[/]" if report.is_proved else "[red]NOT PROVED[/]"
                console.print(
                    f"terminal {report.terminal}: {word}: {report.records} records, "
                    f"{report.purchases} purchases, {yuan(report.debited)} yuan, "
                    f"{report.tacs} TACs"
                )
                if report.loads:
                    console.print(f"  {report.loads} loads, {yuan(report.loaded)} yuan")
                if report.unchecked_tacs:
                    console.print(
                        f"  {report.unchecked_tacs} TACs of SM4 cards: for their issuer to check"
                    )
                for finding in report.findings:
                    console.print(f"  {finding.kind}: {finding.text}")
        if not all(report.is_proved for report in reports):
            sys.exit(1)
