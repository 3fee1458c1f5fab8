"""DuckDB, PostgreSQL and Spark say the same of a county's day, byte for byte."""

import shutil

import pytest
from onecard.cli import main
from onecard.database import DatabaseError
from onecard.settle.engines import open_engine
from onecard.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]  # make test-scale
COMMANDS = (
    ("verify", "--json"),
    ("settle", "--day", "2025-06-12", "--json"),
    ("report", "--by", "merchant,scene,account,issuer,kind,day,hour"),
)


@pytest.fixture
def onecard(monkeypatch, capsys):
    """Runs the command in this process: (exit code, standard output, error)."""
    monkeypatch.setenv("ONECARD_PASSPHRASE", "of the test")
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words):
        monkeypatch.setattr("sys.argv", ["onecard", *words])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *capsys.readouterr()

    return run


@pytest.mark.parametrize("frauds", [(), ("--frauds",)], ids=["honest", "robbed"])
def test_every_engine_says_the_same_byte_for_byte(
    onecard, tmp_path, postgresql, spark, frauds, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    print("seed 5")
    county = ("county", "c", "--terminals", "30", "--records", "4000", "--seed", "5", *frauds)
    assert onecard(*county)[0] == 0
    at = ("--store", "c/store.duckdb")
    assert onecard("merchants", "c/merchants.csv", *at)[0] == 0
    postgres = f"postgresql://onecard@/postgres?host={postgresql}"
    for command in COMMANDS:
        words = (*command, *at, "--keystore", "c/keystore")
        code, told, _ = wanted = onecard(*words)
        assert code == (1 if frauds and command[0] == "verify" else 0) and len(told) > 500
        for engine in (postgres, spark):
            assert onecard(*words, "--engine", engine) == wanted, (command, engine)


def test_a_day_closed_on_postgresql_gives_the_files_of_one_closed_in_the_store(
    onecard, tmp_path, postgresql, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert onecard("county", "a", "--terminals", "9", "--records", "600")[0] == 0
    assert onecard("merchants", "a/merchants.csv", "--store", "a/store.duckdb")[0] == 0
    shutil.copytree("a", "b")
    engines = {"a": "duckdb", "b": f"postgresql://onecard@/postgres?host={postgresql}"}
    for name, engine in engines.items():
        at = ("--store", f"{name}/store.duckdb", "--keystore", "a/keystore", "--engine", engine)
        day = ("--day", "2025-06-12", "--out", f"{name}/out", "--close")
        assert onecard("settle", *day, *at)[0] == 0
    files = [p.relative_to(tmp_path / "a/out") for p in tmp_path.glob("a/out/**/*") if p.is_file()]
    assert len(files) > 9
    for file in files:
        assert (tmp_path / "b/out" / file).read_bytes() == (tmp_path / "a/out" / file).read_bytes()


def test_a_store_on_a_server_says_and_writes_what_one_in_a_file_does(
    onecard, tmp_path, new_database, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert onecard("county", "a", "--terminals", "9", "--records", "600")[0] == 0
    assert onecard("merchants", "a/merchants.csv", "--store", "a/store.duckdb")[0] == 0
    assert onecard("export", "moved", "--store", "a/store.duckdb")[0] == 0
    server = new_database()
    assert onecard("import", "moved", "--store", server)[0] == 0
    keys = ("--keystore", "a/keystore")
    for command in COMMANDS:
        wanted = onecard(*command, *keys, "--store", "a/store.duckdb")
        assert onecard(*command, *keys, "--store", server) == wanted, command
        assert onecard(*command, *keys, "--store", server, "--engine", "duckdb") == wanted, command
    day = ("settle", "--day", "2025-06-12", *keys, "--close", "--out")
    wanted = onecard(*day, "a/out", "--store", "a/store.duckdb")
    assert wanted[0] == 0 and onecard(*day, "b/out", "--store", server) == wanted
    files = [p.relative_to(tmp_path / "a/out") for p in tmp_path.glob("a/out/**/*") if p.is_file()]
    assert len(files) > 9
    for file in files:
        assert (tmp_path / "b/out" / file).read_bytes() == (tmp_path / "a/out" / file).read_bytes()
    code, _, err = onecard(*day[:-1], "--store", server)
    assert code == 1 and "closed already" in err
    assert onecard("logs", "--json", "--store", server) == onecard(
        "logs", "--json", "--store", "a/store.duckdb"
    )


def test_a_user_without_the_right_to_temporary_tables_is_told_which(postgresql, sql):
    sql("CREATE ROLE poor LOGIN")
    sql("CREATE DATABASE closed")
    sql("REVOKE TEMPORARY ON DATABASE closed FROM PUBLIC")
    url = f"postgresql://poor@/closed?host={postgresql}"
    with Store.in_memory() as store, open_engine(url, store) as engine:
        with pytest.raises(DatabaseError, match="GRANT TEMPORARY"):
            engine.refresh("merchants")


def test_a_database_that_orders_text_in_another_way_is_refused(postgresql, sql):
    sql("CREATE DATABASE old ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    url = f"postgresql://onecard@/old?host={postgresql}"
    with Store.in_memory() as store, pytest.raises(DatabaseError, match="LATIN1"):
        open_engine(url, store)


def test_tables_of_the_same_names_in_the_database_are_left_alone(postgresql, sql):
    sql("CREATE DATABASE shared TEMPLATE template0")
    url = f"postgresql://onecard@/shared?host={postgresql}"
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("CREATE TABLE merchants (terminal TEXT)")
        other.execute("INSERT INTO merchants VALUES ('theirs')")
        with Store.in_memory() as store, open_engine(url, store) as engine:
            engine.refresh("merchants")
        assert other.execute("SELECT terminal FROM merchants").fetchall() == [("theirs",)]


def test_a_password_comes_from_the_environment(postgresql, sql, monkeypatch):
    sql("CREATE ROLE guarded LOGIN PASSWORD 'hush'")
    url = f"postgresql://guarded@/postgres?host={postgresql}"
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGPASSFILE", "/nowhere")
    with Store.in_memory() as store:
        with pytest.raises(DatabaseError, match="PGPASSWORD"):
            open_engine(url, store)
        monkeypatch.setenv("PGPASSWORD", "hush")
        open_engine(url, store).close()


def test_a_server_that_hangs_up_is_told(postgresql, sql):
    url = f"postgresql://onecard@/postgres?host={postgresql}"
    with Store.in_memory() as store, open_engine(url, store) as engine:
        sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'onecard'")  # fmt: skip
        with pytest.raises(DatabaseError, match="is gone"):
            engine.refresh("merchants")


def test_a_master_that_refuses_us_is_told(spark):
    with Store.in_memory() as store, pytest.raises(DatabaseError, match="no Spark master answers"):
        open_engine("spark://127.0.0.1:1", store)


@pytest.mark.parametrize("url", ["local[two]", "spark://127.0.0.1"])
def test_what_is_no_master_is_told(spark, url):
    with Store.in_memory() as store, pytest.raises(DatabaseError, match="no Spark master"):
        open_engine(url, store)
