"""The C core's part of docs/benchmarks.md, made of what was measured."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from native_counts import Counts
from native_goals import CORE_GOALS, CPU_NAMES, IMAGES, Goal
from native_host import (
    BUDGET_S,
    KIB,
    MBEDTLS,
    MESSAGES,
    MIB,
    OPENSSL,
    OPENSSL_PLAIN,
    OPENSSL_ROUNDS,
    OURS,
    OURS_C,
    P256,
    RECORDS,
    ROUNDS,
    SIZES,
    SLOW_S,
    SM2,
    Found,
)
from native_worker import RECORDS as RECORD_COUNT

NATIVE = "native: begin, written by make bench-native", "native: end"
_TITLE = """# Benchmarks

Written by the commands named in each part, never by hand.
"""
_IN_C = (OURS_C, MBEDTLS, OPENSSL, OPENSSL_PLAIN)  # compared with ours in C; others with occrypto
_NOTES = f"""Processor time of one thread, best of {ROUNDS} rounds of {BUDGET_S * 1000:.0f} ms in
which all contenders take turns. `openssl speed` has {len(OPENSSL_ROUNDS)} rounds of one second
among them and tells the time to a hundredth; a call over {SLOW_S} s has one round. Where a
contender answers, its result was compared with ours. MB/s: 10^6 bytes. The last columns say how
many times as fast ours is: ours in C beside other C (`openssl speed`, mbedTLS), ours from CPython
(`occrypto`) beside Python packages. Ours and the package cryptography make a key schedule in each
call; `openssl speed` and gmssl-fast have it made before. gmssl-fast's ECB and CBC pad: 16 bytes
more. `openssl speed, masked`: SSSE3, XOP, AVX, AVX2 and SHA masked in OPENSSL_ia32cap, which
leaves plain x86-64 assembly; no OpenSSL of portable C is packaged. mbedTLS: the portable C of the
pinned MicroPython tree, compiled as ours is."""


def table(head: Iterable[str], rows: Iterable[Iterable[str]], left: int = 1) -> str:
    """A Markdown table; the first columns to the left, the others to the right."""
    head = list(head)
    lines = [head, ["---"] * left + ["---:"] * (len(head) - left), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _few(value: float | None, scale: float = 1.0) -> str:
    """Three digits that count, or a dash."""
    if value is None:
        return "–"
    value *= scale
    places = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:,.{places}f}"


def summary(goals: list[Goal]) -> str:
    """Every goal, what was measured, and whether it is reached."""
    rows = [[goal.what, goal.value(), goal.goal(), goal.verdict()] for goal in goals]
    return table(("what", "measured", "goal", ""), rows)


def _ratio(found: Found, row: str, name: str, size: int) -> str:
    if name in (OURS, OURS_C):
        return ""
    ratio = found.ratio(row, OURS_C if name in _IN_C else OURS, name, size)
    return _few(ratio)


def host(found: Found) -> str:
    """Messages of SIZES bytes: MB/s, microseconds of short ones, ratios."""
    head = ["", "by", "16 B", "64 B", "1 KiB", "1 MiB", "µs, 16 B", "µs, 64 B"]
    head += ["ours ÷ it, 64 B", "1 KiB", "1 MiB"]
    rows = []
    for row in MESSAGES:
        for name, times in _ordered(found, row):
            speeds = [_few(size / times[size] / 1e6 if size in times else None) for size in SIZES]
            spent = [_few(times.get(size), 1e6) for size in SIZES[:2]]
            ratios = [_ratio(found, row, name, size) for size in (64, KIB, MIB)]
            rows.append([row, name, *speeds, *spent, *ratios])
    return table(head, rows, left=2)


def _ordered(found: Found, row: str) -> list[tuple[str, dict[int, float]]]:
    """Contenders and their times: ours, other C, Python packages."""
    rank = {name: at for at, name in enumerate((OURS_C, OURS, *_IN_C, P256))}
    times = found.seconds.get(row, {})
    return sorted(times.items(), key=lambda item: rank.get(item[0], len(rank)))


def sm2(found: Found) -> str:
    """Signatures a second."""
    rows = []
    names = dict.fromkeys(name for row in SM2[::-1] for name, _ in _ordered(found, row))
    for name in names:
        rates = [found.s(row, name) for row in SM2]
        if not any(rates):
            continue
        peer = OURS_C if name.startswith("openssl") else OURS
        ratio = None if name in (OURS, OURS_C) else found.ratio("SM2 verify", peer, name)
        rows.append(
            [name, *(_few(1 / s if s else None) for s in rates), _few(ratio) if ratio else ""]
        )
    return table(("by", "public key/s", "sign/s", "verify/s", "ours ÷ it, verify"), rows)


def records(found: Found) -> str:
    """Journal records a second."""
    rows = []
    for row in RECORDS:
        for name, times in found.seconds.get(row, {}).items():
            rate = RECORD_COUNT / times[0] / 1e6 if 0 in times else None
            ratio = "" if name == OURS else _few(found.ratio(row, OURS, name))
            rows.append([row, name, _few(rate), ratio])
    return table(("", "by", "M records/s", "ours ÷ it"), rows, left=2)


def unmeasured(found: Found, counts: Counts) -> str:
    """What could not be had, and why."""
    lines = [f"- {f'{name} {row}'.strip()}: {why}" for (name, row), why in found.missing.items()]
    lines += [f"- {part}: {why}" for part, why in counts.missing.items()]
    return "\n".join(lines) + "\n" if lines else ""


def core(counts: Counts) -> str:
    """Instructions of the bare C on two cores, each beside its peers."""
    return "\n".join(f"**{CPU_NAMES[cpu]}**\n\n{_one_core(counts, cpu)}" for cpu in CORE_GOALS)


def _one_core(counts: Counts, cpu: str) -> str:
    ours = [(profile, level) for profile in ("fast", "small") for level in ("-Os", "-O2")]
    head = ["", *(f"ours, {profile}, {level}" for profile, level in ours)]
    head += ["mbedTLS, -Os", "mbedTLS, -O2", "GmSSL quoted, -Os", "GmSSL quoted, -O2", "goal"]
    of = {key: counts.core.get(key[0], {}).get(f"{cpu} {key[1]}", {}) for key in ours}
    rows = []
    for row in of[IMAGES]:
        is_call = row.startswith("SM2")
        cells = [_count(of[key].get(row, {}).get("ours"), is_call) for key in ours]
        cells += [
            _count(of["fast", level].get(row, {}).get(who), is_call)
            for who in ("mbedtls", "gmssl")
            for level in ("-Os", "-O2")
        ]
        limit = CORE_GOALS[cpu].get(row)
        unit = "M a call" if is_call else "a byte"
        rows.append([f"{row}, {unit}", *cells, f"≤ {_count(limit, is_call)}" if limit else ""])
    return table(head, rows)


def _count(value: float | None, is_call: bool) -> str:
    if value is None:
        return "–"
    return f"{value / 1e6:.2f}" if is_call else f"{value:.1f}"


def boards(counts: Counts) -> str:
    """Counts from Python on emulated boards."""
    parts = []
    for board, functions in counts.boards.items():
        unit = "cycles" if board == "rp2_pico" else "instructions"
        rows = []
        for name, found in functions.items():
            ratio = found["twin"] / found["usermod"] if {"twin", "usermod"} <= set(found) else None
            cells = [_per(found.get(by)) for by in ("usermod", "natmod", "viper", "twin")]
            unit_of = "a call" if name.startswith("sm2_") else "a byte"
            rows.append([f"{name}, {unit_of}", *cells, _few(ratio)])
        head = (unit, "usermod", "natmod", "viper twin", "pure twin", "twin ÷ usermod")
        parts.append(f"**{board}**\n\n{table(head, rows)}")
    return "\n".join(parts)


def _per(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value / 1e6:,.2f} M" if value >= 1e6 else _few(value)


def sizes(counts: Counts) -> str:
    """Bytes of each primitive."""
    if not counts.sizes:
        return f"not measured: {counts.missing.get('sizes', 'no size.py')}\n"
    keys = ("flash", "ram", "stack")
    head = ["", *(f"{key}, {profile}" for profile in counts.sizes for key in keys)]
    rows = [
        [row, *(f"{part[row][key]:,}" for part in counts.sizes.values() for key in keys)]
        for row in next(iter(counts.sizes.values()))
    ]
    return table(head, rows)


def text(machine: dict[str, str], goals: list[Goal], found: Found, counts: Counts) -> str:
    """The whole part."""
    verdicts = [goal.verdict() for goal in goals]
    met, missed = verdicts.count("met"), verdicts.count("**not met**")
    without = sum(verdict.startswith("not measured") for verdict in verdicts)
    told = f"{met} met, {missed} not met, {without} not measured."
    facts = "\n".join(f"- {what}: {fact}" for what, fact in machine.items())
    missing = unmeasured(found, counts)
    parts = [
        "## The C core\n\nWritten by `make bench-native`. Ours and the peers were measured in the "
        f"same run; quoted figures say so. Counts do not depend on the machine.\n\n{facts}",
        f"### Goals\n\n{told}\n\n{summary(goals)}",
        f"### On this machine\n\n{_NOTES}\n\n{host(found)}",
        "### SM2 on this machine\n\nOf a 64-byte message, with Z and digest. A key of gmssl-fast "
        f"is a random key pair.\n\n{sm2(found)}",
        f"### Journal records on this machine\n\n{_RECORD_NOTES}\n\n{records(found)}",
        f"### Instructions of the bare core\n\n{_CORE_NOTES}\n\n{core(counts)}",
        f"### From MicroPython\n\n{_BOARD_NOTES}\n\n{boards(counts)}",
        f"### Size\n\nBytes on a Cortex-M0+, `-Os`, before linking.\n\n{sizes(counts)}",
    ]
    if missing:
        parts.append(f"### Not measured\n\n{missing}")
    return "\n\n".join(part.strip() for part in parts)


_RECORD_NOTES = f"""{RECORD_COUNT:,} sealed records of 41 bytes on average, in one call. check:
size and CRC-32 of each; verify: sequence numbers and the chain of SM4-CMACs as well. The Python
loop calls `zlib.crc32` for each record and, for the chain, SM4-CMAC of cryptography."""
_CORE_NOTES = """Ours and mbedTLS, compiled by the same gcc and run in Unicorn; of a long message,
or of a whole call (SM2). Profiles: `native/include/oc_options.h`; images and native modules take
fast with `-Os`. GmSSL's figures are quoted, not measured here: snapshot 24ae4827 (2026-06-30),
counted in the same way with the same gcc; its SM2 is k·G alone and u·P + v·G alone."""
_BOARD_NOTES = """From Python in the guest: QEMU counts instructions, the virtual Pico cycles. A
cipher's count has the making of its result in it. The Pico's image has no twins."""


def write(path: Path, part: str, marks: tuple[str, str] = NATIVE) -> None:
    """Put the part into the file between its marks; other parts stay."""
    begin, end = (f"<!-- {mark} -->" for mark in marks)
    old = path.read_text() if path.exists() else f"{_TITLE}\n"
    if begin not in old:
        old += f"\n{begin}\n{end}\n"
    before, _, rest = old.partition(begin)
    _, _, after = rest.partition(end)
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{before}{begin}\n{part}\n{end}{after or chr(10)}")
