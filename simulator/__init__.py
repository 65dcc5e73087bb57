"""A small country of source portals that answer as the real vendors do, quirks included, with a known truth.

Dossiers and documents are generated from a seed; the portals (`opencps`, `tandan`, `igate`, `bkav`) and
the truth (`truth`) both start from them and share no counting code, so one can be held against the other.
"""
