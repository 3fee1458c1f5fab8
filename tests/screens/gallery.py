"""All sheets of all tours: what docs/screens holds and `make screens` writes."""

import importlib
from pathlib import Path

import inproc
import sheet
import tour
from terminal.ui import texts

FOLDER = Path(__file__).parents[2] / "docs" / "screens"
TOURS = sorted(p.stem.removesuffix("_tour") for p in Path(__file__).parent.glob("*_tour.py"))
DISPLAYS = {"mono": inproc.Display, "colour": inproc.ColourDisplay}
OVERVIEW = "all"


def pictures(name, language, display):
    """Of the tour `name`, by name."""
    walk = importlib.import_module(f"{name}_tour").walk
    return tour.take(walk, language, DISPLAYS[display]())


def sheets():
    """Every sheet as (file name without .png, image); the overview is the last."""
    rows = []
    for name in TOURS:
        small = []
        for display in DISPLAYS:
            for language in texts.LANGUAGES:
                taken = pictures(name, language, display)
                is_mono = display == "mono"
                shown = {k: sheet.enlarged(v, 2) if is_mono else v for k, v in taken.items()}
                yield f"{name}-{language}-{display}", sheet.sheet(shown)
                small.append(
                    sheet.sheet({k: v if is_mono else v.reduce(2) for k, v in taken.items()})
                )
        rows.append(sheet.beside(small))
    yield OVERVIEW, sheet.below(rows)
