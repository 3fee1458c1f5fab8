"""Updates for tests: the checkout with changes, built over its own image and signed."""

import shutil
from pathlib import Path

from onecard import bundle
from onecard.build import image_of
from onecard.build.modules import LIST_NAME
from onecard.build.sources import project_root
from onecard.bundle import SigningKey

KEY = SigningKey(bytes(range(1, 33)))
OTHER_KEY = SigningKey(bytes(range(2, 34)))


def copy_sources(folder: Path, version: str, **changes: tuple[str, str]) -> Path:
    """A copy of what updates are built from, of this version.

    changes: module in terminal -> (text there, text in its place).
    """
    root = project_root()
    for part in ("firmware", "drivers", "build/gen"):
        shutil.copytree(
            root / part,
            folder / part,
            ignore=shutil.ignore_patterns("__pycache__"),
            dirs_exist_ok=True,
        )
    replace(folder, "version", 'FIRMWARE = "0.1.0"', f'FIRMWARE = "{version}"')
    for name, (old, new) in changes.items():
        replace(folder, name, old, new)
    return folder


def replace(folder: Path, name: str, old: str, new: str) -> None:
    """Change one module of terminal in a copy; what is to be changed must be there."""
    path = folder / "firmware" / "terminal" / f"{name}.py"
    text = path.read_text(encoding="utf-8")
    assert old in text, (name, old)
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def signed(
    folder: Path, version: str = "0.1.1", board: str = "unix", key: SigningKey = KEY, **changes
) -> bundle.Bundle:
    """A signed bundle of such a copy, over the image that was built for `board`."""
    source = copy_sources(folder / f"source-{version}", version, **changes)
    made, _ = bundle.build(source, image_of(board).parents[board == "unix"] / LIST_NAME)
    made.sign(key)
    return made
