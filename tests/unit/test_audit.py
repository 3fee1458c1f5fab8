"""An audit of a county's day finds each fraud, names it, and finds nothing where nothing is."""

import datetime

import pytest
from ocwire import record
from onecard import verify
from onecard.clocks import check_clock
from onecard.settle.audit import audit
from onecard.settle.engines import open_engine
from onecard.sim.county import bring, frauds, make_county, plant, tamper
from onecard.store import Store, StoreConflict

DAY = datetime.date(2025, 6, 12)
SEED = 7
NAMES = {
    frauds.REPLAYED: verify.REPLAYED,
    frauds.TAIL: verify.TAIL,
    frauds.CLONED_CARD: verify.CLONED_CARD,
    frauds.CLONED_TERMINAL: verify.CLONED_TERMINAL,
    frauds.EDITED: verify.EDITED,
    frauds.EDITED_TABLE: verify.EDITED,
    frauds.CLOCK: verify.CLOCK,
    frauds.PULLED_TWICE: verify.PULLED_TWICE,
    frauds.RELAYED: verify.TWO_PLACES,
    frauds.FALSE_MONEY: verify.BALANCE,
}


@pytest.fixture(scope="module")
def robbed(tmp_path_factory):
    """(plan, what an audit found: terminal -> findings) of a county with every thief at work."""
    print("seed", SEED)
    path = tmp_path_factory.mktemp("county") / "store.duckdb"
    county = make_county(SEED, DAY, terminals=30, records=5000)
    plan = plant(county)
    with Store(path) as store:
        bring(county, plan, store)
    tamper(path, plan)
    with Store(path) as store:
        reports = audit(open_engine("", store), county.keystore).reports
    return plan, {report.terminal: report for report in reports}


@pytest.mark.parametrize("name", NAMES)
def test_each_fraud_is_found_and_named_where_it_was_done(robbed, name):
    plan, reports = robbed
    (fraud,) = [one for one in plan.frauds if one.name == name]
    wanted = {(fraud.terminal, fraud.seq), *fraud.others}
    if name == frauds.RELAYED:
        wanted = set(fraud.others)  # it is told where the card is for the second time
    found = {
        (report.terminal, finding.seq)
        for report in reports.values()
        for finding in report.findings
        if finding.kind == NAMES[name] and fraud.card in (finding.card, "")
    }
    assert wanted <= found
    is_notice = NAMES[name] in verify.NOTICES
    assert is_notice or not any(reports[terminal].is_proved for terminal, _ in wanted)


def test_nobody_else_is_accused(robbed):
    plan, reports = robbed
    touched = {fraud.terminal for fraud in plan.frauds}
    touched |= {terminal for fraud in plan.frauds for terminal, _ in fraud.others}
    accused = {name for name, report in reports.items() if not report.is_proved}
    assert accused <= touched


def test_an_edited_amount_is_told_with_what_it_was(robbed):
    plan, reports = robbed
    (fraud,) = [one for one in plan.frauds if one.name == frauds.EDITED]
    text = next(f.text for f in reports[fraud.terminal].findings if "it was" in f.text)
    before, after = (float(word.rstrip(":")) for word in text.split() if "." in word)
    assert before == 10 * after


@pytest.fixture(scope="module")
def clean():
    return make_county(SEED, DAY, terminals=9, records=900)


def test_a_day_of_faults_and_no_fraud_is_proved_whole(clean):
    with Store.in_memory() as store:
        for terminal, records in clean.pulls():
            store.append(terminal, records)
        reports = audit(open_engine("", store), clean.keystore).reports
        (one,) = audit(open_engine("", store), clean.keystore, only=reports[0].terminal).reports
    assert len(reports) == 9 and all(report.is_proved for report in reports)
    kinds = {finding.kind for report in reports for finding in report.findings}
    assert kinds <= {verify.OPEN, verify.IN_DOUBT}
    assert sum(report.records for report in reports) == clean.records
    assert one.terminal == reports[0].terminal


def test_a_terminal_that_was_not_pulled_yet_is_no_fraud_but_its_purchases_are_missed(clean):
    missing = clean.of_scene("canteen")[0].place.terminal
    with Store.in_memory() as store:
        for terminal, records in clean.pulls():
            if terminal != missing:
                store.append(terminal, records)
        reports = audit(open_engine("", store), clean.keystore).reports
    assert all(report.is_proved for report in reports)
    kinds = {finding.kind for report in reports for finding in report.findings}
    assert verify.COUNTER_GAP in kinds


def test_a_conflict_that_no_keys_made_is_forged(clean):
    terminal, records = clean.pulls()[0]
    other = record.Record(2, record.seal(bytes(16), 2, bytes(4), record.BOOT, bytes(15)))
    with Store.in_memory() as store:
        store.append(terminal, records)
        with pytest.raises(StoreConflict):
            store.append(terminal, [other])
        (report,) = audit(open_engine("", store), clean.keystore).reports
    assert [(f.seq, f.kind) for f in report.findings if f.kind not in verify.NOTICES] == [
        (2, verify.FORGED)
    ]


def test_a_store_whose_records_are_all_gone_says_so(clean):
    terminal, records = clean.pulls()[0]
    with Store.in_memory() as store:
        store.append(terminal, records)
        store.database.run("DELETE FROM records")
        (report,) = audit(open_engine("", store), clean.keystore).reports
    assert [(f.seq, f.kind) for f in report.findings] == [(1, verify.TAIL)]


def _chain(*steps):
    """Records with these (kind, values); nothing here looks at MACs."""
    return [
        record.Record(n, record.seal(bytes(16), n, bytes(4), kind, record.pack(kind, *values)))
        for n, (kind, values) in enumerate(steps, 1)
    ]


SALE = (record.INTENT, (1, bytes(10), 50_000, 1, 9, 1, 1, bytes(4), 1, 0, 1, 6))


@pytest.mark.parametrize(
    ("steps", "seqs"),
    [
        ([SALE, (record.CLOCK_SET, (50_300, 50_001))], []),  # it was five minutes slow
        ([SALE, (record.CLOCK_SET, (60_000, 50_001))], [2]),
        ([(record.CLOCK_SET, (50_000, 7)), SALE], []),  # before it ever sold anything
        ([SALE, (record.BOOT, (9, 1, record.CLOCK_NOT_SET, bytes(8))),
          (record.CLOCK_SET, (60_000, 10))], []),  # a flat battery
        ([SALE, (record.ACKNOWLEDGED, (49_000, 1))], [2]),  # time ran back by itself
        ([SALE, (record.ACKNOWLEDGED, (49_999, 1))], []),
    ],
)  # fmt: skip
def test_what_a_clock_may_do(steps, seqs):
    assert [finding.seq for finding in check_clock(_chain(*steps))] == seqs
