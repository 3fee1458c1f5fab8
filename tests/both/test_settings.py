"""Settings and PINs, for any runtime: as test_ocwire.py, plain functions, assert only."""

from binascii import hexlify, unhexlify

from ocwire import pin, settings
from ocwire.errors import UNKNOWN, SettingError, WireError
from ocwire.setting_tables import COMMON, SCENES

SALT = unhexlify("0011223344556677")
KEPT = pin.make("1234", SALT)
NEEDED = {"bus": {"price": 200}, "subsidy": {"subsidy": {"list": "2026-05"}}}
LUNCH = {"name": "午餐", "begin": 660, "end": 780, "price": 1200, "count": 1}


def raises(kind, function, *args):
    """The exception of this kind that function(*args) raises; AssertionError if there is none."""
    try:
        function(*args)
    except kind as error:
        return error
    raise AssertionError("no " + kind.__name__)


def refusal(values, scenes=None):
    """What check() says against these values."""
    error = raises(SettingError, settings.check, values, scenes)
    assert isinstance(error, WireError)
    return error


def test_nothing_said_is_all_defaults_and_checks_again():
    for scene in SCENES:
        values = settings.check(dict(NEEDED.get(scene, {}), scene=scene))
        names = [field[0] for field in COMMON] + [scene]
        assert sorted(values) == sorted(names)
        assert sorted(values[scene]) == sorted(field[0] for field in SCENES[scene])
        assert settings.check(values) == values


def test_defaults_are_values_that_may_be_said():
    for fields in [COMMON] + list(SCENES.values()):
        for field in fields:
            inner = field[2] if field[1] == "tables" else (field,)
            for name, _, default, _, _ in inner:
                one = tuple(f for f in inner if f[0] == name)
                if default is not None:
                    found = settings._table("", one, {name: default}, failed)
                    assert found == {name: default}


def failed(path, text, field=None):
    """For _table: nothing may be refused."""
    raise AssertionError(path + " " + text)


def test_only_the_configured_scene_s_table_is_kept():
    both = {"canteen": {"meals": [LUNCH]}, "library": {"loan_days": 14}}
    values = settings.check(both)
    assert values["canteen"]["meals"][0]["second_price"] == 0 and "library" not in values
    values = settings.check(dict(both, scene="library"))
    assert values["library"]["loan_days"] == 14 and "canteen" not in values
    error = refusal(dict(both, library={"loan_days": 0}))
    assert str(error) == "library.loan_days must be 1 to 365"


def test_a_scene_that_the_firmware_has_not_is_refused():
    assert settings.check({"scene": "canteen"}, ("canteen",))["scene"] == "canteen"
    error = refusal({"scene": "library"}, ("hotel", "canteen"))
    assert str(error) == "scene library is not in this firmware, only canteen, hotel"


def test_a_fault_is_told_with_its_path():
    two = [LUNCH, dict(LUNCH, begin=780, end=800, price=-1)]
    for values, path, says in (
        ({"colour": 1}, "colour", "unknown field colour"),
        ({"canteen": {"meals": two}}, "canteen.meals[1].price", "must be 0 to 10000000"),
        ({"canteen": {"meals": [{"name": "x"}]}}, "canteen.meals[0].begin", "is missing"),
        ({"canteen": {"meals": [dict(LUNCH, x=1)]}}, "canteen.meals[0].x", "unknown field"),
        ({"canteen": {"meals": [LUNCH] * 9}}, "canteen.meals", "must be 0 to 8 tables"),
        ({"canteen": {"meals": {}}}, "canteen.meals", "must be list"),
        ({"canteen": {"meals": [5]}}, "canteen.meals[0]", "must be a table"),
        ({"canteen": 5}, "canteen", "must be a table"),
        ({"canteen": {"mode": "menu"}}, "canteen.menu", "must have a dish"),
        ({"canteen": {"booked_only": 2}}, "canteen.booked_only", "must be 0 to 1"),
        ({"price": None}, "price", "must be int"),
        ({"price": 1.0}, "price", "must be int"),
        ({"price": True}, "price", "must be int"),
        ({"merchant": "a\nb"}, "merchant", "control character"),
        ({"language": "fr"}, "language", "fr is unknown, not of zh, en"),
        ({"language": ""}, "language", "must be one of zh, en"),
        ({"city": "44"}, "city", "must be four digits"),
        ({"operators": [{"number": 1}]}, "operators[0].pin", "is missing"),
        ({"operators": [{"number": 1, "pin": "1234"}]}, "operators[0].pin", "must be 49"),
        ({"operators": [{"number": 1, "pin": "z" * 49}]}, "operators[0].pin", "no hash of a"),
        ({"update_roots": "02ab"}, "update_roots", "02ab is no SM2 public key"),
        ({"qr_roots": "x=02"}, "qr_roots", "x=02 is no index=SM2 public key"),
        (
            {"scene": "hotel", "hotel": {"rooms": "118-101"}},
            "hotel.rooms",
            "118-101 ends before it begins",
        ),
        ({"scene": "subsidy"}, "subsidy.list", "is missing"),
    ):
        error = refusal(values)
        assert error.path == path and says in str(error), str(error)
    for values in ([], 5, None, "x", True):
        assert str(refusal(values)) == "configuration is not an object"


def test_labels_are_measured_in_cells_of_the_screen():
    for name, fits in (
        ("八个汉字的菜名是", True),
        ("九个汉字的菜名是的", False),
        ("x" * 17, False),
    ):
        dish = {"canteen": {"menu": [{"number": 1, "name": name, "price": 1}]}}
        assert fits or refusal(dish).path == "canteen.menu[0].name"
        assert not fits or settings.check(dish)["canteen"]["menu"][0]["name"] == name
    assert settings.cells("66路") == 4


def test_rows_have_a_key_of_their_own():
    dish = {"number": 7, "name": "米饭", "price": 100}
    error = refusal({"canteen": {"menu": [dish, dict(dish, name="面条")]}})
    assert (error.path, error.text) == ("canteen.menu[1].number", "is there twice")


def test_periods_of_the_day_do_not_overlap():
    def meals(*times):
        rows = [{"name": str(n), "begin": b, "end": e} for n, (b, e) in enumerate(times)]
        return {"canteen": {"meals": rows}}

    for times in (((0, 1439),), ((360, 480), (480, 600)), ((1320, 60), (60, 1320))):
        assert len(settings.check(meals(*times))["canteen"]["meals"]) == len(times)
    for times, path in (
        (((360, 360),), "canteen.meals[0].end"),
        (((360, 480), (479, 600)), "canteen.meals[1].begin"),
        (((1320, 60), (30, 90)), "canteen.meals[1].begin"),
        (((500, 510), (490, 600)), "canteen.meals[1].begin"),
        (((0, 60), (60, 61), (60, 62)), "canteen.meals[2].begin"),
    ):
        assert refusal(meals(*times)).path == path


def test_what_belongs_together_is_there_together():
    row = {"name": "x"}
    assert refusal({"canteen": {"classes": [row]}}).path == "canteen.classes[0]"
    both = dict(row, card_type=2, list="staff")
    assert refusal({"canteen": {"classes": [both]}}).path == "canteen.classes[0]"
    assert refusal({"scene": "museum", "museum": {"mode": "slots"}}).path == "museum.slots"
    assert refusal({"scene": "museum", "museum": {"mode": "priced"}}).path == "price"
    assert refusal({"scene": "bus", "bus": {"mode": "by_stops"}}).path == "bus.fares"
    assert refusal({"scene": "bus"}).path == "price"


def test_dates_are_days_that_there_are():
    for expires, is_right in ((0, True), (20280229, True), (20260229, False), (20261301, False)):
        values = {"scene": "subsidy", "subsidy": {"list": "x", "expires": expires}}
        assert is_right or refusal(values).text == "is no date"
        assert not is_right or settings.check(values)["subsidy"]["expires"] == expires


def test_ranges():
    assert settings.ranges("101-118, 201 203-203") == [(101, 118), (201, 201), (203, 203)]
    assert settings.ranges("") == []
    for text in ("a", "1-", "-1", "1-2-3", "2-1", "1--2", "123456-1234567"):
        raises(ValueError, settings.ranges, text)


def test_every_fault_is_told_to_who_collects_them():
    told = []
    bad = {"price": -1, "colour": 1, "canteen": {"mode": "x", "meals": [{"begin": "06:30"}]}}
    values = settings.check(bad, None, lambda path, text, field: told.append((path, text)))
    assert [path for path, _ in told] == [
        "colour",
        "price",
        "canteen.mode",
        "canteen.meals[0].name",
        "canteen.meals[0].begin",
        "canteen.meals[0].end",
    ]
    assert ("colour", UNKNOWN) in told
    assert values["price"] == 0 and "colour" not in values and values["canteen"]["mode"] == "fixed"


def test_flags_are_numbers_on_the_wire():
    for value, kept in ((True, 1), (False, 0), (1, 1), (0, 0)):
        found = settings.check({"shift_needed": value})["shift_needed"]
        assert found == kept and found is not True and found is not False


def test_p6_settings_are_shown_without_pins():
    values = settings.check({"operators": [{"number": 3, "pin": KEPT}]})
    assert values["operators"][0]["pin"] == KEPT
    assert settings.hidden(values)["operators"][0] == dict(values["operators"][0], pin="***")
    assert refusal(settings.hidden(values)).path == "operators[0].pin"


def test_a_pin_is_kept_as_a_hash_that_knows_it():
    # as OpenSSL has it: hashlib.pbkdf2_hmac("sm3", b"1234", SALT, 1000, 16)
    assert KEPT == "0011223344556677:3070b686ff4b50b9f1cab52da781dead"
    assert hexlify(pin.derive("1234", SALT)).decode() == KEPT[17:]
    assert pin.is_right(KEPT, "1234")
    for digits in ("1235", "", "12345", "１２３４"):
        assert not pin.is_right(KEPT, digits)
    for digits in ("123", "123456789", "12a4", ""):
        raises(ValueError, pin.make, digits, SALT)
    for kept in ("", "1234", "zz:00", KEPT[:-2], KEPT[1:], KEPT + ":"):
        raises(ValueError, pin.split, kept)


def run():
    """Run every test here; returns how many. For runtimes without pytest."""
    count = 0
    for name, test in sorted(globals().items()):
        if name.startswith("test_"):
            test()
            count += 1
    return count


if __name__ == "__main__":
    print(run(), "tests passed")
