"""No update slots: this board runs what lies in its files."""


def make():
    """None: nothing for a boot selector to choose from."""
    return None
