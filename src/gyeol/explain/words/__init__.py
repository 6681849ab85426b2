"""Words as points of a plane, near where their vectors are alike.

A picture and a page with a search of its own.
"""
