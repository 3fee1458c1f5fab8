"""TLS to a broker: who is trusted, and what is wrong where it fails. Nothing turns checks off."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from pathlib import Path

from .address import Broker, BrokerError

# X509_V_ERR_… of OpenSSL's x509_vfy.h
_NOT_YET_VALID, _EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 9, 10, 62, 64
_OURS = "CERT", "UNKNOWN_CA", "ACCESS_DENIED"  # of a peer's alert: it is about our certificate
_NO_TLS = "WRONG_VERSION_NUMBER", "PACKET_LENGTH_TOO_LONG"  # it answered something else
_PLAIN = "A broker's port without TLS? mqtt://, or the port beside it."
_WANTED = "it wants a certificate of ours: --cert and --key"


def context(broker: Broker) -> ssl.SSLContext:
    """A client's context: TLS 1.2 at least, the broker's certificate and name are checked.

    Raises BrokerError for a file that cannot be read or is not what it should be.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks both; has no log of session keys
    made.minimum_version = max(made.minimum_version, ssl.TLSVersion.TLSv1_2)
    if broker.ca is None:
        made.load_default_certs()
    else:
        with _read(broker.ca, "no certificate in PEM is in it"):
            made.load_verify_locations(broker.ca)
    if broker.cert is not None:
        with _read(broker.cert, "no certificate and key in PEM that belong together", broker.key):
            made.load_cert_chain(broker.cert, broker.key, _no_passphrase)
    return made


@contextlib.contextmanager
def _read(path: Path, fault: str, other: Path | None = None) -> Iterator[None]:
    """OpenSSL names neither the file nor, often, what is wrong with it."""
    paths = [path, *([other] if other else [])]
    for one in paths:
        try:
            one.open("rb").close()
        except OSError as error:
            raise BrokerError(f"{one}: {error.strerror}", "a file in PEM") from error
    try:
        yield
    except ssl.SSLError as error:
        names = " and ".join(str(one) for one in paths)
        raise BrokerError(f"{names}: {fault}", f"OpenSSL: {error.reason or error}") from error


def _no_passphrase() -> str:
    """OpenSSL would ask at the terminal, which a service has not."""
    raise BrokerError(
        "the key of our certificate is under a passphrase",
        "openssl pkey -in KEY -out PLAIN makes one without; let nobody else read it",
    )


def told(error: BaseException, broker: Broker) -> BrokerError:
    """Why there is no connection to a broker: an error of the socket, of TLS or of a name."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _untrusted(error, broker)
    if broker.is_tls and isinstance(error, ssl.SSLError):
        reason = error.reason or ""
        if "ALERT" in reason:
            return refused(broker, reason)
        if reason in _NO_TLS:
            return BrokerError(f"what listens at {broker} does not speak TLS", _PLAIN)
        if not isinstance(error, ssl.SSLEOFError):
            return BrokerError(f"no TLS with {broker}: {reason or error}", "its log may say more")
    if broker.is_tls and isinstance(error, (ssl.SSLEOFError, ConnectionResetError)):
        text = f"what listens at {broker} hangs up on TLS"
        return BrokerError(text, f"{_PLAIN} Or it does not take our certificate: its log says why")
    return BrokerError(f"no broker at {broker}: {error}", "is it running?")


def refused(broker: Broker, reason: str) -> BrokerError:
    """The broker's alert, by OpenSSL's name of it (TLSV13_ALERT_CERTIFICATE_REQUIRED)."""
    said = reason.rpartition("ALERT_")[2].replace("_", " ").lower()
    if any(word in reason for word in _OURS):
        return BrokerError(
            f"{broker} does not take our certificate: {said}",
            "--cert and --key: one that its authority signed" if broker.cert else _WANTED,
        )
    hint = "which versions does it speak?" if broker.cert else f"perhaps {_WANTED}"
    return BrokerError(f"{broker} and we agree on no TLS: {said}", hint)


def hung_up(broker: Broker) -> BrokerError:
    """The broker ended the connection before it said whether it takes us in."""
    text = f"{broker} hung up before it answered"
    if not broker.is_tls:
        return BrokerError(text, "is it a port with TLS? mqtts://")
    if not broker.cert:
        return BrokerError(text, f"perhaps {_WANTED}")
    return BrokerError(text, "does it take our certificate? Its log says why")


def _untrusted(error: ssl.SSLCertVerificationError, broker: Broker) -> BrokerError:
    code, said = error.verify_code, error.verify_message
    if code == _EXPIRED:
        return BrokerError(f"the certificate of {broker} has expired", "is our clock right?")
    if code == _NOT_YET_VALID:
        return BrokerError(f"the certificate of {broker} is not valid yet", "is our clock right?")
    if code in (_OTHER_HOST, _OTHER_ADDRESS):
        return BrokerError(
            f"the certificate that {broker} shows is of another host",
            "give the name that is in it",
        )
    return BrokerError(
        f"the certificate of {broker} is not trusted: {said}",
        "--ca FILE: the authority that signed it",
    )
