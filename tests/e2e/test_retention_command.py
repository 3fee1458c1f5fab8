"""What is kept of a county's day, and for how long, by the commands of docs/settlement.md."""

import json
import sys
from pathlib import Path

from onecard.keystore import Keystore, PurseKeys
from onecard.report import clock_text
from onecard.store import Store

from tests.e2e.test_settle_command import DAY, KEYS, STORE, onecard

sys.path[:0] = [str(Path(__file__).parents[1] / "unit")]
from inproc import TERMINAL  # noqa: E402
from test_engine_identity import Bench  # noqa: E402
from test_occard_identity import ID, NAME, social_card  # noqa: E402

assert onecard  # the fixture


def test_a_day_is_closed_exported_erased_let_go_of_and_looked_at_elsewhere(onecard):
    assert onecard("county", "county", "--terminals", "9", "--records", "600")[0] == 0
    assert onecard("merchants", "county/merchants.csv", *STORE)[0] == 0
    code, out, err = onecard("prune", "--before", "2025-06-13", *KEYS)
    assert code == 1 and "in no closed settlement" in out and "0 records" in out
    assert onecard("settle", *DAY, *KEYS, "--close")[0] == 0
    wanted = json.loads(onecard("settle", *DAY, *KEYS, "--json")[1])

    code, out, _ = onecard("export", "archive", *STORE, "--json")
    assert code == 0 and (told := json.loads(out))["records"] > 500
    assert onecard("export", "archive", *STORE)[0] == 1  # it is full
    assert onecard("erase", *KEYS)[0] == 1
    assert onecard("erase", "--card", "12", *KEYS)[0] == 1
    code, out, err = onecard("erase", "--before", "2025-06-13", *KEYS)
    assert code == 0 and "records erased" in out and "exports" in err
    assert onecard("verify", *KEYS)[0] == 0

    code, out, _ = onecard("prune", "--before", "2025-06-13", "--dry-run", *KEYS, "--accept")
    assert code == 0 and f"{told['records']} records of 9 terminals would go" in out
    code, out, err = onecard("prune", "--before", "2025-06-13", *KEYS, "--accept")
    assert code == 0 and "are let go of: days before 2025-06-13" in out and "exports" in err
    code, out, _ = onecard("verify", *KEYS, "--json")
    assert code == 0 and sum(report["records"] for report in json.loads(out)) == 0
    code, _, err = onecard("settle", *DAY, *KEYS)
    assert code == 1 and "let go of" in err

    other = ("--store", "other.duckdb", "--keystore", "county/keystore")
    code, out, _ = onecard("import", "archive", *other[:2])
    assert code == 0 and f"{told['records']} of them new" in out
    assert json.loads(onecard("settle", *DAY, *other, "--json")[1]) == wanted


def test_identities_are_for_a_registrar_and_masked_on_the_screen(onecard):
    bench = Bench()
    bench.identify(social_card())
    (item,) = bench.records()
    day = clock_text(item.time_s)[:10]
    office = Keystore(bytes(32), PurseKeys(bytes(16), bytes(16)))
    for role in ("registrar", "settlement"):
        office.hand_out(role, [TERMINAL]).save(Path(role), "of the test")
    with Store("s.duckdb") as store:
        store.append(TERMINAL, [item])
    words = ("identities", "--day", day, "--store", "s.duckdb", "--keystore")
    code, _, err = onecard(*words, "settlement")
    assert code == 1 and "hand-out registrar" in err
    code, out, _ = onecard(*words, "registrar")
    assert code == 0 and "check-in" in out and ID not in out and NAME not in out
    code, out, _ = onecard(*words, "registrar", "--json")
    told = json.loads(out)
    assert code == 0 and (told["id_number"], told["name"]) == (ID, NAME)
    with Store("s.duckdb") as store:
        store.database.run("UPDATE records SET terminal = '112233445567'")
    code, out, err = onecard(*words, "registrar")
    assert code == 1 and not out and "no identity key of terminal 112233445567" in err
