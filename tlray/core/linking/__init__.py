"""One performance, many sources: which sets of different sites are the same performance, and what each source knows best.

Pure: where the sets and the blocks are stored is the caller's. Nothing is merged here: a link has a score and its reasons
(`compare`).
"""
