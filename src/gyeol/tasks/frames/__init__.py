"""Many to many, in step: every frame of a clip, every reading of a sensor gets a label.

The estimator, its network, and the stream that answers while a clip goes on.
"""
