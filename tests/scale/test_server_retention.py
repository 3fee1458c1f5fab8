"""What is kept, erased and let go of on a PostgreSQL server: the tests of a store in a file."""

import pytest

from tests.unit.test_retention import *  # noqa: F403
from tests.unit.test_retention import days  # noqa: F401

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # make test-scale
del test_the_file_that_is_written_anew_is_for_the_same_people  # noqa: F821


@pytest.fixture
def place(new_database):
    return new_database()


@pytest.fixture
def another(tmp_path):
    """A file: exports go from one to the other."""
    return tmp_path / "another.duckdb"
