"""Which arithmetic is the fastest here: measured once for a shape, kept by processor, never guessed from a flag.

What belongs here: the choice (`choices`), the race that it rests on (`race`), the file that keeps it (`measurements`),
and what a recurrent layer runs in such a race (`layer`). The other users of ``precision="auto"`` bring their own calls.
"""
