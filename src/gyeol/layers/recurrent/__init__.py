"""Recurrent layers: the cells, the walk over time, the drop-ins for torch.nn, one step at a time.

A cell's arithmetic is in `gyeol.kernels`.
"""
