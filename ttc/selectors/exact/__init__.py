"""The combinatorics of selection rules: exact values over all subsets of k of n draws."""
