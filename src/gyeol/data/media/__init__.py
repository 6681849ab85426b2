"""Sound, images and video: files looked at by their headers first, then decoded a piece at a time.

Tables of their captions, transcripts and frame labels are read here, too.
"""
