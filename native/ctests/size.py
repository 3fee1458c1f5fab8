"""Size of the C core on a Cortex-M0+: flash, RAM and worst stack of each primitive, two profiles.

Flash is text and read-only data of the objects, before a linker drops what nobody calls. Stack is
the deepest path through the call graph that gcc writes (-fcallgraph-info=su); what gcc cannot see
is in INDIRECT and LIBRARY.
"""

import re
import subprocess
import sys
from pathlib import Path

import options

COMPILER = "arm-none-eabi-gcc"
FLAGS = ["-mcpu=cortex-m0plus", "-mthumb", "-std=c99", "-Os", "-Wall", "-Wextra", "-Wconversion"]
FLAGS += ["-Werror", "-fstack-usage", "-fcallgraph-info=su"]
PROFILES = {"small": {}, "fast": options.FAST}
KIB = 1024
# row -> its sources and the functions a caller enters by; headers name what they do
ROWS = {
    "crc": (["crc"], "oc_crc"),
    "des": (["des"], "oc_des"),
    "sm4": (["sm4"], None),
    "aes": (["aes"], None),
    "modes": (["modes"], "oc_ecb|oc_cbc|oc_cmac|oc_ctr|oc_ccm"),
    "sm3": (["sm3"], None),
    "sha256": (["sha256"], None),
    "hash": (["hash"], "oc_hash"),
    "hmac": (["hmac"], "oc_hmac"),
    "pboc": (["pboc"], "oc_pboc|oc_mac_alg3"),
    "diversify": (["diversify"], "oc_diversify"),
    "sm2": (["sm2", "sm2_curve", "sm2_der"], "oc_sm2"),
    "util": (["util"], "oc_(equal|wipe|xor|settle)$"),
}
# Calls through a pointer: source of the caller -> sources whose table rows they can reach.
INDIRECT = {
    "oc_modes.c": ("oc_sm4.c", "oc_aes.c"),  # oc_cipher: the four functions of oc_sm4 or oc_aes
    "oc_hash.c": ("oc_sm3.c", "oc_sha256.c"),  # oc_hash: compress of oc_sm3 or oc_sha256
}
# Bytes of stack of what the linker adds: newlib's for v6-M.
LIBRARY = {"memcpy": 20, "memset": 20, "memmove": 20}
# What has a goal: (profile, rows or all, key, limit)
GOALS = (
    ("small", tuple(ROWS), "flash", 24 * KIB),
    ("fast", tuple(ROWS), "flash", 24 * KIB),
    ("small", ("crc", "sm4", "des"), "flash", 4 * KIB),
    ("small", tuple(row for row in ROWS if row != "sm2"), "stack", KIB),
    ("fast", tuple(row for row in ROWS if row != "sm2"), "stack", KIB),
)

_NODE = re.compile(r'node: { title: "([^"]+)" label: "[^"]*\\n(\d+) bytes \((\w+)')
_EDGE = re.compile(r'edge: { sourcename: "([^"]+)" targetname: "([^"]+)"')


def _compile(out: Path, defines: list[str]) -> None:
    """Every source of the core, as objects and call graphs in out."""
    out.mkdir(parents=True, exist_ok=True)
    sources = sorted((options.NATIVE / "src").glob("*.c"))
    command = [COMPILER, *FLAGS, *defines, f"-I{options.NATIVE / 'include'}", "-c"]
    for old in [*out.glob("*.o"), *out.glob("*.ci")]:
        old.unlink()
    subprocess.run([*command, *map(str, sources)], cwd=out, check=True)


def _sections(path: Path) -> tuple[int, int]:
    """Flash and RAM of an object."""
    text = subprocess.run(
        ["arm-none-eabi-size", str(path)], check=True, capture_output=True, text=True
    ).stdout
    flash, data, bss = map(int, text.splitlines()[1].split()[:3])
    return flash, data + bss


class CallGraph:
    """The functions of the core: what each needs on the stack and what it calls."""

    def __init__(self, folder: Path) -> None:
        self.needs: dict[str, int] = dict(LIBRARY)
        self._calls: dict[str, set[str]] = {}
        self._sources: dict[str, list[str]] = {}
        pointers: list[tuple[str, str]] = []
        for path in sorted(folder.glob("*.ci")):
            text, source = path.read_text(), f"{path.stem}.c"
            for name, size, kind in _NODE.findall(text):
                if kind != "static":
                    raise ValueError(f"{name} needs a stack that depends on its input")
                self.needs[name] = int(size)
                self._sources.setdefault(source, []).append(name)
            for caller, called in _EDGE.findall(text):
                if called == "__indirect_call":
                    pointers.append((caller, source))
                else:
                    self._calls.setdefault(caller, set()).add(called)
        for caller, source in pointers:
            for other in INDIRECT[source]:
                self._calls.setdefault(caller, set()).update(self._sources.get(other, ()))

    def depth(self, name: str, above: tuple[str, ...] = ()) -> int:
        """Bytes of stack from entering `name` on. Recursion is an error, as is an unknown name."""
        if name in above:
            raise ValueError(f"{name} calls itself")
        deeper = (self.depth(called, (*above, name)) for called in self._calls.get(name, ()))
        return self.needs[name] + max(deeper, default=0)

    def worst(self, sources: list[str], entries: str | None) -> int:
        """The deepest path from the functions of those sources that callers enter by."""
        names = [name for source in sources for name in self._sources[f"oc_{source}.c"]]
        if entries is not None:
            names = [name for name in names if re.match(entries, name)]
        return max(map(self.depth, names))


def measure(out: Path) -> dict[str, dict[str, dict[str, int]]]:
    """profile -> row -> flash, ram and stack in bytes; builds in out."""
    result = {}
    for profile, settings in PROFILES.items():
        folder = out.resolve() / profile
        _compile(folder, [f"-D{name}={value}" for name, value in settings.items()])
        graph = CallGraph(folder)
        covered = {f"oc_{source}.o" for sources, _ in ROWS.values() for source in sources}
        unknown = {path.name for path in folder.glob("*.o")} - covered
        if unknown:
            raise LookupError(f"ROWS does not know {sorted(unknown)}")
        result[profile] = {}
        for row, (sources, entries) in ROWS.items():
            sizes = [_sections(folder / f"oc_{source}.o") for source in sources]
            result[profile][row] = {
                "flash": sum(flash for flash, _ in sizes),
                "ram": sum(ram for _, ram in sizes),
                "stack": graph.worst(sources, entries),
            }
    return result


def against_goals(measured: dict) -> list[tuple[str, int, int]]:
    """(what, measured, goal) for every goal."""
    found = []
    for profile, rows, key, limit in GOALS:
        values = [measured[profile][row][key] for row in rows]
        value = max(values) if key == "stack" else sum(values)
        what = "all" if rows == tuple(ROWS) else "+".join(rows)
        what = "all but sm2" if key == "stack" else what
        found.append((f"{profile}: {key} of {what}", value, limit))
    return found


def main() -> None:
    measured = measure(Path(sys.argv[1]))
    print(f"{'Cortex-M0+, -Os':16}{'small':>24}{'fast':>24}")
    print(f"{'':16}" + f"{'flash':>8}{'RAM':>8}{'stack':>8}" * 2)
    for row in ROWS:
        cells = [
            measured[profile][row][key] for profile in PROFILES for key in measured["small"][row]
        ]
        print(f"{row:16}" + "".join(f"{cell:8,}" for cell in cells))
    for what, value, limit in against_goals(measured):
        print(f"{what:36}{value:8,} of {limit:6,}  {'held' if value <= limit else 'MISSED'}")


if __name__ == "__main__":
    main()
