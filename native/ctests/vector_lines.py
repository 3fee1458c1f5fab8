"""The vectors of tests/vectors/crypto as plain lines for vectors.c: vector_lines.py FOLDER...

A line is: function, its arguments in order (hex bytes, `-` for none; CRCs as 8 hex digits) and the
expected result. Cases that test argument checks belong to the bindings and are left out.
"""

import json
import sys
from pathlib import Path


def _hex(value: object) -> str:
    """One argument or result as the C side reads it."""
    if isinstance(value, dict):
        if "text" in value:
            value = value["text"].encode().hex()
        elif "hex" in value:
            value = value["hex"] * value["times"]
        else:
            value = value["buf"]
    if isinstance(value, bool):
        return "01" if value else "00"
    if isinstance(value, int):
        return f"{value:08x}"
    return value or "-"


def _wanted(case: dict) -> bool:
    """Only what one call to the core can show."""
    return not ({"error", "then", "repeat", "slow"} & case.keys())


def main(folders: list[str]) -> None:
    for folder in folders:
        for path in sorted(Path(folder).glob("*.json")):
            for group in json.loads(path.read_text())["groups"]:
                for case in filter(_wanted, group["cases"]):
                    print(case["fn"], *map(_hex, case["args"]), _hex(case["want"]))


if __name__ == "__main__":
    main(sys.argv[1:])
