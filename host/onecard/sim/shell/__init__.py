"""The bench drawn in a shell, worked by single keys."""
