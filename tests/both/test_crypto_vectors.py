"""The crypto vectors of tests/vectors/crypto, for any occrypto backend on any runtime.

Runs unchanged on CPython (pytest collects it), the MicroPython unix port (run_vectors.py) and the
virtual Pico, which has no file system to read from and is handed the text: run(module, json_text).

A vector file is {"groups": [{"source": ..., "cases": [...]}]}. A case calls `fn` with `args` and
expects the result `want`, or the exception `error` (with `text`). An argument is hex for bytes, a
number, true, null, {"text": bytes of a text}, {"hex": h, "times": n}, {"buf": bytearray},
{"str": a str}, {"list": a list}, "$", the result so far, or "$0", the first one. Optional keys:
`then` calls more functions, `left` compares only that many bytes, `repeat` feeds the result back
as last argument that often, `slow` marks what is for fast backends only. What returns None is
judged by the bytearray it was given. A bytearray must come out of an error as it was.

`out` hands fn that many writable bytes as one more argument, and they must be what it returns and
hold the result. With `over` [index, shift] they lie over that argument: `shift` bytes behind its
start in one memory, so that each may be written before it is read. `zeroed`: they hold zeroes
after an error.
"""

import json
import os
from binascii import hexlify, unhexlify

_MARGIN = 64
_FILL = 0xA5


def _argument(value, result, first):
    """One argument of a case, decoded; result and first are what "$" and "$0" stand for."""
    if value == "$":
        return result
    if value == "$0":
        return first
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


def _call(function, args):
    """The function's result, or the bytearray it was given and answered None for."""
    value = function(*args)
    if value is None:
        value = next(arg for arg in args if isinstance(arg, bytearray))
    return value


def _with_out(args, size, over):
    """args and one more: `size` writable bytes, over the memory of another one if told so."""
    if not over:
        return args + [bytearray([_FILL] * size)]
    index, shift = over
    data = args[index]
    memory = bytearray([_FILL] * (2 * _MARGIN + max(len(data), size)))
    view = memoryview(memory)
    view[_MARGIN : _MARGIN + len(data)] = data
    start = _MARGIN + shift
    window = view[_MARGIN : _MARGIN + len(data)]
    return args[:index] + [window] + args[index + 1 :] + [view[start : start + size]]


def _raised(function, args, zeroed):
    """What the case came to when `function` is right to raise: see _outcome()."""
    before = [bytes(arg) if isinstance(arg, bytearray) else None for arg in args]
    try:
        return _call(function, args)
    except (TypeError, ValueError):
        for i in range(len(args)):
            if before[i] is not None:
                if args[i] != (bytes(len(before[i])) if zeroed else before[i]):
                    raise RuntimeError(f"argument {i} was written to")
        raise


def _outcome(module, case):
    """What the case came to, in the form of its `want`. Exceptions pass through."""
    args = case["args"]
    function = getattr(module, case["fn"])
    given = [_argument(value, None, None) for value in args]
    if "out" in case:
        given = _with_out(given, case["out"], case.get("over"))
        result = _raised(function, given, case.get("zeroed"))
        if result is not given[-1]:
            return "not the buffer it was given"
        result = bytes(result)
    else:
        result = _raised(function, given, False)
    first = result
    for _ in range(case.get("repeat", 1) - 1):
        result = function(*given[:-1], result)
    for name, raw in case.get("then", ()):
        more = [_argument(value, result, first) for value in raw]
        result = _call(getattr(module, name), more)
    if isinstance(result, (bytes, bytearray)):
        result = hexlify(bytes(result[: case.get("left", len(result))])).decode()
    return result


def _check(module, case):
    """None if the case holds, else a line that says what happened instead."""
    try:
        result = _outcome(module, case)
    except (RuntimeError, AttributeError) as error:  # the runner's own, or no such function
        return str(error)
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
    assert count > 1000 and not failures, failures


def test_vectors_hold_on_the_reference_twin():
    from occrypto import _reference

    count, failures = run_folder(_reference, _folder())
    assert count > 1000 and not failures, failures


def _trouble(function, **case):
    """How many failures one case named "fn" comes to on a module that has only `function`."""

    class Module:
        fn = staticmethod(function)

    case = dict(case, name="n", fn="fn")
    count, failures = run(Module, json.dumps({"groups": [{"source": "-", "cases": [case]}]}))
    assert count == 1
    return len(failures)


def test_a_wrong_value_or_a_missing_error_is_noticed():
    assert _trouble(lambda data: bytes(32), args=["00"], want="01") == 1
    assert _trouble(lambda data: bytes(32), args=["00"], error="TypeError") == 1
    assert _trouble(lambda data: True, args=["00"], want=1) == 1


def test_an_out_that_is_not_filled_or_not_returned_is_noticed():
    def right(data, out):
        out[:] = bytes(data)
        return out

    case = {"args": ["0102"], "want": "0102", "out": 2}
    assert _trouble(right, **case) == 0
    assert _trouble(lambda data, out: bytes(data), **case) == 1
    assert _trouble(lambda data, out: out, **case) == 1


def test_an_out_that_is_written_before_an_overlapping_input_is_read_is_noticed():
    def right(data, out):
        out[:] = bytes(data)
        return out

    def careless(data, out):
        for i in range(len(data)):
            out[i] = data[i]
        return out

    for shift in (-1, 0, 1):
        case = {"args": ["010203"], "want": "010203", "out": 3, "over": [0, shift]}
        assert _trouble(right, **case) == 0
        assert _trouble(careless, **case) == (shift == 1)


def test_a_buffer_written_before_an_error_is_noticed():
    def refuse(buf, fill=None):
        if fill is not None:
            buf[0] = fill
        raise ValueError("no")

    case = {"args": [{"buf": "01"}], "error": "ValueError", "text": "no"}
    assert _trouble(refuse, **case) == 0
    assert _trouble(lambda buf: refuse(buf, 5), **case) == 1
    zeroed = {"args": [], "out": 1, "zeroed": True, "error": "ValueError"}
    assert _trouble(lambda out: refuse(out, 0), **zeroed) == 0
    assert _trouble(refuse, **zeroed) == 1
