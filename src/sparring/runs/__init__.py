"""Runs: the folder on disk that is the whole truth about one training."""
