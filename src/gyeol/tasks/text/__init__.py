"""Many to one: a text becomes a class, several labels, or a number.

The networks, the labels and the linear baselines of these estimators belong here.
"""
