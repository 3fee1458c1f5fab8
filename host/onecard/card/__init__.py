"""Real cards on a desk: targets over libraries' readers, and a report of what a card holds."""
