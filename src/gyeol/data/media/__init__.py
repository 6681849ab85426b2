"""Sound, images and video: their headers are checked first, then they are decoded piece by piece.

Which target belongs to which file is read in `gyeol.data.annotations`. It stands on no other room.
"""
