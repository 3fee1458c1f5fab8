"""Where a broker is, by what users write; no secret is taken from there or repeated."""

import socket
import ssl
import threading
from pathlib import Path

import pytest
from onecard.cli import main
from onecard.collect import broker, tls
from onecard.collect.address import AddressError, Broker, BrokerError, parse_broker

FILE = Path("some.pem")


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("broker.example", Broker("broker.example", 1883)),
        ("broker.example:99", Broker("broker.example", 99)),
        ("mqtt://broker.example", Broker("broker.example", 1883)),
        ("mqtts://broker.example", Broker("broker.example", 8883, True)),
        ("MQTTS://broker.example:1/", Broker("broker.example", 1, True)),
        ("mqtts://anna@broker.example", Broker("broker.example", 8883, True, "anna")),
        ("mqtts://a%40b%3Ac@broker.example", Broker("broker.example", 8883, True, "a@b:c")),
        ("[::1]", Broker("::1", 1883)),
        ("mqtts://[::1]:5", Broker("::1", 5, True)),
    ],
)
def test_an_address_is_taken_as_it_is_meant(text, wanted):
    assert parse_broker(text) == wanted


@pytest.mark.parametrize(
    "text",
    ["", "mqtts://", "https://broker.example", "mqtt://h:port", "mqtt://h:70000", "mqtt://h:0",
     "mqtts://h/topic", "mqtts://h?a=b", "mqtts://h#a", "mqtts://u@", "h:", "a b", "[::1", "::1"],
)  # fmt: skip
def test_what_is_no_address_is_told(text):
    with pytest.raises(AddressError, match="no address of a broker"):
        parse_broker(text)


@pytest.mark.parametrize("text", ["u:hush@h", "mqtts://u:hush@h", "mqtts://:hush@h",
                                  "mqtts://u:hu@sh@h:x", "mqtts://u:hu/hush@h"])  # fmt: skip
def test_a_password_in_a_url_is_refused_and_not_repeated(text):
    with pytest.raises(BrokerError, match="for everybody to read") as caught:
        parse_broker(text)
    assert "hush" not in str(caught.value) and "ONECARD_BROKER_PASSWORD" in caught.value.hint
    assert not isinstance(caught.value, AddressError)


def test_files_that_do_not_go_with_an_address_are_told():
    for given in ({"ca": FILE}, {"cert": FILE}, {"cert": FILE, "key": FILE}):
        with pytest.raises(AddressError, match="TLS"):
            parse_broker("broker.example", **given)
        assert parse_broker("mqtts://broker.example", **given).is_tls
    with pytest.raises(AddressError, match="without its certificate"):
        parse_broker("mqtts://broker.example", key=FILE)


@pytest.mark.parametrize("is_tls", [False, True])
def test_a_broker_that_is_not_there_is_told(is_tls):
    with pytest.raises(BrokerError, match="no broker at"):
        broker.open_client(Broker("127.0.0.1", 1, is_tls), print, ["x"], 5, 1000)


def test_the_context_checks_certificate_and_name_and_writes_no_keys_down(monkeypatch, tmp_path):
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    made = tls.context(Broker("broker.example", 8883, True))
    assert made.verify_mode is ssl.CERT_REQUIRED and made.check_hostname
    assert made.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert made.keylog_filename is None and list(tmp_path.iterdir()) == []


def test_a_broker_that_lets_us_in_and_not_subscribe_is_told():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            line, _ = server.accept()
            with line:
                line.recv(4096)
                line.sendall(bytes.fromhex("20 03 00 00 00"))  # CONNACK: success
                asked = line.recv(4096)
                number = asked[2:4]
                line.sendall(bytes([0x90, 4]) + number + bytes([0, 0x87]))  # not authorized
                line.recv(4096)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(BrokerError, match="does not let us subscribe: Not authorized"):
            broker.open_client(Broker(*server.getsockname()), print, ["x"], 5, 1000)
        thread.join()


@pytest.mark.parametrize(
    "words, code",
    [
        (("--ca", "x.pem", "--listen", ":1"), 2),
        (("--mqtt", "h", "--ca", "x.pem"), 2),
        (("--mqtt", "ftp://h"), 2),
        (("--mqtt", "mqtts://u:hush@h"), 1),
    ],
)
def test_the_command_tells_usage_from_a_refusal(words, code, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["onecard", "collect", str(tmp_path / "lake"), *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
    out, err = capsys.readouterr()
    assert "hush" not in out + err and not (tmp_path / "lake").exists()
