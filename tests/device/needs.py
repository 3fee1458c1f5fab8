"""What a test cannot do without: told by name where it is missing, and an error in CI."""

import importlib.util
import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest
from onecard.build import image_of
from onecard.build.natmod import module_of


def missing(text: str) -> NoReturn:
    """Skip the test with `text`; fail it with CI=true, where everything must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(text)
    pytest.skip(text)


def file(path: Path, text: str) -> Path:
    """`path`, which must exist; `text` says what is missing and how to get it."""
    return path if path.exists() else missing(text)


def package_folder(name: str, how: str) -> Path:
    """The folder that a Python package lies in; `how` gets it."""
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        missing(f"no {name}: {how}")
    return Path(found.origin).parents[1]


def image(board: str) -> Path:
    """The image of `board`."""
    return file(image_of(board), f"no {board} image: onecard build {board}")


def native_module(arch: str) -> Path:
    """The C core as an .mpy for `arch`."""
    command = f"onecard build natmod --arch {arch}"
    return file(module_of(arch), f"no native module for {arch}: {command}")


def tool(name: str, package: str) -> str:
    """The path of a program, which the Debian package `package` brings."""
    return shutil.which(name) or missing(f"no {name}: apt-get install {package}")
