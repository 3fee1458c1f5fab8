"""The schema explained: examples, docs and words are about every field, and right."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from occard.profiles import ACCOUNTS
from ocwire import setting_tables, settings
from ocwire.errors import SettingError
from onecard.settings import check_file, guide, load, places
from onecard.settings.fields import COMMON, OF_SCENE, SCENES, walk
from onecard.settings.words import NEEDED, SAMPLES, TITLES, WORDS
from terminal.app import _SCENES

DOCS = Path(__file__).parents[2] / "docs"
PATHS = {
    path: field
    for scene, table in [("", COMMON), *OF_SCENE.items()]
    for path, field in walk(table, scene)
}


def test_every_field_has_words_and_no_words_are_left_over():
    assert set(WORDS) == set(PATHS) and set(TITLES) == set(SCENES)
    assert set(SAMPLES) <= set(PATHS) and set(NEEDED) <= set(SCENES)


def test_accounts_and_scenes_are_those_of_the_cards_and_the_terminal():
    for path, field in PATHS.items():
        if path.rpartition(".")[2] in ("account",):
            assert set(field.low) - {""} == set(ACCOUNTS), path
    assert set(_SCENES) <= set(SCENES)
    assert next(field for field in COMMON if field.name == "scene").low == SCENES


@pytest.mark.parametrize("scene", SCENES)
def test_an_example_is_right_as_it_is_and_with_all_that_it_offers(scene, tmp_path):
    text = guide.example(scene)
    path = tmp_path / "as_it_is.toml"
    path.write_text(text, encoding="utf-8")
    assert check_file(path)[1] == [] and load(path).scene == scene
    path.write_text(re.sub(r"(?m)^#(?=[a-z\[])", "", text), encoding="utf-8")
    assert check_file(path)[1] == []
    for field_path in PATHS:
        if field_path.startswith(scene + ".") or field_path in {f.name for f in COMMON}:
            assert WORDS[field_path] in text, field_path


@pytest.mark.parametrize("scene", SCENES)
def test_the_docs_have_a_right_example_of_each_scene(scene):
    assert load(DOCS / "examples" / f"{scene}.toml").scene == scene


def test_there_are_no_other_examples():
    assert {path.stem for path in (DOCS / "examples").glob("*.toml")} == set(SCENES)


def test_the_docs_are_up_to_date():
    """If not: onecard config document, and --scenes, in the place of what follows its mark."""
    for name, made in (("configuration.md", guide), ("scenes.md", places)):
        text = (DOCS / name).read_text(encoding="utf-8")
        assert text.partition(made.MARK)[1:] == made.document().partition(made.MARK)[1:]


# -- whatever comes over the link -----------------------------------------------------------

NAMES = sorted({path.rpartition(".")[2] for path in PATHS} | set(SCENES) | {"x", ""})
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["canteen", "zh", "fixed", "menu", "11:00", "1-2", *SCENES])
    | st.sampled_from([0, 1, 2, 660, 780, 20261231])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=30,
)


@given(JSON)
def test_p7_any_json_ends_in_settings_or_a_setting_error(values):
    try:
        out = settings.check(values)
    except SettingError as error:
        assert str(error)
        return
    assert settings.check(out) == out
    assert list(out) == [line[0] for line in setting_tables.COMMON] + [out["scene"]]


@given(JSON)
def test_p7_a_collector_is_told_of_at_least_what_would_be_raised(values):
    told = []
    try:
        settings.check(values, None, lambda path, text, field: told.append((path, text)))
    except SettingError as error:
        assert not isinstance(values, dict)
        told.append((error.path, error.text))
    try:
        settings.check(values)
    except SettingError as error:
        assert told[0] == (error.path, error.text)
    else:
        assert told == []
