"""Reading runs: a report of one as a single HTML file, a comparison of several."""
