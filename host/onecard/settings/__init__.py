"""Settings of terminals: TOML that people write, checked with explanations, and what is sent.

The fields themselves, with defaults and ranges, are ocwire.setting_tables: one source for both.
"""

from .model import Settings
from .reader import Fault, SettingsError, check_file, load

__all__ = ["Fault", "Settings", "SettingsError", "check_file", "load"]
