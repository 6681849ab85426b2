"""Where each word of a caption looked in its image: as a picture, a page and JSON.

It knows weights, words and an image, no model.
"""
