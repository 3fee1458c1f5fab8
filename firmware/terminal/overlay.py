"""Imports the modules of an update, and all others as they are frozen. Frozen itself.

MicroPython finds a submodule through its package's __path__, one folder only: a package found in
the update would hide the frozen rest of it. So every import goes through here, level by level, and
the package's __path__ is set to where the next level is.
"""

import builtins
import os
import sys

_FROZEN = ".frozen"
_IS_FOLDER = 0x4000


class Overlay:
    """root: where the update is mounted. From its making on every import goes through it."""

    def __init__(self, root):
        self._root = root
        self._held = set()
        self._find(root, "")
        self._loading = []  # modules whose code is running, the innermost last
        self._import = builtins.__import__
        builtins.__import__ = self._load_all
        # each after what it imports itself: the C stack is too small for them to nest
        with open(root + "/order") as file:
            for name in file.read().split(" "):
                self._load_all(name)

    def _find(self, folder, prefix):
        for entry in os.ilistdir(folder):
            name = entry[0]
            if entry[1] & _IS_FOLDER:
                self._find(folder + "/" + name, prefix + name + ".")
            elif name == "__init__.mpy":
                self._held.add(prefix[:-1])
            elif name.endswith(".mpy"):
                self._held.add(prefix + name[: -len(".mpy")])

    def _load_all(self, name, _globals=None, _locals=None, wanted=None, level=0):
        if level:
            name = self._absolute(name, level, wanted)
        end = name.find(".")
        while end > 0:
            self._load(name[:end])
            end = name.find(".", end + 1)
        self._load(name)
        return self._import(name, None, None, wanted)

    def _absolute(self, name, level, wanted):
        """MicroPython does not tell who imports: it is the module whose code is running.

        That holds because nothing of ours imports inside a function; asyncio does, and calls
        __import__ itself for it, with True where a statement has names.
        """
        if wanted is True:
            return "asyncio." + name
        base = self._loading[-1]
        if hasattr(sys.modules[base], "__path__"):
            level -= 1  # a package's first dot is the package
        for _ in range(level):
            base = base.rpartition(".")[0]
        return base + "." + name if name else base

    def _load(self, name):
        if name in sys.modules:
            return
        package = name.rpartition(".")[0]
        outer = sys.modules.get(package)
        if hasattr(outer, "__path__"):
            root = self._root if name in self._held else _FROZEN
            outer.__path__ = root + "/" + package.replace(".", "/")
        self._loading.append(name)
        try:
            self._import(name, None, None, True)
        finally:
            self._loading.pop()
