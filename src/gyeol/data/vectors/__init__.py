"""Files of word vectors and sparse matrices: read in blocks, written without loss.

Queries on vectors belong in `gyeol.inputs.vectors`. It stands on ``tables`` and ``catalogue``.
"""
