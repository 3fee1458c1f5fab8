"""Where things are in the storage part of the flash, in bytes from its start (mpconfigboard.h)."""

FILES_START = 0
FILES_SIZE = 64 * 1024
JOURNAL_START = FILES_START + FILES_SIZE
JOURNAL_SIZE = 1536 * 1024
