"""Media and their targets: captions of images, transcripts of recordings, labels of frames.

Tables, folders and named sets that say which file has which target belong here; decoding belongs in `gyeol.data.media`.
It stands on ``media``, ``synthetic``, ``series``, ``text``, ``tables`` and ``catalogue``; no room of data stands on it.
"""
