"""Decides whether a claim is proved, and for whom it is good."""
