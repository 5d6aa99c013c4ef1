"""Reading runs: a report of one as an HTML file, a comparison of several, event files for TensorBoard."""
