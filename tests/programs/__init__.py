"""Right programs of the kinds that people judge, each with wrong twins. Data, not code."""
