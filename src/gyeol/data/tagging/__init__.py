"""Sentences whose tokens have tags: CoNLL, CoNLL-U, JSON, CSV and FASTA, with spans in any scheme.

A file's layout and its scheme are detected here; what the tags mean is up to the task. It stands on ``text`` and
``tables``.
"""
