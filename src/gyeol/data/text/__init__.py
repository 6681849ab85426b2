"""Texts and their targets: examples from tables, objects, folders, FASTA and parallel files, and the built-in sets.

Tables themselves are read in `gyeol.data.tables`. It stands on ``tables`` and ``catalogue``.
"""
