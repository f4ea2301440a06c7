"""Calls to the outside, each behind a small class; what cannot be reached is a sentence, never a traceback."""
