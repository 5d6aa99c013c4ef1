"""Whether a run is healthy while it trains: what is measured, what it means, and what to do about it."""
