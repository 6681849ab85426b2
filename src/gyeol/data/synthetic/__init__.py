"""Generated data: no corpus, no connection, the same file for the same seed.

One file per subject; `gyeol data make` lists them. It stands on ``media``.
"""
