"""Connections to a real mosquitto with TLS: whom they trust, and what they tell when they fail."""

import contextlib
import json
import socket
import ssl
import subprocess
import threading

import pytest
from broker_rig import DAY, Authority, mosquitto
from command import environment, onecard
from conftest import need_tool
from onecard.collect import broker, tls
from onecard.collect.address import Broker, BrokerError
from onecard.sim.fleet.day import make_fleet
from test_collect_command import Collector, judged

PASSWORD = "hush-0815"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """An authority, a broker's certificate of it, and a folder."""
    folder = tmp_path_factory.mktemp("certificates")
    authority = Authority(folder)
    return authority, authority.certificate("broker", "localhost"), folder


def with_tls(cert, key, *more):
    return f"certfile {cert}", f"keyfile {key}", *(more or ("allow_anonymous true",))


@contextlib.contextmanager
def started(folder, *lines):
    """A broker's port."""
    with mosquitto(need_tool("mosquitto", "mosquitto"), folder, *lines) as (port, _):
        yield port


@pytest.fixture(scope="module")
def plain(files):
    """A port with TLS that asks for nothing."""
    _, own, folder = files
    with started(folder, *with_tls(*own)) as port:
        yield port


@pytest.fixture(scope="module")
def strict(files):
    """A port with TLS that wants certificates of its authority."""
    authority, own, folder = files
    wants = ("require_certificate true", f"cafile {authority.pem}", "allow_anonymous true")
    with started(folder, *with_tls(*own, *wants)) as port:
        yield port


def refusal(*where, **options):
    """Why there is no connection: text and hint."""
    with pytest.raises(BrokerError) as caught:
        broker.open_client(Broker(*where, **options), print, ["a"], 5, 1000)
    print(caught.value)
    return str(caught.value)


def connect(*where, **options):
    broker.close(broker.open_client(Broker(*where, **options), print, ["a"], 5, 1000))


def test_a_broker_whose_authority_is_given_is_trusted_and_no_other(files, plain, tmp_path):
    authority = files[0]
    connect("localhost", plain, True, ca=authority.pem)
    assert "is not trusted" in (said := refusal("localhost", plain, True)) and "--ca" in said
    other = Authority(tmp_path, "other").pem
    assert "is not trusted" in refusal("localhost", plain, True, ca=other)


def test_a_certificate_of_another_host_is_told(files, plain):
    said = refusal("127.0.0.1", plain, True, ca=files[0].pem)
    assert "is of another host" in said and f"127.0.0.1:{plain}" in said


@pytest.mark.parametrize("begins, ends, why", [(-3, -2, "has expired"), (2, 3, "not valid yet")])
def test_a_certificate_out_of_its_time_is_told(files, tmp_path, begins, ends, why):
    authority = files[0]
    own = authority.certificate("late", "localhost", begins=begins * DAY, ends=ends * DAY)
    with started(tmp_path, *with_tls(*own)) as port:
        said = refusal("localhost", port, True, ca=authority.pem)
    assert why in said and "clock" in said


def test_a_broker_that_wants_a_certificate_takes_ours_and_tells_when_it_does_not(
    files, strict, tmp_path
):
    authority = files[0]
    at = ("localhost", strict, True)
    cert, key = authority.certificate("collector")
    connect(*at, ca=authority.pem, cert=cert, key=key)
    both = tmp_path / "both.pem"
    both.write_bytes(cert.read_bytes() + key.read_bytes())
    connect(*at, ca=authority.pem, cert=both)
    assert "--cert" in refusal(*at, ca=authority.pem)
    for other in (
        Authority(tmp_path, "other").certificate("stranger"),
        authority.certificate("old", begins=-3 * DAY, ends=-2 * DAY),
    ):
        said = refusal(*at, ca=authority.pem, cert=other[0], key=other[1])
        assert "our certificate" in said  # by its alert, or a reset that overtakes the alert


def test_before_tls_1_3_a_refused_certificate_is_told_in_the_handshake(
    files, strict, tmp_path, monkeypatch
):
    make, authority = tls.context, files[0]

    def older(*given):
        made = make(*given)
        made.maximum_version = ssl.TLSVersion.TLSv1_2
        return made

    monkeypatch.setattr(tls, "context", older)
    at = ("localhost", strict, True)
    other = Authority(tmp_path, "other").certificate("stranger")
    for given in ({}, {"cert": other[0], "key": other[1]}):
        said = refusal(*at, ca=authority.pem, **given)
        assert "certificate of ours" in said or "not take our certificate" in said


def test_tls_on_one_side_alone_is_told_at_once(files, plain, tmp_path):
    with started(tmp_path, "allow_anonymous true") as port:
        assert "port without TLS?" in refusal("localhost", port, True, ca=files[0].pem)
    assert "mqtts://" in refusal("localhost", plain)


@pytest.mark.parametrize(
    "answer, why",
    [(b"", "hangs up on TLS"), (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak TLS")],
)
def test_what_speaks_no_tls_at_all_is_told(files, answer, why):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            line, _ = server.accept()
            with line:
                line.recv(4096)
                line.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        said = refusal("localhost", server.getsockname()[1], True, ca=files[0].pem)
        thread.join()
    assert why in said and "port without TLS?" in said


def test_a_user_without_the_right_password_is_told(files, tmp_path, monkeypatch):
    authority, own, _ = files
    people = tmp_path / "people"
    people.write_text(f"anna:{PASSWORD}\n")
    subprocess.run([need_tool("mosquitto_passwd", "mosquitto"), "-U", people], check=True)
    known = (f"password_file {people}", "allow_anonymous false")
    with started(tmp_path, *with_tls(*own, *known)) as port:
        at = ("localhost", port, True)
        monkeypatch.setenv("ONECARD_BROKER_PASSWORD", "wrong-4711")
        said = refusal(*at, "anna", ca=authority.pem)
        assert "refuses user anna" in said and "ONECARD_BROKER_PASSWORD" in said
        assert "4711" not in said
        assert "USER@" in refusal(*at, ca=authority.pem)
        monkeypatch.setenv("ONECARD_BROKER_PASSWORD", PASSWORD)
        connect(*at, "anna", ca=authority.pem)


def test_files_that_are_not_what_they_should_be_are_named(files, tmp_path):
    authority, (cert, _), _ = files
    text = tmp_path / "text.pem"
    text.write_text("no PEM")
    _, sealed = authority.certificate("sealed", passphrase=b"of no use")
    at = ("localhost", 1, True)
    assert "nowhere.pem: No such file" in refusal(*at, ca=tmp_path / "nowhere.pem")
    assert "text.pem" in refusal(*at, ca=text)
    assert "text.pem" in refusal(*at, cert=text)
    assert "nowhere.key: No such file" in refusal(*at, cert=cert, key=tmp_path / "nowhere.key")
    other = authority.certificate("other")[1]
    assert "belong together" in refusal(*at, cert=cert, key=other)
    assert "under a passphrase" in refusal(*at, cert=cert, key=sealed)


def test_a_broker_that_comes_back_as_somebody_else_is_told_and_gets_nothing(files, tmp_path):
    authority, own, _ = files
    told, heard = [], threading.Event()

    def tell(text):
        told.append(text)
        if "is not trusted" in text:
            heard.set()

    conf = tmp_path / "conf"
    conf.mkdir()
    stranger = Authority(tmp_path, "stranger").certificate("impostor", "localhost")
    program = need_tool("mosquitto", "mosquitto")
    with mosquitto(program, conf, *with_tls(*own)) as (port, _):
        at = Broker("localhost", port, True, ca=authority.pem)
        client = broker.open_client(at, print, ["a"], 5, 1000, tell)
    with mosquitto(program, conf, *with_tls(*stranger), port=port) as (_, log):
        assert heard.wait(60), told
        broker.close(client)
    assert not any("New client connected" in line for line in log)
    assert any("is gone" in text for text in told)


def test_a_fleet_and_a_collector_with_certificate_user_and_password(files, tmp_path):
    authority, own, _ = files
    people = tmp_path / "people"
    people.write_text(f"anna:{PASSWORD}\n")
    subprocess.run([need_tool("mosquitto_passwd", "mosquitto"), "-U", people], check=True)
    cert, key = authority.certificate("collector")
    known = ("require_certificate true", f"cafile {authority.pem}", f"password_file {people}")
    env = environment(tmp_path) | {"ONECARD_BROKER_PASSWORD": PASSWORD}
    made = make_fleet(1, 9, 300)
    made.keystore.save(tmp_path / "keys", env["ONECARD_PASSPHRASE"])
    keys = ("--keystore", tmp_path / "keys")
    with started(tmp_path, *with_tls(*own, *known)) as port:
        at = ("--mqtt", f"mqtts://anna@localhost:{port}", "--ca", authority.pem)
        at += ("--cert", cert, "--key", key)
        log = tmp_path / "log"
        with Collector(tmp_path, env, *at, "--log", log) as collector:
            assert f"mqtts://localhost:{port}" in collector.said
            day = ("--records", 300, "--speed", 50_000, "--json")
            done = onecard("simfleet", 9, *keys, *at, *day, env=env)
            assert collector.end() == 0
    assert done.returncode == 0 and json.loads(done.stdout)["acknowledged"] == made.records
    assert PASSWORD not in log.read_text() + done.stdout + done.stderr
    judged(tmp_path, made)
