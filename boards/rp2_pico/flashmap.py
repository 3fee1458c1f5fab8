"""Where things are in the storage part of the flash, in bytes from its start (mpconfigboard.h)."""

FILES_START = 0
FILES_SIZE = 32 * 1024
SLOTS_START = FILES_START + FILES_SIZE
SLOT_SIZE = 32 * 1024  # of each of the two
HOTLIST_START = SLOTS_START + 2 * SLOT_SIZE
HOTLIST_SIZE = 60 * 1024
JOURNAL_START = HOTLIST_START + HOTLIST_SIZE
JOURNAL_SIZE = 1316 * 1024
