"""Rank-1 constraint systems and witnesses, in circom's own files."""
