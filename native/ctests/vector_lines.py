"""The vectors of tests/vectors/crypto as plain lines for vectors.c: vector_lines.py FOLDER...

A line is one call: function, what it must return, `index:shift` of the argument its output lies
over (`-`: none), the expected output and its arguments. Numbers are `#n`, bytes hex (`-`: none),
`$` the result before, `$0` the first one of the case. Expected are hex (the left part of the
output), `?` (not looked at), `same` (nothing written) or `zero`. A case that tests what only a
binding checks is left out: the core has other types.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

# What a core function returns for the errors that are its own, and what is in its output then.
_OUTCOMES = {
    "must be 33, 64 or 65 bytes": (-1, "same"),
    "has a wrong prefix": (-2, "same"),
    "coordinate must be under p": (-3, "same"),
    "is not on the curve": (-4, "same"),
    "private key must be 1 to n-2": (-5, "same"),
    "signature must be strict DER of two integers of 1 to 32 bytes": (-6, "same"),
    "tag is wrong": (-1, "zero"),
    "key must be 8, 16 or 24 bytes": (-1, "same"),
}
_SIZES = {"sm2_sign": (32, 32), "sm2_public_key": (32,), "sm2_verify": (64, 32, 64)}
_DEFAULTS = {  # arguments a binding fills in: index -> value
    "crc_a": {1: 0x6363},
    "crc_b": {1: 0},
    "crc_ccitt": {1: 0xFFFF},
    "crc32": {1: 0},
    "sm2_z": {1: {"text": "1234567812345678"}},
    "sm2_digest": {2: {"text": "1234567812345678"}},
}
_KEEP_APART = ("sm2_public_key",)  # oc_sm2.h: inputs may not overlap the output


def word(value: object) -> str:
    """One argument as the C side reads it."""
    if isinstance(value, dict):
        if "text" in value:
            value = value["text"].encode().hex()
        elif "hex" in value:
            value = value["hex"] * value["times"]
        else:
            value = value["buf"]
    if isinstance(value, int):
        return f"#{value}"
    return value or "-"


def _call(fn: str, args: list) -> str:
    """The arguments of one call, with those a binding fills in."""
    missing = _DEFAULTS.get(fn, {})
    args = [*args, *(missing[i] for i in sorted(missing) if i >= len(args))]
    return " ".join(map(word, args))


def is_for_the_core(case: dict) -> bool:
    """Whether the core itself, without a binding, can show what the case is about."""
    args, fn = case["args"], case["fn"]
    if "error" in case and not any((case.get("text") or "-").endswith(text) for text in _OUTCOMES):
        return False
    if (fn == "crc32" and len(args) > 2) or "repeat" in case:
        return False  # the binding's own result in a buffer; a million blocks: see vectors.c
    if any(
        arg is None or (isinstance(arg, dict) and {"str", "list"} & arg.keys()) for arg in args
    ):
        return False
    if "error" in case and fn in _SIZES:
        sizes = tuple(len(arg) // 2 for arg in args if isinstance(arg, str))
        return sizes == _SIZES[fn]
    return True


def _expected(case: dict) -> tuple[object, str]:
    """What the last call of a case returns, and its output."""
    if "error" in case:
        return next(_OUTCOMES[text] for text in _OUTCOMES if case["text"].endswith(text))
    want = case["want"]
    if isinstance(want, int):  # also a bool
        return int(want), "?"
    returned = len(want) // 2 if case["fn"] == "sm2_signature_der" else 0
    return returned, want or "-"


def lines(case: dict) -> Iterator[str]:
    """The calls of one case, one a line."""
    calls = [(case["fn"], case["args"]), *case.get("then", ())]
    for index, (fn, args) in enumerate(calls):
        over = "-"
        if index == 0 and "over" in case and fn not in _KEEP_APART:
            over = "{}:{}".format(*case["over"])
        returned, output = _expected(case) if index == len(calls) - 1 else ("?", "?")
        yield f"{fn} {returned} {over} {output} {_call(fn, args)}"


def cases(folder: str) -> Iterator[dict]:
    """Every case of every file, in order."""
    for path in sorted(Path(folder).glob("*.json")):
        for group in json.loads(path.read_text())["groups"]:
            yield from group["cases"]


def main(folders: list[str]) -> None:
    for folder in folders:
        for case in filter(is_for_the_core, cases(folder)):
            print(*lines(case), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
