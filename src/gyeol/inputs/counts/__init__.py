"""Texts as counted terms: one-hot, bag of words, document-term matrix, TF-IDF.

Nothing here knows a network.
"""
