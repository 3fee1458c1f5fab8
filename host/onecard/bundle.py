"""Update bundles: built from the sources, signed, read. Format: ocwire/SPEC.md section 7."""

from __future__ import annotations

import ast
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import occrypto
from mpremote.romfs import VfsRomWriter
from ocwire import bundle
from ocwire.bundle import Header
from ocwire.errors import BundleError as FormatError

from . import sealed_file
from .build import imports, modules
from .build.sources import find_sources
from .errors import OneCardError
from .link import UpdateStatus

SLOT_SIZE = 32 * 1024  # boards/*/slots.py
MOST = SLOT_SIZE - bundle.PAGE_SIZE
# What chooses the firmware cannot be brought by it; neither can the packages themselves.
FIXED = ("terminal.boot", "terminal.overlay", "terminal.files")
_KEY_MAGIC = b"OCS1"
_ANY_BOARD = ""
_START = "terminal.app"  # what the boot selector imports


class BundleError(OneCardError):
    """A bundle that cannot be built, or a file that is none."""


@dataclass(repr=False)
class SigningKey:
    """An SM2 private key that signs updates, 32 bytes. Never shown."""

    private: bytes

    @classmethod
    def make(cls) -> SigningKey:
        """A fresh one."""
        while True:
            key = cls(os.urandom(32))
            try:
                occrypto.sm2_public_key(key.private)
                return key
            except ValueError:
                continue  # outside of the curve's order: about one in 2**32

    @property
    def root(self) -> str:
        """The public key, compressed, hex: what a terminal is given as update root."""
        point = occrypto.sm2_public_key(self.private)
        return (bytes((2 + (point[63] & 1),)) + point[:32]).hex()

    def save(self, path: Path, passphrase: str) -> None:
        """Keep it, encrypted. Refuses to overwrite one."""
        if path.exists():
            raise BundleError(f"{path} exists", "move it away first, and keep it")
        sealed_file.save(path, _KEY_MAGIC, passphrase, self.private)

    @classmethod
    def load(cls, path: Path, passphrase: str) -> SigningKey:
        """The key in `path`. Raises BundleError."""
        try:
            return cls(sealed_file.load(path, _KEY_MAGIC, passphrase))
        except OSError as error:
            raise BundleError(
                f"no signing key at {path}: {error.strerror}",
                f"make one: onecard bundle key {path}",
            ) from error
        except ValueError as error:
            raise BundleError(f"{path} is no signing key that opens: {error}") from error


@dataclass(frozen=True)
class Bundle:
    """header and image, as they are in a file."""

    header: Header
    image: bytes

    @property
    def version(self) -> str:
        """As "1.2.3"."""
        return bundle.version_text(self.header.version)

    @property
    def is_signed(self) -> bool:
        """True if there is a signature; whose it is the terminal decides."""
        return any(self.header.signature)

    def runs_on(self, status: UpdateStatus) -> bool:
        """True if a terminal in this state runs this image."""
        return status.image == self.header.digest[: len(status.image)]

    @property
    def is_whole(self) -> bool:
        """True if the image is the one that the header names."""
        return occrypto.sm3(self.image) == self.header.digest

    def save(self, path: Path) -> None:
        """Write the file."""
        path.write_bytes(bundle.page(self.header.pack()) + self.image)

    def sign(self, key: SigningKey) -> None:
        """Put the signature into the header."""
        public = occrypto.sm2_public_key(key.private)
        digest = occrypto.sm2_digest(public, self.header.signed_part())
        self.header.signature = occrypto.sm2_sign(key.private, digest)


def load(path: Path) -> Bundle:
    """The bundle in `path`. Raises BundleError."""
    try:
        raw = path.read_bytes()
        header = bundle.unpack(raw)
    except OSError as error:
        raise BundleError(f"no bundle at {path}: {error.strerror}") from error
    except FormatError as error:
        raise BundleError(f"{path}: {error}", "make one: onecard bundle build") from error
    found = Bundle(header, raw[bundle.PAGE_SIZE :])
    if len(found.image) != header.size or not found.is_whole:
        raise BundleError(f"{path} is damaged: its image is not the one that its header names")
    return found


def build(
    source: Path, base: Path, board: str = _ANY_BOARD, may_downgrade: bool = False
) -> tuple[Bundle, dict[str, int]]:
    """The bundle of all modules under `source` (a checkout) that differ from an image's, unsigned.

    base: the list that was made with the image. -> the bundle, and the size of each module in it.
    Raises BundleError.
    """
    digest, frozen = modules.read_list(base)
    files, now = modules.find(source), modules.digests(source)
    changed = sorted(name for name in now if frozen.get(name) != now[name])
    if not changed:
        raise BundleError(f"nothing differs from the image of {base}")
    fixed = [name for name in changed if name in FIXED or "." not in name]
    if fixed:
        raise BundleError(
            f"no bundle can bring {', '.join(fixed)}", "that takes a new image: onecard build"
        )
    compiled = {name: _compile(name, files[name]) for name in changed}
    order = " ".join(imports.order(files, _START)).encode()
    image = _romfs(
        {_rom_path(name, files[name]): raw for name, raw in compiled.items()} | {("order",): order}
    )
    sizes = {name: len(raw) for name, raw in compiled.items()}
    if len(image) > MOST:
        longest = sorted(sizes, key=lambda name: -sizes[name])[:5]
        raise BundleError(
            f"{len(changed)} modules differ, {len(image):,} bytes; a slot takes {MOST:,}",
            f"the longest: {', '.join(f'{name} {sizes[name]:,}' for name in longest)}; "
            "so much takes a new image: onecard build",
        )
    version = bundle.parse_version(_constant(files["terminal.version"], "FIRMWARE"))
    journal = _constant(files["ocwire.sector"], "FORMAT_VERSION")
    flags = bundle.MAY_DOWNGRADE if may_downgrade else 0
    header = Header(
        len(image), version, flags, board, digest, (journal, journal), occrypto.sm3(image)
    )
    return Bundle(header, image), sizes


def _constant(path: Path, name: str) -> Any:
    """What `name = …` says at the top of a source."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return ast.literal_eval(node.value)
    raise BundleError(f"{path} does not say {name}")


def _compile(name: str, path: Path) -> bytes:
    """A module as .mpy for 32-bit boards: no line numbers, as MicroPython's frozen ones."""
    cross = find_sources().micropython / "mpy-cross" / "build" / "mpy-cross"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.mpy"
        command = [cross, "-O3", "-msmall-int-bits=31", "-s", f"{name}.py", "-o", out, path]
        try:
            done = subprocess.run(
                [str(word) for word in command], capture_output=True, text=True, check=False
            )
        except OSError as error:
            raise BundleError(f"cannot run {cross}: {error}", "run: onecard build unix") from error
        if done.returncode:
            raise BundleError(f"{path} does not compile", done.stderr)
        return out.read_bytes()


def _rom_path(name: str, path: Path) -> tuple[str, ...]:
    parts = name.split(".")
    return (
        (*parts, "__init__.mpy")
        if path.name == "__init__.py"
        else (*parts[:-1], f"{parts[-1]}.mpy")
    )


def _romfs(files: dict[tuple[str, ...], bytes]) -> bytes:
    """A MicroPython ROM file system of these files."""
    writer = VfsRomWriter()
    _write_folder(writer, files)
    return bytes(writer.finalise())


def _write_folder(writer: VfsRomWriter, files: dict[tuple[str, ...], bytes]) -> None:
    for name in sorted({path[0] for path in files}):
        inner = {path[1:]: raw for path, raw in files.items() if path[0] == name}
        if () in inner:
            writer.mkfile(name, inner[()])
        else:
            writer.opendir(name)
            _write_folder(writer, inner)
            writer.closedir()


def contents(image: bytes) -> list[str]:
    """Names of the modules in an image. Raises BundleError for one that is no ROM file system."""
    if image[:3] != VfsRomWriter.ROMFS_HEADER:
        raise BundleError("the image is no ROM file system")
    _, at = _number(image, 3)
    return sorted(_names(image[at:], ""))


def _names(raw: bytes, prefix: str) -> list[str]:
    at, found = 0, []
    while at < len(raw):
        kind, at = _number(raw, at)
        size, at = _number(raw, at)
        record_raw, at = raw[at : at + size], at + size
        if kind in (VfsRomWriter.ROMFS_RECORD_KIND_DIRECTORY, VfsRomWriter.ROMFS_RECORD_KIND_FILE):
            length, start = _number(record_raw, 0)
            name = prefix + record_raw[start : start + length].decode("ascii", "replace")
            if kind == VfsRomWriter.ROMFS_RECORD_KIND_FILE and name.endswith(".mpy"):
                found.append(name.removesuffix(".mpy").removesuffix("/__init__").replace("/", "."))
            elif kind == VfsRomWriter.ROMFS_RECORD_KIND_DIRECTORY:
                found += _names(record_raw[start + length :], name + "/")
    return found


def _number(raw: bytes, at: int) -> tuple[int, int]:
    """An integer of the ROM file system, and where it ends."""
    value = 0
    while at < len(raw):
        byte, at = raw[at], at + 1
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            return value, at
    raise BundleError("the ROM file system is damaged")


def root_point(root: str) -> bytes:
    """The public key (X|Y) of an update root in hex. Raises BundleError."""
    try:
        return occrypto.sm2_point(bytes.fromhex(root))
    except ValueError as error:
        raise BundleError(
            f"{root[:20]} is no update root", "onecard bundle key shows it"
        ) from error
