"""What an explanation is computed from: a network, one input, a score of it.

A task gives the score to explain (`inquiry.Inquiry`); attributions, attention, gates and the reading follow from it.
"""
