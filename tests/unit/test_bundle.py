"""Bundles on the host: what is built and refused, the order of modules, the signing key."""

import shutil
import subprocess

import occrypto
import pytest
from onecard import bundle
from onecard.build import imports, modules
from onecard.build.sources import project_root
from onecard.bundle import BundleError, SigningKey
from updates import KEY, copy_sources, replace


@pytest.fixture
def quick_scrypt(monkeypatch):
    monkeypatch.setattr("onecard.sealed_file._SCRYPT_N", 2**14)


@pytest.fixture
def compiler(monkeypatch):
    """Bytes of the source's size in the place of mpy-cross, which is not there without a build."""
    monkeypatch.setattr(
        bundle, "_compile", lambda name, path: name.encode() + bytes(path.stat().st_size // 3)
    )


@pytest.fixture
def release(tmp_path):
    """(list of the modules of an image, a copy of its sources of the next version)."""
    shutil.rmtree(tmp_path / "new", ignore_errors=True)
    (project_root() / "build" / "gen" / "terminal").mkdir(parents=True, exist_ok=True)
    modules.write_list(project_root(), tmp_path / "modules.json")
    return tmp_path / "modules.json", copy_sources(tmp_path / "new", "0.1.1")


def test_a_bundle_holds_the_modules_that_differ_and_no_other(release, compiler):
    base, source = release
    replace(source, "engine/order", '"""', '"""Changed. ')
    made, sizes = bundle.build(source, base, "unix")
    assert sorted(sizes) == ["terminal.engine.order", "terminal.version"]
    assert bundle.contents(made.image) == sorted(sizes)
    assert made.version == "0.1.1" and made.is_whole and not made.is_signed
    assert made.header.base == modules.base_digest(project_root()) == modules.read_list(base)[0]
    again, _ = bundle.build(source, base, "unix")
    assert again.image == made.image


def test_a_new_module_and_a_packages_own_come_along(release, compiler):
    base, source = release
    (source / "firmware" / "terminal" / "scenes" / "library.py").write_text('"""New."""\n')
    replace(source, "engine/__init__", '"""', '"""Changed. ')
    made, _ = bundle.build(source, base)
    assert bundle.contents(made.image) == [
        "terminal.engine", "terminal.scenes.library", "terminal.version",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["boot", "overlay", "files", "__init__"])
def test_what_chooses_the_firmware_cannot_be_in_a_bundle(release, compiler, name):
    base, source = release
    replace(source, name, '"""', '"""Changed. ')
    with pytest.raises(BundleError, match="no bundle can bring terminal"):
        bundle.build(source, base)


def test_more_than_a_slot_takes_is_refused_with_the_longest_modules(release, compiler):
    base, source = release
    path = source / "firmware" / "terminal" / "tally.py"
    path.write_text(path.read_text() + "#" * 100_000)
    with pytest.raises(BundleError, match=r"(?s)a slot takes 32,512.*terminal\.tally"):
        bundle.build(source, base)


def test_a_bundle_of_nothing_is_refused(release):
    with pytest.raises(BundleError, match="nothing differs"):
        bundle.build(project_root(), release[0])
    with pytest.raises(Exception, match="no list of an image"):
        bundle.build(release[1], release[0].with_name("missing.json"))


def test_every_module_comes_after_those_that_it_imports():
    files = modules.find(project_root())
    found = imports.order(files, "terminal.app")
    assert found[-1] == "terminal.app" and len(found) == len(set(found)) > 40
    for name, before in (
        ("terminal.engine.engine", "terminal.journal.ring"),
        ("terminal.journal.ring", "ocwire.record"),
        ("terminal.link.service", "ocwire.session"),
        ("terminal.update", "terminal.version"),
    ):
        assert found.index(before) < found.index(name)
    assert "terminal.boot" not in found and "drivers.reader.pn532" not in found


def test_a_file_is_read_back_and_any_damage_is_told_p7(release, compiler, tmp_path):
    made, _ = bundle.build(release[1], release[0])
    made.sign(KEY)
    path = tmp_path / "x.ocb"
    made.save(path)
    found = bundle.load(path)
    assert found.header.pack() == made.header.pack() and found.image == made.image
    assert found.header.is_signed_by(bundle.root_point(KEY.root))
    raw = path.read_bytes()
    for bad in (
        raw[:-1],
        raw + b"x",
        raw[:300] + bytes((raw[300] ^ 1,)) + raw[301:],
        b"",
        raw[:99],
    ):
        path.write_bytes(bad)
        with pytest.raises(BundleError):
            bundle.load(path)


def test_p6_the_signing_key_is_kept_encrypted_and_never_shown(quick_scrypt, tmp_path):
    key = SigningKey.make()
    path = tmp_path / "k"
    key.save(path, "open sesame")
    assert SigningKey.load(path, "open sesame").private == key.private
    assert key.private not in path.read_bytes()
    assert key.private.hex() not in repr(key) + str(key) and path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(BundleError, match="exists"):
        key.save(path, "open sesame")
    with pytest.raises(BundleError, match="wrong passphrase"):
        SigningKey.load(path, "another")
    path.write_bytes(b"OCK1" + path.read_bytes()[4:])
    with pytest.raises(BundleError, match="another kind of file"):
        SigningKey.load(path, "open sesame")
    assert occrypto.sm2_point(bytes.fromhex(key.root)) == occrypto.sm2_public_key(key.private)


def test_a_compiler_that_is_not_there_is_told(release, monkeypatch):
    def missing(*_, **__):
        raise FileNotFoundError("no such file")

    monkeypatch.setattr(subprocess, "run", missing)
    with pytest.raises(Exception, match=r"cannot run|pinned sources"):
        bundle.build(release[1], release[0])
