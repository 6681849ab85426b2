"""What became of every example, by the kind of answer: from outputs of a network to `gyeol.engine.metrics.outcomes`.

An estimator's ``outcomes`` calls one of these; none of them knows an estimator.
"""
