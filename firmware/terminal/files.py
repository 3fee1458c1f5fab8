"""Small files that are either the old or the new whole: written beside, then renamed.

littlefs renames in one atomic commit, so a power cut leaves one or the other (P5).
"""

import json
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


def write_draft(path, values):
    """Write JSON beside `path`, as it is made: its text at once may be long."""
    with open(path + ".new", "w") as file:
        json.dump(values, file)


def read_draft(path):
    """What write_draft() wrote."""
    with open(path + ".new", "rb") as file:
        return json.load(file)


def keep_draft(path):
    """Have `path` hold it."""
    os.rename(path + ".new", path)


def drop_draft(path):
    """Give back the room of a draft that is not kept."""
    try:
        os.remove(path + ".new")
    except OSError:
        pass  # none was begun; or flash fails, and the next one is written over it
