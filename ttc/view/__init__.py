"""`ttc view`: a page in the browser to read samples, live over a store or as a static copy."""
