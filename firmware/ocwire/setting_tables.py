"""The fields of all settings: (name, kind, default, low, high). Kinds: settings.py.

A default of None: the field must be there. The first field of a list of tables is its key: no two
rows have the same. Plain literals throughout, so that MicroPython keeps them in flash.
Money is in fen, as on the wire; what each is for: host/onecard/settings/words.py.
"""

COMMON = (
    ("merchant", "text", "", 0, 32),
    (
        "scene",
        "choice",
        "canteen",
        (
            "canteen",
            "library",
            "hotel",
            "museum",
            "bus",
            "clinic",
            "topup",
            "subsidy",
            "enquiry",
        ),
        None,
    ),
    ("language", "choice", "zh", ("zh", "en"), None),
    ("brightness", "int", 3, 1, 3),
    ("price", "fen", 0, 0, 10000000),
    ("account", "choice", "transit", ("transit", "bank", "social"), None),
    ("repeat_ms", "int", 1500, 0, 60000),
    ("tap_limit", "fen", 0, 0, 10000000),
    ("day_limit", "fen", 0, 0, 100000000),
    ("day_count", "int", 0, 0, 1000),
    ("min_left", "fen", 0, 0, 10000000),
    ("passback_s", "int", 0, 0, 86400),
    ("counted_cards", "int", 1000, 10, 8000),
    ("city", "city", "", 0, 4),
    ("takes_test_cards", "bool", 0, 0, 1),
    ("hotlist_days", "int", 0, 0, 3650),
    (
        "operators",
        "tables",
        (
            ("number", "int", None, 1, 255),
            ("name", "label", "", 0, 16),
            ("pin", "pin", None, 49, 49),
            ("level", "int", 1, 1, 2),
        ),
        0,
        16,
    ),
    ("shift_needed", "bool", 0, 0, 1),
    ("service", "label", "", 0, 16),
    ("qr_roots", "qr_roots", "", 0, 600),
    ("update_roots", "sm2_keys", "", 0, 300),
    ("list_roots", "sm2_keys", "", 0, 300),
    ("glyphs", "glyphs", "", 0, 4800),
    ("trial_s", "int", 600, 5, 86400),
    ("serial_offset", "int", 0, 0, 0xFFFFFFFF),
    ("sam", "choice", "soft", ("soft", "psam"), None),
    ("sam_scheme", "choice", "transport", ("transport", "housing"), None),
    ("sm4_session", "choice", "", ("", "complement", "zeros"), None),
    ("sm4_algorithm", "int", 4, 2, 255),
)

_CANTEEN = (
    ("mode", "choice", "fixed", ("fixed", "keyed", "menu", "count"), None),
    (
        "meals",
        "tables",
        (
            ("name", "label", None, 1, 16),
            ("begin", "time", None, 0, 1439),
            ("end", "time", None, 0, 1439),
            ("price", "fen", 0, 0, 10000000),
            ("second_price", "fen", 0, 0, 10000000),
            ("count", "int", 0, 0, 100),
            ("limit", "fen", 0, 0, 10000000),
        ),
        0,
        8,
    ),
    (
        "menu",
        "tables",
        (
            ("number", "int", None, 1, 999),
            ("name", "label", None, 1, 16),
            ("price", "fen", None, 1, 10000000),
        ),
        0,
        60,
    ),
    (
        "classes",
        "tables",
        (
            ("name", "label", None, 1, 16),
            ("card_type", "card_type", 0, 0, 255),
            ("list", "text", "", 0, 16),
            ("percent", "int", 100, 0, 200),
            ("price", "fen", 0, 0, 10000000),
        ),
        0,
        16,
    ),
    ("pin_over", "fen", 0, 0, 10000000),
    ("subsidy_account", "choice", "", ("", "transit", "bank", "social"), None),
    ("booked_only", "bool", 0, 0, 1),
)

_LIBRARY = (
    ("patron_limit", "int", 10, 1, 100),
    ("loan_days", "int", 30, 1, 365),
    ("offline", "bool", 1, 0, 1),
    ("receipt", "bool", 0, 0, 1),
)

_HOTEL = (
    ("rooms", "ranges", "", 0, 200),
    ("deposit", "fen", 0, 0, 10000000),
)

_MUSEUM = (
    ("mode", "choice", "free", ("free", "priced", "slots"), None),
    (
        "slots",
        "tables",
        (
            ("begin", "time", None, 0, 1439),
            ("end", "time", None, 0, 1439),
            ("capacity", "int", None, 1, 9999),
        ),
        0,
        24,
    ),
    ("group_most", "int", 10, 1, 99),
    ("gate_ms", "int", 500, 0, 10000),
)

_BUS = (
    ("line", "label", "", 0, 8),
    ("line_number", "int", 0, 0, 65535),
    ("institution", "hex", "", 16, 16),
    ("operator_code", "hex", "", 4, 4),
    ("vehicle", "text", "", 0, 8),
    ("direction", "choice", "up", ("up", "down"), None),
    ("stops", "int", 20, 2, 100),
    ("mode", "choice", "flat", ("flat", "by_stops"), None),
    (
        "fares",
        "tables",
        (
            ("stops", "int", None, 1, 100),
            ("fare", "fen", None, 0, 100000),
        ),
        0,
        20,
    ),
    ("transfer_s", "int", 0, 0, 14400),
    ("transfer_off", "fen", 0, 0, 100000),
    ("review_at", "int", 0, 0, 56),
    (
        "classes",
        "tables",
        (
            ("card_type", "card_type", None, 1, 255),
            ("percent", "int", 100, 0, 200),
        ),
        0,
        16,
    ),
)

_CLINIC = (
    ("deadline_s", "int", 10, 1, 60),
    ("amount_most", "fen", 0, 0, 10000000),
)

_TOPUP = (
    ("load_most", "fen", 50000, 100, 10000000),
    ("float", "fen", 0, 0, 100000000),
)

_SUBSIDY = (
    ("account", "choice", "transit", ("transit", "bank", "social"), None),
    ("list", "text", None, 1, 16),
    ("expires", "date", 0, 0, 21051231),
)

_ENQUIRY = (("entries", "int", 10, 1, 10),)

SCENES = {
    "canteen": _CANTEEN,
    "library": _LIBRARY,
    "hotel": _HOTEL,
    "museum": _MUSEUM,
    "bus": _BUS,
    "clinic": _CLINIC,
    "topup": _TOPUP,
    "subsidy": _SUBSIDY,
    "enquiry": _ENQUIRY,
}
