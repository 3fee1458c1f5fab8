"""Checked settings, as a terminal is given them."""

from __future__ import annotations

from typing import Any

from ocwire import settings as rules
from ocwire.errors import SettingError

from ..errors import OneCardError
from .fields import COMMON, OF_SCENE, Field


class Settings:
    """All settings of one terminal. said: values on the wire; the others have their defaults.

    Raises OneCardError for what may not be. Money is in fen here: price=1200.
    """

    def __init__(self, **said: Any) -> None:
        try:
            self.values: dict[str, Any] = rules.check(said)
        except SettingError as error:
            raise OneCardError(f"settings: {error}") from error

    @property
    def scene(self) -> str:
        """The scene that the terminal runs."""
        return str(self.values["scene"])

    @property
    def wire(self) -> dict[str, Any]:
        """What is sent: the scene, and what differs from the defaults.

        Older firmware then takes them as long as it has the fields that are used.
        """
        out = {"scene": self.scene, **_said(COMMON, self.values)}
        own = _said(OF_SCENE[self.scene], self.values[self.scene])
        return out | ({self.scene: own} if own else {})

    @property
    def shown(self) -> dict[str, Any]:
        """The same without PINs, to be looked at."""
        wire = self.wire
        return rules.hidden(wire) if "operators" in wire else wire

    def but(self, **said: Any) -> Settings:
        """These settings with others in their place; None: as it was."""
        return Settings(
            **self.wire | {name: value for name, value in said.items() if value is not None}
        )


def _said(fields: tuple[Field, ...], values: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for field in fields:
        value = values[field.name]
        if field.is_list:
            if value:
                out[field.name] = [_said(field.rows, row) for row in value]
        elif value != field.default:
            out[field.name] = value
    return out
