"""Multiple choice: the options of a question, and the option that a text chooses."""
