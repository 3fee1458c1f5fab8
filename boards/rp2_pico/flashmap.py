"""Where things are in the storage part of the flash, in bytes from its start (mpconfigboard.h)."""

FILES_START = 0
FILES_SIZE = 64 * 1024
HOTLIST_START = FILES_START + FILES_SIZE
HOTLIST_SIZE = 128 * 1024
JOURNAL_START = HOTLIST_START + HOTLIST_SIZE
JOURNAL_SIZE = 1280 * 1024
