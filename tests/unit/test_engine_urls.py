"""What --engine takes; what is wrong with a URL is told before anything is done."""

import sys

import pytest
from onecard.database import DatabaseError
from onecard.settle.engines import OnDatabase, open_engine
from onecard.store import Store


@pytest.fixture
def store():
    with Store.in_memory() as opened:
        yield opened


def test_duckdb_is_the_store_itself(store):
    with open_engine("duckdb", store) as engine:
        assert isinstance(engine, OnDatabase)
    assert store.terminals() == []  # still open


@pytest.mark.parametrize("url", ["sqlite:///x", "duck", "DuckDB", "http://h/db"])
def test_other_engines_are_none(store, url):
    with pytest.raises(DatabaseError, match="no such engine"):
        open_engine(url, store)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hush@127.0.0.1/db",
        "postgres://me:hush@127.0.0.1/db",
        "postgresql://me@127.0.0.1/db?password=hush",
        "postgresql://me@127.0.0.1/db?sslpassword=hush",
    ],
)
def test_a_password_in_a_url_is_refused_and_not_repeated(store, url):
    with pytest.raises(DatabaseError, match="a password in a URL") as told:
        open_engine(url, store)
    assert "hush" not in str(told.value)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("postgresql://me@127.0.0.1:1/db", "cannot be reached"),
        ("postgresql://me:hu%zzsh@127.0.0.1/db", "no URL that PostgreSQL takes"),
    ],
)
def test_a_server_that_is_not_there_and_a_wrong_url_are_told(store, url, text):
    with pytest.raises(DatabaseError, match=text) as told:
        open_engine(url, store)
    assert "hu%" not in str(told.value)


@pytest.mark.parametrize(
    ("url", "module", "extra"),
    [
        ("postgresql://me@127.0.0.1/db", "onecard.database.postgresql", "postgresql"),
        ("local[2]", "onecard.settle.spark", "spark"),
    ],
)
def test_a_package_that_is_missing_is_told_with_how_to_get_it(
    store, url, module, extra, monkeypatch
):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(DatabaseError, match=rf"onecard\[{extra}\]"):
        open_engine(url, store)
