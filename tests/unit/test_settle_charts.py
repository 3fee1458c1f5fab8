"""Charts and the printable page say the sums they were given, and nothing runs in them."""

import io
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from onecard.report import yuan
from onecard.settle import charts
from onecard.settle.page import page
from onecard.settle.settlement import Settlement
from PIL import Image

SCENES = ("canteen", "bus")
ROWS = [
    {"scene": scene, "hour": hour, "purchases": 100 * hour, "refunds": 50, "loads": 0}
    for scene in SCENES
    for hour in (7, 12)
]
EVIL = "<script>alert(1)</script>&$x_1$"


def texts(svg):
    root = ET.fromstring(svg)
    return ["".join(e.itertext()) for e in root.iter() if e.tag.endswith("}text")]


def test_bars_along_the_hours_are_as_high_as_the_sums():
    svg = charts.draw(ROWS, ("scene", "hour"))
    assert charts.draw(ROWS, ("scene", "hour")) == svg
    assert {"07", "08", "12", *SCENES, "yuan", "hour"} <= set(texts(svg))
    # four bars: Matplotlib clips each; heights in the ratio of 6.5 to 11.5 yuan
    paths = re.findall(rb'<path d="M (\S+) (\S+) \nL (\S+) \S+ \nL \S+ (\S+) ', svg)
    heights = sorted(
        {round(float(y0) - float(y2), 3) for x0, y0, x1, y2 in paths if 20 < float(x1) - float(x0)}
    )
    ratios = [round(b / a, 2) for a in heights for b in heights if a]
    assert round(11.5 / 6.5, 2) in ratios


def test_names_are_texts_whatever_they_are():
    rows = [dict(ROWS[0], merchant=name) for name in ("第一小学食堂", EVIL, "")]
    found = texts(charts.draw(rows, ("merchant",)))
    assert {"第一小学食堂", EVIL, "–"} <= set(found) and found.count("6.50") == 3


def test_more_bars_than_a_page_takes_are_added_up():
    rows = [dict(ROWS[0], merchant=f"m{n:03d}", purchases=1000 + n) for n in range(60)]
    found = texts(charts.draw(rows, ("merchant",)))
    rest = sum(sorted(1000 + n - 50 for n in range(60))[:20])
    assert "m059" in found and "m000" not in found and f"{rest / 100:,.2f}" in found


def test_nothing_to_show_is_an_empty_chart():
    assert texts(charts.draw([], ("merchant",))) and texts(charts.draw([], ("hour",)))


@pytest.mark.parametrize("form", charts.FORMATS)
def test_each_format_is_written(tmp_path, form):
    path = tmp_path / f"chart.{form}"
    charts.save(ROWS, ("scene",), path)
    raw = path.read_bytes()
    if form == "png":
        assert Image.open(io.BytesIO(raw)).width > 500
    assert raw[:4] == {"svg": b"<?xm", "png": b"\x89PNG", "pdf": b"%PDF"}[form]


def test_another_format_and_a_missing_folder_are_told(tmp_path):
    with pytest.raises(charts.ChartError, match="no chart of this kind"):
        charts.save(ROWS, ("scene",), tmp_path / "chart.doc")
    with pytest.raises(charts.ChartError, match="No such file"):
        charts.save(ROWS, ("scene",), tmp_path / "nowhere" / "chart.svg")


SUMS = {"purchases": 123456, "refunds": 100, "loads": 0, "purchases_count": 7}


def made(**changes):
    sums = SUMS | {"refunds_count": 1, "loads_count": 0}
    case = {"merchant": EVIL, "terminal": "1", "seq": 9, "card": "0310999000000001", "amount": 77}
    return Settlement(
        "2025-06-12",
        True,
        [],
        merchants=[{"merchant": EVIL, "fee": 5, "net": 123351} | sums],
        issuers=[{"issuer": "county", "net": 123356} | sums],
        totals=sums | {"fees": 5, "paid_to_merchants": 123351, "paid_by_issuers": 123356},
        doubts=[case | {"outcome": "in doubt", "evidence": ""}],
        held=[case | {"held_for": "cloned card"}],
        findings=[{"terminal": "1", "seq": 9, "kind": "cloned card", "text": EVIL}],
        **changes,
    )


class Cells(HTMLParser):
    """The texts of a page, and its elements."""

    def __init__(self, text):
        super().__init__()
        self.texts, self.tags, self.links = [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [v for k, v in attrs if k in ("src", "href") and not v.startswith("#")]

    def handle_data(self, data):
        self.texts.append(data.strip())


def test_the_page_has_every_sum_and_case_and_loads_nothing():
    row = {"scene": "canteen", "kind": "purchase", "amount": 500, "time_s": 1_749_690_000}
    cells = Cells(page(made(), [row]))
    wanted = [yuan(n) for n in (123456, 100, 5, 123351, 123356, 77)]
    assert set(wanted) <= set(cells.texts) and "balanced to the fen." in " ".join(cells.texts)
    assert EVIL in cells.texts and "script" not in cells.tags and "svg" in cells.tags
    assert cells.links == []
    assert "…0001" in cells.texts and "0310999000000001" not in "".join(cells.texts)


def test_what_is_not_balanced_is_said_on_the_page():
    text = " ".join(Cells(page(made(imbalances=["terminal 1: " + EVIL]), [])).texts)
    assert "not balanced." in text and "terminal 1: " + EVIL in text
