"""Data made up on the spot: no corpus, no connection, the same file for the same seed.

One file a subject; `gyeol data make` lists them.
"""
