"""Words and weights: rows of tables for each token, dropout, updates of weights, word vectors.

Each native kernel has a reference beside it.
"""
