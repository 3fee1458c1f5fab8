"""A bus on the unix port, in plain words."""

from occard import transit
from ocwire import record

RIDES = tuple(bytes(transit.Ride(n).raw) for n in (transit.RAIL, transit.BUS))
SENIOR = 3  # transit.CARD_TYPES
FARES = [{"stops": 1, "fare": 100}, {"stops": 5, "fare": 250}]


def rider(at, number, **options):
    """A card with ride records."""
    return at.card(number, rides=RIDES, **options)


def test_a_trip_with_a_driver_at_a_flat_fare(tell):
    at = tell("未发车", scene="bus", price=200, bus={"line": "6", "line_number": 6, "stops": 9})
    at.key("confirm", says="司机号")
    at.key("8", "8", "confirm", says="1站 已乘0")
    citizen = rider(at, 1)
    at.taps(citizen, "支付成功", then="已乘1")
    assert citizen.balance == 9_800
    at.key("f2", says="2站 已乘1")
    at.taps(at.card(2), "支付成功", then="已乘2")  # a card without ride records
    at.key("confirm", says="未发车")
    begun, ended = at.told(record.TRIP)
    assert (begun["event"], begun["line"], begun["driver"]) == (record.BEGUN, 6, b"88")
    assert (ended["event"], ended["stop"]) == (record.ENDED, 2)


def test_who_boards_pays_by_distance_when_alighting(tell):
    at = tell(
        "未发车",
        scene="bus",
        bus={"mode": "by_stops", "stops": 9, "fares": FARES, "vehicle": "A1"},
    )
    citizen = rider(at, 1)
    at.taps(citizen, "支付成功", then="未发车")
    assert citizen.balance == 10_000  # boarding costs nothing
    at.key("f2", "f2", "f2")
    at.taps(citizen, "支付成功", then="未发车")
    assert citizen.balance == 9_750
    assert [row["amount"] for row in at.told(record.INTENT)] == [0, 250]


def test_a_pensioner_rides_free_and_the_bus_turns_round(tell):
    classes = [{"card_type": SENIOR, "percent": 0}]
    at = tell("上行", scene="bus", price=200, bus={"classes": classes, "stops": 9})
    management = bytearray(60)
    management[6:8] = b"\x44\x03"
    management[10] = SENIOR
    senior = rider(at, 1, management=bytes(management))
    at.taps(senior, "支付成功", then="未发车")
    assert senior.balance == 10_000
    at.key("0", says="下行")


def test_a_pensioner_whose_review_is_overdue_is_sent_to_the_desk(tell):
    """EF 17 has the day, where the standard leaves room for cities."""
    classes = [{"card_type": SENIOR, "percent": 50}]
    settings = {"classes": classes, "stops": 9, "review_at": 20}
    at = tell("上行", scene="bus", price=200, bus=settings)
    riders = []
    for number, until in enumerate(("20200630", "20990630", "00000000")):
        management = bytearray(60)
        management[6:8], management[10] = b"\x44\x03", SENIOR
        management[20:24] = bytes.fromhex(until)
        riders.append(rider(at, number + 1, management=bytes(management)))
    at.taps(riders[0], "年审已过期", then="未发车")
    at.taps(riders[1], "支付成功", then="未发车")
    at.taps(riders[2], "支付成功", then="未发车")
    assert [one.balance for one in riders] == [10_000, 9_900, 9_900]
