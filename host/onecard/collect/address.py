"""Where a broker is and what it is told of us: mqtts://USER@HOST:8883 and files, no secret."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from ..errors import OneCardError

PASSWORD = "ONECARD_BROKER_PASSWORD"
_PORTS = {"mqtt": 1883, "mqtts": 8883}


class BrokerError(OneCardError):
    """A broker that is not there, is not the one it should be, or takes nobody in."""


class AddressError(BrokerError):
    """No address of a broker, or files that do not go with it."""


@dataclass(frozen=True)
class Broker:
    """host: as it was given, a name or an address. user: empty for none.

    ca: PEM file of the authorities that may have signed the broker's certificate; None: the
    system's. cert, key: PEM files of our own; key None: it is in cert.
    """

    host: str
    port: int
    is_tls: bool = False
    user: str = ""
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.is_tls else 'mqtt'}://{host}:{self.port}"


def parse_broker(
    text: str, ca: Path | None = None, cert: Path | None = None, key: Path | None = None
) -> Broker:
    """The broker at mqtts://[USER@]HOST[:8883], mqtt://[USER@]HOST[:1883] or HOST[:1883].

    Raises AddressError, and BrokerError for a password in it; neither repeats the text, which may
    hold one.
    """
    scheme, mark, rest = text.partition("://")
    if not mark:
        scheme, rest = "mqtt", text
    if ":" in rest.rpartition("@")[0]:
        raise BrokerError(
            "a password in a URL is for everybody to read",
            f"leave it out: {PASSWORD} has it. Change it, it was seen",
        )
    parts, port = _split(scheme, rest)
    is_tls = parts.scheme == "mqtts"
    if not is_tls and (ca or cert or key):
        raise AddressError("certificates are for a broker with TLS", "mqtts://HOST")
    if key and not cert:
        raise AddressError("a key without its certificate", "--cert FILE")
    user, host = unquote(parts.username or ""), parts.hostname or ""
    return Broker(host, port or _PORTS[parts.scheme], is_tls, user, ca, cert, key)


def _split(scheme: str, rest: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        port = parts.port
    except ValueError:
        raise _not_an_address() from None
    has_more = parts.path not in ("", "/") or parts.query or parts.fragment
    if parts.scheme not in _PORTS or not parts.hostname or has_more or port == 0:
        raise _not_an_address()
    if parts.netloc.endswith(":") or any(ch.isspace() for ch in parts.hostname):
        raise _not_an_address()
    return parts, port


def _not_an_address() -> AddressError:
    return AddressError(
        "this is no address of a broker", "HOST[:1883] or mqtts://[USER@]HOST[:8883]"
    )
