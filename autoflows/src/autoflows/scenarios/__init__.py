"""Scenarios: one file, one story. Facts with the day they arrive, a run on a simulated clock, and what must have happened."""
