"""Curves as pictures: by matplotlib for files and notebooks, by characters for the terminal."""
