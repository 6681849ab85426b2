"""Sound on its way into a network: mel spectra, pauses, augmentation, batches of recordings.

Files of sound are read in `gyeol.data.media`.
"""
