"""OneCard: host tools and virtual bench of the open merchant terminal for resident cards."""
