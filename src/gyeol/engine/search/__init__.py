"""From probabilities to sequences: beam search, CTC search, sampling.

None of them knows which model it searches with.
"""
