"""What merchants pay for settlement, and what issuers are called: a small TOML file.

[default]
percent = 0.38          # of purchases less refunds, per merchant, scene and account

[scene.bus]
percent = 0.20

[account.medical]       # before a scene's
percent = 0

[issuers]
03109990 = "county"     # leading 8 digits of application serials
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from ..errors import OneCardError

_MILLION = 1_000_000


class RatesError(OneCardError):
    """A file of rates that is not right; nothing was settled."""


@dataclass(frozen=True)
class Rates:
    """In parts of a million. issuers: names by their 8 digits."""

    default: int = 0
    scenes: dict[str, int] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)
    issuers: dict[str, str] = field(default_factory=dict)

    def fee(self, scene: str, account: str, turnover: int) -> int:
        """Fen, rounded half up; none of a turnover that is not positive."""
        rate = self.accounts.get(account, self.scenes.get(scene, self.default))
        return (max(0, turnover) * rate + _MILLION // 2) // _MILLION

    def issuer(self, digits: str) -> str:
        """Its name, else its digits."""
        return self.issuers.get(digits, digits)


def read_rates(path: Path) -> Rates:
    """Raises RatesError, which names the field."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RatesError(f"{path} cannot be read: {error}") from error
    unknown = set(values) - {"default", "scene", "account", "issuers"}
    if unknown:
        raise RatesError(f"{path}: unknown table {min(unknown)}", "see docs/settlement.md")
    issuers = _table(path, values, "issuers")
    for digits, name in issuers.items():
        if len(digits) != 8 or not digits.isdecimal() or not isinstance(name, str) or not name:
            raise RatesError(f"{path}: issuers: {digits} must be 8 digits and have a name")
    return Rates(
        _rate(path, "default", values["default"]) if "default" in values else 0,
        {k: _rate(path, f"scene.{k}", v) for k, v in _table(path, values, "scene").items()},
        {k: _rate(path, f"account.{k}", v) for k, v in _table(path, values, "account").items()},
        issuers,
    )


def _table(path: Path, values: dict[str, Any], name: str) -> dict[str, Any]:
    table = values.get(name, {})
    if not isinstance(table, dict):
        raise RatesError(f"{path}: {name} must be a table")
    return table


def _rate(path: Path, name: str, table: Any) -> int:
    if not isinstance(table, dict) or set(table) != {"percent"}:
        raise RatesError(f"{path}: [{name}] must hold percent and nothing else")
    percent = table["percent"]
    if isinstance(percent, bool) or not isinstance(percent, (int, Decimal)):
        raise RatesError(f"{path}: {name}.percent must be a number")
    parts = Decimal(percent) * 10_000
    if not 0 <= parts <= _MILLION or parts != parts.to_integral_value():
        raise RatesError(f"{path}: {name}.percent must be 0 to 100 with up to four decimals")
    return int(parts)
