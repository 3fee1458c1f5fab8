"""A county's day settles to the fen, by its own books; what is not proved is not paid."""

import datetime
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal

import occrypto
import pyarrow.parquet as pq
import pytest
from ocwire import record
from onecard.errors import OneCardError
from onecard.settle import cross, exports, relations, settlement, totals
from onecard.settle.audit import audit
from onecard.settle.engines import open_engine
from onecard.settle.merchants import MerchantsError, keep_merchants, read_merchants
from onecard.settle.rates import RatesError, read_rates
from onecard.sim.county import bring, frauds, make_county, plant, tamper
from onecard.store import Store

DAY = datetime.date(2025, 6, 12)
NEXT = DAY + datetime.timedelta(1)
SEED = 21
RATES = """
[default]
percent = 0.38
[scene.bus]
percent = 0.2
[account.medical]
percent = 0
[issuers]
03109990 = "county"
"""
PERCENT = {"bus": Decimal("0.2")}


@pytest.fixture(scope="module")
def rates(tmp_path_factory):
    path = tmp_path_factory.mktemp("rates") / "rates.toml"
    path.write_text(RATES, encoding="utf-8")
    return read_rates(path)


def know_places(store, county):
    keep_merchants(store, [(p.terminal, p.merchant, p.scene) for p in county.places])


@pytest.fixture(scope="module")
def robbed(tmp_path_factory):
    """(engine, county, plan) with every fault and every thief at work."""
    print("seed", SEED)
    path = tmp_path_factory.mktemp("county") / "store.duckdb"
    county = make_county(SEED, DAY, terminals=30, records=5000)
    plan = plant(county)
    with Store(path) as store:
        bring(county, plan, store)
        know_places(store, county)
    tamper(path, plan)
    with Store(path) as store:
        yield open_engine("", store), county, plan


@pytest.fixture
def small():
    """(engine, county) without thieves, in memory."""
    county = make_county(SEED, DAY, terminals=9, records=700)
    with Store.in_memory() as store:
        for terminal, records in county.pulls():
            store.append(terminal, records)
        know_places(store, county)
        yield open_engine("", store), county


def payable(county, plan=None):
    """The deals that are to be paid, by the county's own books."""
    tampered, single = {}, set()
    for fraud in plan.frauds if plan else ():
        if fraud.name in (frauds.REPLAYED, frauds.TAIL, frauds.EDITED):
            tampered[fraud.terminal] = fraud.seq
        elif fraud.name == frauds.CLONED_CARD:
            single |= {(fraud.terminal, fraud.seq), *fraud.others}
        elif fraud.name == frauds.EDITED_TABLE:
            single.add((fraud.terminal, fraud.seq + 1))
    return [
        deal
        for deal in county.deals
        if deal.outcome in record.COUNTED
        and deal.seq < tampered.get(deal.place.terminal, 1 << 32)
        and (deal.place.terminal, deal.seq) not in single
    ]


def books(deals):
    """What each merchant is paid, what each issuer pays, all fees: in fen, in plain Python."""
    merchants, issuers, turnover = defaultdict(int), defaultdict(int), defaultdict(int)
    for deal in deals:
        place, sign = deal.place, -1 if deal.kind in ("refund", "load") else 1
        account = deal.kind if deal.kind in ("code", "medical") else "transit"
        issuer = "county" if deal.card.startswith("03109990") else deal.card[:8]
        merchants[place.merchant] += sign * deal.amount
        issuers[issuer] += sign * deal.amount
        if deal.kind != "load":
            turnover[place.merchant, place.scene, account] += sign * deal.amount
    fees = 0
    for (merchant, scene, account), amount in turnover.items():
        percent = Decimal(0) if account == "medical" else PERCENT.get(scene, Decimal("0.38"))
        fee = int((amount * percent / 100).quantize(Decimal(1), ROUND_HALF_UP))
        merchants[merchant] -= fee
        fees += fee
    return merchants, issuers, fees


def told(made):
    return (
        {row["merchant"]: row["net"] for row in made.merchants},
        {row["issuer"]: row["net"] for row in made.issuers},
        made.totals["fees"],
    )


def test_a_robbed_county_settles_to_the_fen(robbed, rates):
    engine, county, plan = robbed
    made = settlement.settle(engine, county.keystore, DAY, rates)
    merchants, issuers, fees = books(payable(county, plan))
    paid = {deal.place.merchant for deal in payable(county, plan)}
    assert told(made) == ({name: merchants[name] for name in paid}, issuers, fees)
    assert made.is_balanced and fees > 0
    assert sum(issuers.values()) == sum(merchants.values()) + fees
    counted = [deal for deal in county.deals if deal.outcome in record.COUNTED]
    (tail,) = [fraud for fraud in plan.frauds if fraud.name == frauds.TAIL]
    gone = [d for d in counted if d.place.terminal == tail.terminal and d.seq >= tail.seq]
    held = len(made.held) - _replays(made, plan)
    assert len(counted) == len(payable(county, plan)) + len(gone) + held


def _replays(made, plan):
    """Held transactions that never were: put in by a thief."""
    (fraud,) = [one for one in plan.frauds if one.name == frauds.REPLAYED]
    return sum(
        1 for row in made.held if row["terminal"] == fraud.terminal and row["seq"] >= fraud.seq
    )


def test_what_a_card_says_of_a_doubt_is_what_happened(robbed, rates):
    engine, county, plan = robbed
    made = settlement.settle(engine, county.keystore, DAY, rates)
    deals = {(deal.place.terminal, deal.seq): deal for deal in county.deals}
    edited = {fraud.terminal for fraud in plan.frauds if fraud.name == frauds.EDITED}
    seen = [case for case in made.doubts if case["terminal"] not in edited]
    assert {case["evidence"] for case in seen} >= {"done", "not done"}
    for case in seen:
        deal = deals[case["terminal"], case["seq"]]
        assert case["amount"] == deal.amount
        assert case["evidence"] in ("", "done" if deal.is_moved else "not done"), case


def test_exports_hold_each_transaction_once(robbed, rates, tmp_path):
    engine, county, plan = robbed
    made = settlement.settle(engine, county.keystore, DAY, rates)
    count = exports.export(engine, made, settlement.day_number(DAY), False, tmp_path)
    assert count == len(payable(county, plan))
    wanted = sorted((d.place.terminal, d.seq, d.amount) for d in payable(county, plan))
    rows = pq.read_table(tmp_path / "transactions").to_pylist()
    assert sorted((r["terminal"], r["seq"], r["amount"]) for r in rows) == wanted
    assert {r["merchant"] for r in rows} == {row["merchant"] for row in made.merchants}
    raw = (tmp_path / "clearing-20250612.txt").read_bytes()
    lines = raw.decode("ascii").split("\r\n")
    assert lines.pop() == "" and {len(line) for line in lines} == {128}
    details = [line for line in lines if line[0] == "D"]
    assert sorted((x[11:23], int(x[23:33]), int(x[62:72])) for x in details) == wanted
    assert lines[-1][1:65] == occrypto.sm3(raw[:-130]).hex()
    trailer = lines[-2]
    assert int(trailer[1:11]) == count and int(trailer[11:25]) == made.totals["purchases"]
    tac = next(r for r in county.terminals[details[0][11:23]].records
               if r.seq == int(details[0][23:33])).fields()["tac"].hex()  # fmt: skip
    assert details[0][113:121] == tac
    text = (tmp_path / "merchants-20250612.csv").read_bytes().decode("utf-8-sig")
    assert len(text.splitlines()) == len(made.merchants) + 1


def test_a_closed_day_stays_and_what_came_late_is_in_the_next(small, rates):
    engine, county = small
    late = county.of_scene("canteen")[0]
    engine.store.database.run("DELETE FROM records WHERE terminal = ?", [late.place.terminal])
    engine.store.database.run("DELETE FROM heads WHERE terminal = ?", [late.place.terminal])
    first = settlement.settle(engine, county.keystore, DAY, rates)
    assert settlement.close(engine, DAY, first) == len(
        [deal for deal in payable(county) if deal.place != late.place]
    )
    engine.store.append(late.place.terminal, late.records)
    again = settlement.settle(engine, county.keystore, DAY, rates)
    assert told(again) == told(first) and again.is_closed
    assert again.lines == first.lines
    with pytest.raises(OneCardError, match="closed already"):
        settlement.close(engine, DAY, again)
    after = settlement.settle(engine, county.keystore, NEXT, rates)
    merchants, issuers, fees = books([d for d in payable(county) if d.place == late.place])
    assert told(after) == (merchants, issuers, fees)
    assert sum(line["late_count"] for line in after.lines) == len(
        [d for d in payable(county) if d.place == late.place]
    )


def test_a_terminal_that_is_nobodys_is_told_and_nothing_is_booked(small, rates):
    engine, county = small
    bus = county.of_scene("bus")[0].place.terminal
    engine.store.database.run("DELETE FROM merchants WHERE terminal = ?", [bus])
    made = settlement.settle(engine, county.keystore, DAY, rates)
    assert ["nobody's" in text for text in made.imbalances] == [True]
    with pytest.raises(OneCardError, match="not balanced"):
        settlement.close(engine, DAY, made)
    assert engine.store.database.run("SELECT count(*) FROM settled") == [(0,)]


def test_sums_that_records_do_not_bear_out_are_told_with_their_terminal(small, rates, monkeypatch):
    engine, county = small
    bus = county.of_scene("bus")[0].place.terminal

    def audit_then_edit(*arguments):
        found = audit(*arguments)
        engine.store.database.run("UPDATE moves SET amount = amount + 1 WHERE terminal = ?", [bus])
        return found

    monkeypatch.setattr(settlement, "audit", audit_then_edit)
    made = settlement.settle(engine, county.keystore, DAY, rates)
    assert [bus in text for text in made.imbalances] == [True]


def test_reports_add_up_to_the_same_whatever_they_are_by(small):
    engine, county = small
    audit(engine, county.keystore)
    wanted = sum(d.amount for d in payable(county) if d.kind in ("purchase", "code", "medical"))
    for by in (("merchant",), ("scene", "hour"), ("issuer", "account", "kind"), ("day",)):
        rows = engine.fetch(totals.report, by, 0, 99_999)
        assert sum(row["purchases"] for row in rows) == wanted


RELATIONS = [
    (relations.assembled,), (cross.cloned,), (cross.two_places,), (cross.counter_gaps,),
    (cross.unbalanced,), (cross.wrong_balances,), (totals.by_terminal,),
    (totals.lines, 20_000, False), (totals.lines, 20_000, True), (totals.items, 20_000, False),
    (totals.open_cases, 20_000), (totals.held_back, 20_000), (totals.report, totals.BY, 0, 1),
]  # fmt: skip


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "pyspark"])
def test_every_relation_compiles_for_every_engine(dialect):
    for make, *arguments in RELATIONS:
        assert "SELECT" in relations.sql(make, *arguments, dialect=dialect)


@pytest.mark.parametrize(
    ("text", "told_"),
    [
        ("terminal,merchant\n123,A\n", "not 12 digits"),
        ("terminal,scene\n112233445566,bus\n", "column merchant is needed"),
        ("terminal,merchant,scene\n112233445566,A,shop\n", "no scene 'shop'"),
        ("terminal,merchant\n112233445566,A\n112233445566,B\n", "listed twice"),
        ("terminal,merchant\n112233445566,\n", "needs a merchant"),
        ('terminal,merchant\n112233445566,"A\n', "cannot be read"),
    ],
)
def test_a_wrong_list_of_merchants_is_told_by_line(tmp_path, text, told_):
    path = tmp_path / "merchants.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MerchantsError, match=told_):
        read_merchants(path)


@pytest.mark.parametrize(
    ("text", "told_"),
    [
        ("[default]\npercent = 101\n", "default.percent must be 0 to 100"),
        ("[scene.bus]\npercent = 0.00001\n", "four decimals"),
        ("[scene.bus]\nrate = 1\n", "must hold percent"),
        ("[fees]\na = 1\n", "unknown table fees"),
        ("[issuers]\n12 = \"x\"\n", "8 digits"),
        ("percent = \n", "cannot be read"),
    ],
)  # fmt: skip
def test_wrong_rates_are_told_by_field(tmp_path, text, told_):
    path = tmp_path / "rates.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RatesError, match=told_):
        read_rates(path)
