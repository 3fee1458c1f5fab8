"""Settings as large as they may be."""

from __future__ import annotations

from typing import Any

_CHARACTERS = "红烧排骨鱼香肉丝宫保鸡丁麻婆豆腐糖醋里脊番茄炒蛋青椒土豆回锅干煸扁蒜蓉西兰花"


def largest() -> dict[str, Any]:
    """A canteen's settings with every list as long as it may be, and names that are lent."""
    names = [_CHARACTERS[n % 30] + _CHARACTERS[(n * 7 + 3) % 36] for n in range(60)]
    pin = "0" * 16 + ":" + "0" * 32
    return {
        "merchant": "第一小学食堂",
        "scene": "canteen",
        "repeat_ms": 0,
        "price": 1200,
        "tap_limit": 5000,
        "day_limit": 9000,
        "day_count": 5,
        "min_left": 0,
        "passback_s": 1,
        "counted_cards": 2000,
        "operators": [
            {"number": n + 1, "name": names[n], "pin": pin, "level": 1} for n in range(16)
        ],
        "canteen": {
            "meals": [
                {"name": f"{names[n]}{n}", "begin": n * 180, "end": n * 180 + 179, "count": 5}
                for n in range(8)
            ],
            "menu": [{"number": n + 1, "name": names[n], "price": 900} for n in range(60)],
            "classes": [
                {"name": f"{names[n]}{n}", "card_type": n + 20, "percent": 90} for n in range(16)
            ],
        },
    }
