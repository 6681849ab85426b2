"""Files of word vectors and sparse matrices: read in blocks, written to the bit.

What vectors are asked belongs in `gyeol.inputs.vectors`.
"""
