"""Tests by inputs and outputs: the shapes of datasets, what is run, how outputs are compared."""
