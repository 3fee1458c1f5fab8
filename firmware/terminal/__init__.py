"""The terminal: everything between the board it stands on and the host it answers to."""
