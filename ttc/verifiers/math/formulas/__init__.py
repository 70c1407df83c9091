"""What a worker does with a formula: its names and operators, and its values at a few points."""

VERSION = "2"  # of the replies; it changes with them, and with it the key of the memo
