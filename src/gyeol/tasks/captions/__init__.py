"""One to many: an image becomes a sentence.

The captioner, its network, and its images and captions as batches.
"""
