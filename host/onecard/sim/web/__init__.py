"""The bench as a page, served to this machine alone."""
