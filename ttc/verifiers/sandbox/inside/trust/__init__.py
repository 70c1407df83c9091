"""The judge's end of the connection: what a candidate may do, and what is believed of it."""
