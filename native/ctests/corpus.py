"""The seeds of the fuzz harnesses as files, from the shared vectors: corpus.py OUT VECTORS

Each harness gets OUT/NAME/, one input a file. A finding is kept by adding it to KEPT as hex.
"""

import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import vector_lines

# The public key of GM/T 0003.5-2012, and e, r, s that only the check of r, of s or of r + s
# refuses: the equation x(sG + tP) = r - e holds.
_KEY = (
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
_EVEN_SO = (
    "e2249475d0ff79283a81dec37cb78ce3d82d633b04b510712d9b32311dbe9c8c" + f"{0:064x}{7:064x}",
    "ceae5cb31dfd16bf6fceb2d2922a889c4165d2addb1520183596febea61de338" + f"{5:064x}{0:064x}",
    "220f6da9abf63e6202417958a3ec66f8ca024737aa8116b2869410845fd89207"
    "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d5411c" + f"{7:064x}",
)
# harness -> inputs that no vector holds
KEPT = {
    "der": ("", "30", "3006020100020100", "308106020101020101", "3080020101020101"),
    "point": ("", "00", "04" + "00" * 64, "02" + "00" * 32, "03" + "ff" * 32),
    "sign": ("", "00" * 31 + "01" + "00" * 34, "ff" * 66),
    "verify": ("", "00" * 160, "ff" * 160, *(_KEY + text for text in _EVEN_SO)),
    "ccm": ("", "00" * 31),
    "hash": ("", "ff" * 104 + "01", "00" * 7 + "01" + "5a" * 300),
    "records": ("", "00" * 26 + "0c" * 24, "11" * 26 + "bc" * 400),
}


def _hex(value: object) -> str:
    text = vector_lines.word(value)
    return "" if text == "-" else text


def _seeds(case: dict) -> Iterator[tuple[str, str]]:
    """Harness and input, as hex, for what it can use of a case."""
    if not vector_lines.is_for_the_core(case):
        return
    fn, args = case["fn"], [_hex(value) for value in case["args"] if value not in ("$", "$0")]
    if fn in ("sm2_signature", "sm2_signature_der"):
        yield "der", args[0]
    elif fn == "sm2_point":
        yield "point", args[0]
    elif fn == "sm2_sign":
        yield "sign", args[0] + args[1]
    elif fn == "sm2_verify":
        yield "verify", "".join(args)
        yield "point", args[0]
    elif fn in ("sm4_ccm_seal", "sm4_ccm_open") and len(args[2]) < 2 * 256:
        yield "ccm", args[0] + args[1] + "0000" + f"{len(args[2]) // 2:02x}" + args[2] + args[3]
    elif fn in ("sm3", "sha256"):
        yield "hash", "00" * 104 + "07" + args[0]
    elif fn == "sm4_cmac":
        yield "records", args[0] + "00000000" + "0000fffe" + "0010" + args[1] * 3


def write(out: Path, vectors: Path) -> dict[str, int]:
    """Writes the seeds. Returns how many each harness has."""
    counts = dict.fromkeys(KEPT, 0)
    seeds = [(name, text) for name, texts in KEPT.items() for text in texts]
    for case in vector_lines.cases(str(vectors)):
        seeds += _seeds(case)
    for name, text in dict.fromkeys(seeds):
        raw = bytes.fromhex(text)
        (out / name).mkdir(parents=True, exist_ok=True)
        (out / name / sha256(raw).hexdigest()[:16]).write_bytes(raw)
        counts[name] += 1
    return counts


if __name__ == "__main__":
    print(*(f"{k} {v}" for k, v in write(Path(sys.argv[1]), Path(sys.argv[2])).items()), sep=", ")
