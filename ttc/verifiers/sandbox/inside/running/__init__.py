"""What the judge's process does with a reference's tests: collects, runs and counts them."""
