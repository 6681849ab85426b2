"""Words as points of a plane, close together where their vectors are similar.

As a picture, and as a page with its own search.
"""
