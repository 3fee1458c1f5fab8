"""A tool that is missing must not pass unnoticed where everything has to run."""

import needs
import pytest


def test_what_is_missing_is_named_and_skips_on_a_developer_machine(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install no-package"):
        needs.tool("no-such-program", "no-package")


def test_what_is_missing_fails_in_ci(monkeypatch, tmp_path):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no such image: build it"):
        needs.file(tmp_path / "image", "no such image: build it")
