"""Settings as TOML files: every fault told by line, exact amounts, PINs that nobody sees."""

import itertools
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ocwire import pin
from onecard.errors import OneCardError
from onecard.settings import Settings, SettingsError, check_file, convert, load
from onecard.settings.fields import COMMON, OF_SCENE, fields, literal, permitted, walk
from onecard.settings.source import Source

PLAIN = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=16)


@pytest.fixture
def written(tmp_path):
    """A function that writes a file, each with its own name."""
    numbers = itertools.count()

    def write(text):
        path = tmp_path / f"{next(numbers)}.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def faults(path):
    """(line, path, text) of each."""
    settings, found = check_file(path)
    assert (settings is None) == bool(found)
    return [(fault.line, fault.path, fault.text) for fault in found]


CANTEEN = """\
merchant = "食堂"
price = 12.50
shift_needed = true

[canteen]
mode = "menu"
menu = [
  {number = 1, name = "米饭", price = 1},
  {number = 2, name = "红烧肉", price = 9.05},
]

[[canteen.meals]]
name = "午餐"
begin = "11:00"
end = "13:00"
"""


def test_a_file_becomes_what_a_terminal_takes(written):
    settings = load(written(CANTEEN))
    assert settings.wire == {
        "scene": "canteen",
        "merchant": "食堂",
        "price": 1250,
        "shift_needed": 1,
        "canteen": {
            "mode": "menu",
            "menu": [
                {"number": 1, "name": "米饭", "price": 100},
                {"number": 2, "name": "红烧肉", "price": 905},
            ],
            "meals": [{"name": "午餐", "begin": 660, "end": 780}],
        },
    }


WRONG = """\
marchant = "食堂"
price = "12.00"
tap_limit = 1.005
scene = "canten"
city = 44
mode = "menu"

[canteen]
mode = "men"
menu = [
  {number = 1, name = "米饭", price = 1},
  {number = 1, name = "红烧肉套餐加大份量", price = -9},
]
booked_only = 1

[[canteen.meals]]
begin = "25:00"
end = "13:00"
[[canteen.meals]]
name = "晚餐"
begin = "17:00"
end = "19:00"
cuont = 1
"""


def test_every_fault_is_told_at_once_with_line_field_and_what_is_permitted(written):
    assert faults(written(WRONG)) == [
        (1, "marchant", 'there is no such field; did you mean "merchant"?'),
        (
            2,
            "price",
            'found "12.00", permitted: 0.00 to 100000.00 yuan; write it without quotes',
        ),
        (3, "tap_limit", "found 1.005, permitted: 0.00 to 100000.00 yuan"),
        (
            4,
            "scene",
            'found "canten", permitted: "canteen", "library", "hotel", "museum", "bus", '
            '"clinic", "topup", "subsidy", "enquiry"; did you mean "canteen"?',
        ),
        (5, "city", 'found 44, permitted: four digits, or ""'),
        (6, "mode", "there is no such field; it belongs in [canteen] or [museum] or [bus]"),
        (
            9,
            "canteen.mode",
            'found "men", permitted: "fixed", "keyed", "menu", "count"; did you mean "menu"?',
        ),
        (
            12,
            "canteen.menu[1].name",
            'found "红烧肉套餐加大份量", permitted: 1 to 16 half-width cells; a Chinese character '
            "takes two",
        ),
        (12, "canteen.menu[1].price", "found -9, permitted: 0.01 to 100000.00 yuan"),
        (12, "canteen.menu[1].number", "is there twice"),
        (14, "canteen.booked_only", "found 1, permitted: true or false"),
        (16, "canteen.meals[0].name", "is missing"),
        (
            17,
            "canteen.meals[0].begin",
            'found "25:00", permitted: time of the day, "00:00" to "23:59"',
        ),
        (23, "canteen.meals[1].cuont", 'there is no such field; did you mean "count"?'),
    ]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('a = "x', 1, "is no TOML: Unterminated string"),
        ("price = 1\nprice = 2\n", 2, "is no TOML: Cannot overwrite a value"),
        ("price = 1\n[canteen\n", 2, "is no TOML"),
        (b"price = 1\nmerchant = '\xff'\n", 2, "is no UTF-8"),
    ],
)
def test_p7_what_is_no_toml_is_told_by_line(written, text, line, says):
    ((found, path, told),) = faults(written(text))
    assert (found, path) == (line, "") and told.startswith(says)


def test_p7_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SettingsError, match=r"no\.toml: cannot be read: No such file"):
        load(tmp_path / "no.toml")


@pytest.mark.parametrize(
    ("text", "line", "path", "says"),
    [
        ("canteen = 5", 1, "canteen", "must be a table"),
        ("[canteen]\nmeals = 5", 2, "canteen.meals", "found 5, permitted: up to 8 tables"),
        ("[canteen]\n\nmeals = [1]", 3, "canteen.meals[0]", "must be a table"),
        ("operators = []\n[canteen]\nmode = 'menu'", 2, "canteen.menu", "must have a dish"),
        (
            "[canteen]\n[[canteen.menu]]\nnumber = 1\nname = 'x'",
            2,
            "canteen.menu[0].price",
            "is m",
        ),
        ("canteen.pin_over = nan", 1, "canteen.pin_over", "found NaN, permitted: 0.00 to"),
        ("price = inf", 1, "price", "found Infinity"),
        ("price = 1e9", 1, "price", "found 1E+9, permitted"),
        ("price = 1e999999", 1, "price", "found 1E+999999, permitted"),
        ("price = true", 1, "price", "found true"),
        ("day_count = 1.5", 1, "day_count", "found 1.5, permitted: 0 to 1000"),
        ("[subsidy]\nlist = 'x'\nexpires = 2026-02-03T10:00:00", 3, "subsidy.expires", "found 20"),
        ("[subsidy]\nlist = 'x'\nexpires = 20260203", 3, "subsidy.expires", "a date such as"),
        ("x = 1", 1, "x", "there is no such field; there are: account"),
        ("[bus]\n[[bus.fares]]\nstops=1\nfare=1\nprice=1", 5, "bus.fares[0].price", "in the top"),
        ("qr_roots = '1=02'", 1, "qr_roots", 'found "1=02", permitted: "index=SM2 public key"'),
        ("[hotel]\nrooms = '9-1'", 2, "hotel.rooms", "permitted: numbers and ranges such as"),
        ("scene = 'subsidy'", 1, "subsidy.list", "is missing"),
    ],
)
def test_a_fault_is_told_where_it_stands(written, text, line, path, says):
    found = faults(written(text))
    assert [(fault[0], fault[1]) for fault in found] == [(line, path)] and says in found[0][2]


def test_too_many_rows_are_counted(written):
    row = '[[canteen.meals]]\nname = "a"\nbegin = "01:00"\nend = "02:00"\n'
    ((line, path, text),) = faults(written(row * 9))
    assert (line, path, text) == (1, "canteen.meals", "found 9 tables, permitted: up to 8 tables")


def test_lines_are_found_however_a_table_is_written(written):
    source = Source(
        written(
            'a.b = 1\n"c d" = 2\n[x]\ny = [\n {z = 1},\n # no\n {z = 2, w = {v = 1}},\n]\n'
            "[[l]]\nk = 1\n[l.m]\nn = 1\n[[l]]\n[[l.o]]\np = 1\n[[l.o]]\np = 2\n"
        )
    )
    for path, line in (
        ("a", 1),
        ("a.b", 1),
        ("c d", 2),
        ("x", 3),
        ("x.y[0].z", 5),
        ("x.y[1].w.v", 7),
        ("l", 9),
        ("l[0].k", 10),
        ("l[0].m.n", 12),
        ("l[1]", 13),
        ("l[1].o[0].p", 15),
        ("l[1].o[1].p", 17),
        ("l[1].o[1].q.r", 16),
        ("nothing", 1),
    ):
        assert source.line(path) == line, path


# -- values -----------------------------------------------------------------------------------


def convert_one(field, text, tmp):
    """What the TOML literal `text` becomes for this field."""
    tmp.write_text(f"v = {text}", encoding="utf-8")
    value = Source(tmp).values["v"]
    return convert._CONVERTERS.get(field.kind, convert._text)(value)


VALUES = {
    "int": lambda f: st.integers(f.low, f.high),
    "fen": lambda f: st.integers(f.low, f.high),
    "bool": lambda f: st.integers(0, 1),
    "time": lambda f: st.integers(f.low, f.high),
    "card_type": lambda f: st.integers(f.low, f.high),
    "date": lambda f: st.dates(date(1970, 1, 1), date(2105, 12, 31)).map(
        lambda day: day.year * 10000 + day.month * 100 + day.day
    ),
    "choice": lambda f: st.sampled_from(f.low),
    "city": lambda f: st.sampled_from(["", "4403"]),
    "serial": lambda f: st.sampled_from(["", "31104403000000000017"]),
    "ranges": lambda f: st.sampled_from(["", "1", "101-118, 201"]),
    "pin": lambda f: st.just(pin.make("2468", bytes(8))),
    "qr_roots": lambda f: st.just(""),
    "sm2_keys": lambda f: st.just(""),
    "hex": lambda f: st.sampled_from(["", "0" * f.high]),
    "label": lambda f: PLAIN.filter(lambda text: f.low <= len(text) <= f.high),
    "text": lambda f: PLAIN.filter(lambda text: f.low <= len(text) <= f.high),
}
SINGLE = {
    path: field
    for scene, table in [("", COMMON), *OF_SCENE.items()]
    for path, field in walk(table, scene)
    if not field.is_list
}


@given(st.data())
def test_a_value_shown_is_read_as_the_same(tmp_path_factory, data):
    field = data.draw(st.sampled_from(sorted(SINGLE.values(), key=str)))
    value = data.draw(VALUES[field.kind](field))
    tmp = tmp_path_factory.getbasetemp() / "one.toml"
    assert convert_one(field, literal(field, value), tmp) == value


@given(st.integers(-(10**14), 10**14), st.integers(0, 4))
def test_yuan_are_exact(tmp_path_factory, number, places):
    """number / 10**places yuan: whole fen, or refused."""
    price = next(field for field in COMMON if field.name == "price")
    whole, part = divmod(abs(number), 10**places)
    text = f"{'-' * (number < 0)}{whole}" + (f".{part:0{places}d}" if places else "")
    tmp = tmp_path_factory.getbasetemp() / "yuan.toml"
    fen, rest = divmod(number * 100, 10**places)
    if rest or abs(number) > 10 ** (12 + places):
        with pytest.raises(convert.Unfit):
            convert_one(price, text, tmp)
    else:
        assert convert_one(price, text, tmp) == fen


# -- PINs ---------------------------------------------------------------------------------------

PIN_FILE = '[[operators]]\nnumber = 1\npin = "%s"\n'


def test_p6_a_pin_leaves_the_file_as_a_hash_alone(written):
    path = written(PIN_FILE % "86420")
    one, two = load(path), load(path)
    kept = one.wire["operators"][0]["pin"]
    assert pin.is_right(kept, "86420") and "86420" not in repr(one.wire)
    assert kept != two.wire["operators"][0]["pin"]  # another salt
    assert one.shown["operators"] == [{"number": 1, "pin": "***"}]
    assert load(written(PIN_FILE % kept)).wire == one.wire


@pytest.mark.parametrize("digits", ["123", "123456789", "12a45", "99887:766", ""])
def test_p6_a_pin_that_may_not_be_is_not_repeated(written, digits):
    ((line, path, text),) = faults(written(PIN_FILE % digits))
    assert (line, path) == (3, "operators[0].pin")
    assert text.startswith("found something else, permitted: 4 to 8 digits in quotes")
    assert not digits or digits not in text


# -- the model ----------------------------------------------------------------------------------


def rows_of(field):
    return st.lists(
        table_of(field.rows), max_size=3, unique_by=lambda row: row[field.rows[0].name]
    )


def table_of(known):
    """Values of all fields of a table."""
    return st.fixed_dictionaries(
        {f.name: rows_of(f) if f.is_list else VALUES[f.kind](f) for f in known}
    )


@given(table_of(COMMON), st.fixed_dictionaries({s: table_of(OF_SCENE[s]) for s in OF_SCENE}))
def test_what_is_sent_is_all_that_was_said(common, own):
    try:
        settings = Settings(**common, **own)
    except OneCardError:
        return  # what several fields have to do with each other: tests/both/test_settings.py
    assert Settings(**settings.wire).values == settings.values
    assert settings.scene == common["scene"] and common.items() <= settings.values.items()
    assert settings.values[settings.scene] == own[settings.scene]


def test_settings_with_others_in_their_place():
    one = Settings(merchant="甲", price=100, canteen={"mode": "keyed"})
    two = one.but(merchant=None, price=0)
    assert two.wire == {"scene": "canteen", "merchant": "甲", "canteen": {"mode": "keyed"}}
    assert one.wire["price"] == 100
    with pytest.raises(OneCardError, match="settings: price must be 0 to"):
        one.but(price=-1)


def test_every_kind_is_explained():
    for path, field in SINGLE.items():
        assert permitted(field), path
    assert fields((("x", "int", 1, 0, 5),))[0].high == 5
