"""What an explanation is computed from: a network, one input, a score of it.

A task says how its network is asked (`inquiry.Inquiry`); attributions, attention, gates and the reading follow from it.
"""
