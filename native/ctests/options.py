"""The option sets the C core is checked in, and what they are told to the compiler.

`options.py SET...` prints -D flags for the makefile; `options.py` alone the names of the sets.
"""

import ast
import sys
from pathlib import Path

NATIVE = Path(__file__).resolve().parents[1]
# OC_PROFILE 1 as a Cortex-M0+ takes it; hosts take the other ways to unroll SM3.
FAST = {"OC_PROFILE": "1", "OC_SM3_UNROLL": "1"}
LIMBS32 = "OC_FORCE_32BIT_LIMBS"  # SM2 with the limbs of a microcontroller


def _host_options() -> dict[str, str]:
    """OPTIONS of cpython/build_core.py, which needs cffi to be imported and so is only read."""
    for node in ast.parse((NATIVE / "cpython" / "build_core.py").read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "OPTIONS":
            return ast.literal_eval(node.value)
    raise LookupError("build_core.py has no OPTIONS")


def sets() -> dict[str, dict[str, str]]:
    """Name of a set -> its options. NAME-32 is NAME with 32-bit limbs."""
    host = _host_options()
    portable = host | {"OC_CLMUL": "0", "OC_SHA_UNIT": "0"}  # as on a processor without the units
    plain = {"small": {}, "fast": FAST, "host": host, "portable": portable}
    return plain | {f"{name}-32": {**plain[name], LIMBS32: "1"} for name in plain}


def flags(name: str) -> list[str]:
    """What the compiler is told for a set."""
    return [f"-D{option}={value}" for option, value in sets()[name].items()]


if __name__ == "__main__":
    print(*(word for name in sys.argv[1:] for word in flags(name)) if sys.argv[1:] else sets())
