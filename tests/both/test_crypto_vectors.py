"""The crypto vectors of tests/vectors/crypto, for any occrypto backend on any runtime.

Runs unchanged on CPython (pytest collects it), the MicroPython unix port (run_vectors.py) and the
virtual Pico, which has no file system to read from and is handed the text: run(module, json_text).

A vector file is {"groups": [{"source": ..., "cases": [...]}]}. A case calls `fn` with `args` and
expects the result `want`, or the exception `error` (with `text`). An argument is hex for bytes, a
number, true, null, {"text": bytes of a text}, {"hex": h, "times": n}, {"buf": bytearray},
{"str": a str}, {"list": a list}, or "$", the result so far. Optional keys: `then` calls more
functions, `left` compares only that many bytes, `repeat` feeds the result back as last argument
that often, `slow` marks what is for fast backends only. What returns None is judged by the
bytearray it was given.
"""

import json
import os
from binascii import hexlify, unhexlify


def _argument(value, result):
    """One argument of a case, decoded; `result` is what "$" stands for."""
    if value == "$":
        return result
    if isinstance(value, str):
        return unhexlify(value)
    if isinstance(value, dict):
        if "text" in value:
            return value["text"].encode()
        if "hex" in value:
            return unhexlify(value["hex"]) * value["times"]
        if "buf" in value:
            return bytearray(unhexlify(value["buf"]))
        return value["str"] if "str" in value else value["list"]
    return value


def _call(module, name, raw, result):
    """The function's result, or what it left in the bytearray it was given."""
    args = [_argument(value, result) for value in raw]
    value = getattr(module, name)(*args)
    if value is None:
        value = bytes(next(arg for arg in args if isinstance(arg, bytearray)))
    return value


def _outcome(module, case):
    """What the case came to, in the form of its `want`. Exceptions pass through."""
    args = case["args"]
    result = _call(module, case["fn"], args, None)
    for _ in range(case.get("repeat", 1) - 1):
        result = _call(module, case["fn"], args[:-1] + ["$"], result)
    for name, raw in case.get("then", ()):
        result = _call(module, name, raw, result)
    if isinstance(result, bytes):
        result = hexlify(result[: case.get("left", len(result))]).decode()
    return result


def _check(module, case):
    """None if the case holds, else a line that says what happened instead."""
    try:
        result = _outcome(module, case)
    except (TypeError, ValueError) as error:
        if type(error).__name__ != case.get("error"):
            return f"{type(error).__name__}: {error}"
        if "text" in case and str(error) != case["text"]:
            return f"says {str(error)!r}, not {case['text']!r}"
        return None
    if "error" in case:
        return f"no {case['error']}, but {result!r}"
    if type(result) is not type(case["want"]) or result != case["want"]:
        return f"{result!r}, not {case['want']!r}"
    return None


def run(module, json_text, slow=False):
    """Run the cases of one file on `module` (anything with occrypto's names).

    slow: the cases marked so, too. Returns (count of cases run, list of failures as lines).
    """
    count = 0
    failures = []
    for group in json.loads(json_text)["groups"]:
        for case in group["cases"]:
            if case.get("slow") and not slow:
                continue
            count += 1
            trouble = _check(module, case)
            if trouble:
                failures.append(f"{case['name']} [{group['source']}]: {trouble}")
    return count, failures


def run_folder(module, folder, slow=False):
    """run() on every .json in folder, in name order. Same results, added up."""
    count = 0
    failures = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".json"):
            with open(folder + "/" + name) as file:
                part, lines = run(module, file.read(), slow)
            count += part
            failures += [name + ": " + line for line in lines]
    return count, failures


def _folder():
    """Asked for late: text handed to a REPL has no __file__, and no folder either."""
    return __file__.replace("\\", "/").rsplit("/", 1)[0] + "/../vectors/crypto"


def test_vectors_hold_on_the_backend_in_use():
    import occrypto

    fast = occrypto.backend in ("cffi", "usermod", "natmod")
    count, failures = run_folder(occrypto, _folder(), slow=fast)
    assert count > 100 and not failures, failures


def test_vectors_hold_on_the_reference_twin():
    from occrypto import _reference

    count, failures = run_folder(_reference, _folder())
    assert count > 100 and not failures, failures


def test_a_wrong_value_is_noticed():
    class Wrong:
        sm3 = staticmethod(lambda data: bytes(32))

    head, tail = '{"groups": [{"source": "none", "cases": [', "]}]}"
    want = '{"name": "n", "fn": "sm3", "args": ["00"], "want": "01"}'
    error = '{"name": "n", "fn": "sm3", "args": ["00"], "error": "TypeError"}'
    for text in (want, error):
        count, failures = run(Wrong, head + text + tail)
        assert count == 1 and len(failures) == 1, failures
