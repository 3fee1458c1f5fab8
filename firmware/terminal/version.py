"""The firmware's version: three numbers of 0 to 255. A bundle has that of its sources."""

FIRMWARE = "0.1.0"
