"""How long records are kept: what is let go of, and what is erased of those that stay."""
