"""A thread for each model: it takes new jobs while others run, and draws for all in turns."""
