"""The shapes in which datasets give the tests of a program."""
