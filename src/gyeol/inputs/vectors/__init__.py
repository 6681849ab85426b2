"""Word vectors: trained, stored, asked for neighbours and analogies, and put to the test.

The file formats are in `gyeol.data.vectors`.
"""
