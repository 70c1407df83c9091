"""The answer in a text: reasoning told apart, the answer found, its spelling made one."""
