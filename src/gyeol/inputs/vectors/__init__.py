"""Word vectors: training, storage, neighbours and analogies, evaluation.

The file formats are in `gyeol.data.vectors`.
"""
