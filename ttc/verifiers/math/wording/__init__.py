"""What answers say around their formulas: domains, systems of lines, options, remarks.

Everything here works on text in TeX, before its structure is read.
"""
