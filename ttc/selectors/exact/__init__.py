"""The combinatorics of selection rules: exact means over all k-subsets of n draws."""
