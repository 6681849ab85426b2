"""Sentences whose tokens have tags: CoNLL, CoNLL-U, JSON, CSV and FASTA, with spans in any scheme.

A file's layout and its scheme are found out here; what the tags mean is the task's business.
"""
