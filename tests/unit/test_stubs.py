"""native/occrypto/__init__.pyi: made from the C binding's comments, true, and of use to mypy."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from occrypto import _cffi, _reference

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "native" / "mpy" / "stubs.py"
STUB = ROOT / "native" / "occrypto" / "__init__.pyi"
SAMPLE = """
import occrypto
from occrypto import sm2_digest, sm4_ctr

key = bytes(16)
digest: bytes = occrypto.sm3(b"abc")
filled: bytearray = occrypto.sm3(memoryview(b"abc"), bytearray(32))
e: bytes = sm2_digest(bytes(64), b"message")
crc: int = occrypto.crc32(b"", 0)
name: str = occrypto.backend
right: bool = occrypto.sm2_verify(bytes(64), e, bytes(64))
count, size = occrypto.records_verify(key, 0, bytes(4), b"")
"""
# A read-only `out` is none of it: to the type system a buffer is a buffer.
WRONG = """
occrypto.sm3("text")
occrypto.sm3(data=b"abc")
text: str = occrypto.sm3(b"abc")
sm4_ctr(key, key)
occrypto.no_such_function()
"""


def definitions():
    """name -> its definitions in the stub: one, or two overloads."""
    found = {}
    for node in ast.parse(STUB.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.setdefault(node.name, []).append(node)
    return found


def public(module):
    names = [name for name in dir(module) if not name.startswith("_") and name != "binding"]
    return {name: getattr(module, name) for name in names}


def mypy(folder, source):
    """mypy's messages on a file of that text."""
    path = folder / "sample.py"
    path.write_text(source)
    config = folder / "mypy.ini"
    config.write_text("[mypy]\nstrict = true\n")
    command = [sys.executable, "-m", "mypy", "--config-file", str(config), "--no-error-summary"]
    done = subprocess.run(
        [*command, "--cache-dir", str(folder / "cache"), str(path)],
        env={"MYPYPATH": str(ROOT / "native")},
        capture_output=True,
        text=True,
    )
    assert not done.stderr, done.stderr
    return done.stdout.splitlines()


def test_the_committed_stub_is_what_the_comments_say():
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("module", (_cffi, _reference), ids=("cffi", "reference"))
def test_it_names_every_function_of_a_backend_with_its_parameters(module):
    functions, stubbed = public(module), definitions()
    assert functions.keys() == stubbed.keys()
    for name, function in functions.items():
        parameters = list(inspect.signature(function).parameters)
        for node in stubbed[name]:
            assert [argument.arg for argument in node.args.posonlyargs] == parameters, name


def test_what_takes_out_has_an_overload_that_returns_it():
    for name, nodes in definitions().items():
        takes_out = any(argument.arg == "out" for argument in nodes[0].args.posonlyargs)
        assert len(nodes) == 1 + takes_out, name
        if takes_out:
            assert ast.unparse(nodes[1].returns) == "_Out"
        assert ast.get_docstring(nodes[0]), name


def test_mypy_takes_right_uses_and_no_wrong_one(tmp_path):
    assert mypy(tmp_path, SAMPLE) == []
    errors = [line for line in mypy(tmp_path, SAMPLE + WRONG) if " error: " in line]
    after = SAMPLE.count("\n") + 1
    assert {int(line.split(":")[1]) for line in errors} == {
        after + index for index, line in enumerate(WRONG.split("\n")) if line
    }
