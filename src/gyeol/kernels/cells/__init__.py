"""The cells, one file each: a step as its paper writes it, and a `Cell` that says what a layer must know of it.

`table` lists them.
"""
