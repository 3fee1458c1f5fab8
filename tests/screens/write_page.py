"""make screens: a picture of `onecard sim --web` in Chromium, into docs/screens.

Not compared in tests: fonts and browsers differ. What its canvas shows is, in tests/e2e.
"""

import io
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("firmware", "tests/e2e", "tests/screens")]

from page_rig import PageRig  # noqa: E402
from PIL import Image  # noqa: E402

PATH = ROOT / "docs" / "screens" / "web-bench.png"


def main():
    """Take it: a purchase that has just been paid."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("no chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, PageRig(Path(folder), chromium, "st7789") as at:
        page = at.open("zh-CN", 1360, 860)
        for name, says in (("c", "卡已挂失"), ("a", "支付成功")):
            at.drag(page, f'[data-card="{name}"]', "#reader")
            at.shows(page, says)
            if name == "c":
                at.drag(page, f'[data-card="{name}"]', "#codes")
                at.shows(page, "请刷卡")
        page.locator("#log li").filter(has_text="成功").wait_for()
        raw = page.screenshot()
        assert not page.errors, page.errors
    image = Image.open(io.BytesIO(raw)).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    image.save(PATH, optimize=True)
    print(f"{PATH.relative_to(ROOT)}: {image.width} x {image.height}")


main()
