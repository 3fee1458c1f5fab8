"""A mosquitto of the test's own on loopback, and certificates to try it with."""

import contextlib
import datetime
import ipaddress
import os
import socket
import subprocess
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextlib.contextmanager
def mosquitto(program, folder, *lines, port=None):
    """A broker that listens with TLS or without, as the lines of its configuration say; its port,
    and a list of what it logs."""
    port, config, log = port or free_port(), folder / "mosquitto.conf", []
    lines = [f"listener {port} 127.0.0.1", *lines, "log_dest stderr"]
    if os.getuid() == 0:
        lines.append("user root")
    config.write_text("\n".join(lines) + "\n")
    broker = subprocess.Popen([program, "-c", config], stderr=subprocess.PIPE, text=True)
    for line in broker.stderr:
        log.append(line)
        if "running" in line:
            break
    else:
        raise AssertionError("".join(log))
    reading = threading.Thread(target=lambda: log.extend(broker.stderr))  # or its pipe fills up
    reading.start()
    try:
        yield port, log
    finally:
        broker.terminate()
        broker.wait()
        reading.join()
        broker.stderr.close()


class Authority:
    """Signs certificates; `pem` is its own. All are files in a folder."""

    def __init__(self, folder, name="authority"):
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        made = self._certificate(self._name, self._key, -DAY, DAY)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.pem = folder / f"{name}.pem"
        self.pem.write_bytes(_pem(made.sign(self._key, hashes.SHA256())))

    def certificate(self, name, *hosts, begins=-DAY, ends=DAY, passphrase=None):
        """(Certificate, its key) for these hosts, valid between these times from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._certificate(_name(name), key, begins, ends)
        if hosts:
            names = x509.SubjectAlternativeName([_host(host) for host in hosts])
            made = made.add_extension(names, critical=False)
        cert_path, key_path = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        cert_path.write_bytes(_pem(made.sign(self._key, hashes.SHA256())))
        sealing = serialization.NoEncryption()
        if passphrase:
            sealing = serialization.BestAvailableEncryption(passphrase)
        form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        key_path.write_bytes(key.private_bytes(*form, sealing))
        return cert_path, key_path

    def _certificate(self, name, key, begins, ends):
        now = datetime.datetime.now(datetime.UTC)
        made = x509.CertificateBuilder().subject_name(name).issuer_name(self._name)
        made = made.public_key(key.public_key()).serial_number(x509.random_serial_number())
        return made.not_valid_before(now + begins).not_valid_after(now + ends)


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _host(text):
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _pem(made):
    return made.public_bytes(serialization.Encoding.PEM)
