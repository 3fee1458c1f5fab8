"""Making a release and updating a virtual terminal with it, all by the `onecard` command."""

import json

from command import environment, onecard
from onecard.build import image_of
from onecard.build.modules import LIST_NAME
from updates import copy_sources

TERMINAL = "112233445566"


def done(*words, env, code=0):
    finished = onecard(*words, env=env)
    assert finished.returncode == code, finished.stdout + finished.stderr
    return finished.stdout.strip() if not code else finished.stderr


def test_a_release_is_made_signed_looked_at_and_taken(terminal, tmp_path):
    env = environment(tmp_path)
    key, file = tmp_path / "release.key", tmp_path / "0.1.1.ocb"
    root = done("bundle", "key", key, env=env)
    assert len(bytes.fromhex(root)) == 33 and done("bundle", "key", key, env=env) == root
    assert key.stat().st_mode & 0o777 == 0o600

    source = copy_sources(tmp_path / "source", "0.1.1")
    base = image_of("unix").parents[1] / LIST_NAME
    said = done("bundle", "build", "--source", source, "--base", base, "-o", file, env=env)
    assert "version 0.1.1, 1 modules" in said and "unsigned" in said
    values = json.loads(done("bundle", "inspect", file, "--json", env=env))
    assert (values["version"], values["signature"]) == ("0.1.1", "none")
    assert values["modules"] == ["terminal.version"]
    done("bundle", "sign", file, "--key", key, env=env)
    values = json.loads(done("bundle", "inspect", file, "--root", root, "--json", env=env))
    assert values["signature"] == "right"
    other = done("bundle", "key", tmp_path / "other.key", env=env)
    done("bundle", "inspect", file, "--root", other, env=env, code=1)

    done("keystore", "init", env=env)
    link = ("--device", terminal.world.link_path)
    words = ("provision", "--terminal", TERMINAL, *link)
    done(*words, "--update-root", "00", env=env, code=1)
    done(*words, "--update-root", other, env=env)
    assert "not signed by an update root" in done("update", file, *link, env=env, code=1)
    done(*words, "--update-root", root, env=env)
    result = json.loads(done("update", file, *link, "--json", env=env))
    assert (result["before"], result["now"]) == ("0.1.0", "0.1.1")
    assert "0.1.1 is there" in done("update", file, *link, env=env)
    done("pull", *link, env=env)
    logs = [json.loads(line) for line in done("logs", "--json", env=env).splitlines()]
    told = [(row["version"], row["event"]) for row in logs if row["kind"] == "updated"]
    assert told == [("0.1.1", "activated"), ("0.1.1", "confirmed")]


def test_what_is_no_bundle_and_what_is_no_key_is_told(tmp_path):
    env = environment(tmp_path)
    bad = tmp_path / "bad.ocb"
    bad.write_bytes(b"PK" + bytes(500))
    assert "no update bundle" in done("bundle", "inspect", bad, env=env, code=1)
    missing = tmp_path / "missing.ocb"
    assert "no bundle at" in done("update", missing, "-d", "/dev/null", env=env, code=1)
    done("bundle", "key", tmp_path / "k", env=env)
    wrong = environment(tmp_path, "another passphrase")
    assert "wrong passphrase" in done("bundle", "key", tmp_path / "k", env=wrong, code=1)
    done("bundle", "build", env=env, code=2)
