"""Training: an engine that plays rounds, with the loop around it."""
