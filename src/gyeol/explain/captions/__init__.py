"""Where each word of a caption looked in its image: a picture, a page, JSON.

It knows weights, words and an image, no model.
"""
