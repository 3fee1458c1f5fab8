"""Where batches lie: a folder, or an object store by its URL (fsspec)."""

from __future__ import annotations

import contextlib
import os
import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from ..errors import OneCardError

SUFFIX = ".parquet"
_URL = "://"


class DepotError(OneCardError):
    """A place for batches that cannot be written or read."""


class Depot(Protocol):
    """Names are paths below it with "/" between their parts."""

    def put(self, name: str, content: bytes) -> None:
        """Keep a batch under a new name: whole and durable on return. Raises DepotError."""

    def names(self) -> list[str]:
        """Of all batches, sorted. Raises DepotError."""

    def get(self, name: str) -> bytes:
        """A batch. Raises DepotError."""


def open_depot(place: str) -> Depot:
    """place: a folder, made when something is put there, or a URL such as s3://bucket/records."""
    if _URL not in place:
        return Folder(Path(place))
    if place.startswith("file" + _URL):
        return Folder(Path(place.removeprefix("file" + _URL)))
    return ObjectStore(place)


class Folder:
    """A folder of this machine, or one that is mounted."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, name: str, content: bytes) -> None:
        """Written beside its place, synced, put there, and the folders' entries synced."""
        path = self._path / name
        beside = path.with_name(f".{path.name}.part")
        with self._told(path):
            made = _make_folders(path.parent)
            try:
                with beside.open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(beside, path)
            except OSError:
                beside.unlink(missing_ok=True)
                raise
            for folder in [path.parent, *made]:
                _sync(folder)

    def names(self) -> list[str]:
        """What a writer that died left half written begins with a dot and is passed over."""
        with self._told(self._path):
            if not self._path.is_dir():
                raise DepotError(f"{self._path} is no folder", "give the one that is collected to")
            found = (p.relative_to(self._path).as_posix() for p in self._path.rglob("*" + SUFFIX))
            return sorted(name for name in found if not posixpath.basename(name).startswith("."))

    def get(self, name: str) -> bytes:
        """A batch."""
        with self._told(self._path / name):
            return (self._path / name).read_bytes()

    @staticmethod
    @contextlib.contextmanager
    def _told(path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DepotError(
                f"{path}: {error.strerror or error}", "is the disk full, the folder yours?"
            ) from error


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; the folders that have a new entry by that."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
    return [one.parent for one in missing]


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class ObjectStore:
    """A store of objects that come into being whole or not at all, as S3's and its likes do; what
    its PUT confirms counts as durable. Its account comes from its own library's settings."""

    def __init__(self, url: str) -> None:
        try:
            import fsspec
        except ImportError as error:
            raise DepotError(
                f"{url} needs fsspec", "pip install 'onecard[collect]'; a folder needs nothing"
            ) from error
        with self._told(url):
            system, path = fsspec.core.url_to_fs(url)
        self._system: Any = system
        self._path, self._url = str(path).rstrip("/"), url

    def put(self, name: str, content: bytes) -> None:
        """One PUT."""
        with self._told(name):
            self._system.pipe_file(f"{self._path}/{name}", content)
            size = self._system.info(f"{self._path}/{name}")["size"]
            if size != len(content):
                raise DepotError(f"{self._url}: {name} has {size} bytes there, not {len(content)}")

    def names(self) -> list[str]:
        """Of all batches, sorted."""
        with self._told(self._url):
            self._system.invalidate_cache()
            found = self._system.find(self._path)
        start = len(self._path.lstrip("/")) + 1
        return sorted(p.lstrip("/")[start:] for p in found if p.endswith(SUFFIX))

    def get(self, name: str) -> bytes:
        """A batch."""
        with self._told(name):
            return bytes(self._system.cat_file(f"{self._path}/{name}"))

    @staticmethod
    @contextlib.contextmanager
    def _told(what: str) -> Iterator[None]:
        try:
            yield
        except (OSError, ImportError, ValueError) as error:
            raise DepotError(
                f"{what}: {error}", "is the URL right, its library installed, the account's right?"
            ) from error
