"""Virtual contactless cards at APDU level."""
