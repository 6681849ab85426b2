"""Texts and what stands beside them: examples out of tables, folders, FASTA and parallel files.

Tables themselves are read in `gyeol.data.tables`.
"""
