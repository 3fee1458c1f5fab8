"""Cards as they speak: APDUs, files and transactions of the county's cards, on terminal and host.

Everything here is handed a target with `async exchange(command, expected)` (drivers/reader/base.py
has the contract) and knows no reader, no port and no clock.
"""
