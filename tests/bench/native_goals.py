"""The design's figures to reach for the C core, and whether what was measured reaches them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from native_counts import Counts
from native_host import (
    FASTCRC,
    GMSSL_FAST,
    MBEDTLS,
    MIB,
    OPENSSL,
    OPENSSL_PLAIN,
    OURS,
    OURS_C,
    P256,
    Found,
)
from native_worker import RECORDS as RECORD_COUNT

IMAGES = "fast", "-Os"  # how firmware images and native modules are built


@dataclass(frozen=True)
class Goal:
    """One row. limit None: a mark beside which ours stands, no goal.

    form: how values are shown. why: what kept it from being measured.
    """

    what: str
    measured: float | None
    limit: float | None
    at_least: bool
    form: str = "{:.2f} ×"
    why: str = ""

    def verdict(self) -> str:
        """met, not met, or not measured."""
        if self.measured is None:
            return f"not measured: {self.why}" if self.why else "not measured"
        if self.limit is None:
            return "mark, no goal"
        is_met = self.measured >= self.limit if self.at_least else self.measured <= self.limit
        return "met" if is_met else "**not met**"

    def goal(self) -> str:
        """The limit as text."""
        if self.limit is None:
            return ""
        return f"{'≥' if self.at_least else '≤'} {self.form.format(self.limit)}"

    def value(self) -> str:
        """What was measured as text."""
        return "" if self.measured is None else self.form.format(self.measured)


def _long(found: Found) -> list[Goal]:
    rows = (
        ("SM3", OPENSSL, 1.0), ("SM4-ECB", OPENSSL, 1.5), ("SM4-CTR", OPENSSL, 1.5),
        ("SHA-256", OPENSSL_PLAIN, 1.0), ("SHA-256", MBEDTLS, 1.0),
    )  # fmt: skip
    return [
        Goal(
            f"{row}, 1 MiB, C, beside {_NAMES[peer]}",
            found.ratio(row, OURS_C, peer, MIB), limit, True, why=found.why(row, peer),
        )
        for row, peer, limit in rows
    ]  # fmt: skip


_NAMES = {
    OPENSSL: "`openssl speed`",
    OPENSSL_PLAIN: "OpenSSL without its SHA and AVX units",
    MBEDTLS: "mbedTLS's portable C",
}


def _short(found: Found) -> list[Goal]:
    """64-byte calls from CPython: ours must take less than the peer in the same run."""
    goals = []
    rows = (("SM3", GMSSL_FAST), ("SM4-ECB", GMSSL_FAST), ("SM4-CTR", GMSSL_FAST))
    crcs = (("CRC-32", FASTCRC), ("CRC_A", FASTCRC), ("CRC_B", FASTCRC), ("CRC-16/CCITT", FASTCRC))
    for row, peer in (*rows, *crcs):
        ours, theirs = found.s(row, OURS, 64), found.s(row, peer, 64)
        what = f"{row}, 64-byte call from CPython, beside {peer}"
        if theirs is None or ours is None:
            goals.append(Goal(what, None, None, False, why=found.why(row, peer)))
        else:
            goals.append(Goal(what, ours * 1e6, theirs * 1e6, False, "{:.3f} µs"))
    return goals


def _sm2(found: Found) -> list[Goal]:
    verify = "SM2 verify"
    return [
        Goal(
            f"{verify}, C, beside `openssl speed sm2`",
            found.ratio(verify, OURS_C, OPENSSL), 1.0, True,
        ),
        Goal(
            f"{verify}, C, beside P-256's in `openssl speed`",
            found.ratio(verify, OURS_C, P256), None, True,
        ),
    ]  # fmt: skip


def _records(found: Found) -> list[Goal]:
    goals = []
    for row, limit in (("records check", 10.0), ("records verify", 1.0)):
        s = found.s(row, OURS)
        rate = RECORD_COUNT / s / 1e6 if s else None
        goals.append(Goal(f"{row}, from CPython", rate, limit, True, "{:.2f} M/s"))
    return goals


CORE_GOALS = {
    "cortex-m3": {"SM3": 35.0, "SM4-ECB": 33.0, "SM2 verify": 10e6},
    "cortex-m0plus": {"SM3": 72.0, "SM4-ECB": 64.0, "SM2 verify": 30e6},
}
CPU_NAMES = {"cortex-m3": "Cortex-M3", "cortex-m0plus": "Cortex-M0+"}


def _core(counts: Counts) -> list[Goal]:
    profile, level = IMAGES
    goals = []
    for cpu, limits in CORE_GOALS.items():
        rows = counts.core.get(profile, {}).get(f"{cpu} {level}", {})
        for row, limit in limits.items():
            count, is_call = rows.get(row, {}).get("ours"), limit >= 1e5
            form = "{:.2f} M instructions" if is_call else "{:.2f} instructions a byte"
            scale = 1e6 if is_call else 1.0
            what = f"{row}, {CPU_NAMES[cpu]}, as images are built ({profile}, {level})"
            measured = None if count is None else count / scale
            why = counts.missing.get(profile, "")
            goals.append(Goal(what, measured, limit / scale, False, form, why))
    return goals


def _twin(counts: Counts) -> list[Goal]:
    goals = []
    for board in ("qemu_m3", "qemu_rv32"):
        for name, row in (("sm4_ecb_encrypt", "SM4-ECB"), ("des_ecb_encrypt", "3DES-ECB")):
            found = counts.boards.get(board, {}).get(name, {})
            for build in ("usermod", "natmod"):
                has_both = build in found and "twin" in found
                ratio = found["twin"] / found[build] if has_both else None
                what = f"{row}, {board}, {build} beside the pure Python twin"
                why = counts.missing.get(board, "")
                goals.append(Goal(what, ratio, 100, True, "{:,.0f} ×", why))
    return goals


def _sizes(counts: Counts) -> list[Goal]:
    return [
        Goal(f"size on a Cortex-M0+, -Os, {what}", bytes_, limit, False, "{:,} bytes")
        for what, bytes_, limit in counts.goals
    ] or [Goal("size on a Cortex-M0+", None, None, False, why=counts.missing.get("sizes", ""))]


def goals(found: Found, counts: Counts) -> list[Goal]:
    """Every row of the design's figures that is about the C core."""
    on_host: tuple[Callable[[Found], list[Goal]], ...] = _long, _short, _sm2, _records
    on_core: tuple[Callable[[Counts], list[Goal]], ...] = _core, _twin, _sizes
    rows = [goal for part in on_host for goal in part(found)]
    return rows + [goal for part in on_core for goal in part(counts)]
