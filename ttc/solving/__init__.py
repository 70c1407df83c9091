"""One problem through a method to its answer."""
