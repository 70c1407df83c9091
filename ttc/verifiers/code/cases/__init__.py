"""Tests by inputs and outputs: the shapes of datasets, what is run, and how outputs are compared."""
