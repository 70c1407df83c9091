"""Tests and intervals of paired differences, for `ttc.curves.compare`."""
