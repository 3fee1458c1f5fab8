"""The bench: simulated chips, cards, a radio field and worlds to plug them into.

Nothing in here imports the code under test. The parts behave by their data sheets
and know nothing of what a driver expects of them.
"""
