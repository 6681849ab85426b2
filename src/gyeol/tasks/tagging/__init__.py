"""Many to many, in step: a tag for each token of a sentence.

How spans are counted is in `gyeol.engine.metrics.spans`.
"""
