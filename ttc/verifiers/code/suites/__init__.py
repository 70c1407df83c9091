"""The tests of a reference as code: what they need, define, import, and assert."""
