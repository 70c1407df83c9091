"""What a worker does with a formula: its names and operators, and its values at a few points."""
