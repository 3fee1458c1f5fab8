"""Small files that are either the old or the new whole: written beside, then renamed.

littlefs renames in one atomic commit, so a power cut leaves one or the other (P5).
"""

import os


def read_file(path):
    """The file's bytes, or None if there is none."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def replace_file(path, raw):
    """Have `path` hold `raw`; on return it is in flash."""
    with open(path + ".new", "wb") as file:
        file.write(raw)
    os.rename(path + ".new", path)
