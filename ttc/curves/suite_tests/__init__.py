"""Tests of a fixed suite against its baseline, for `ttc.curves.gates`."""
