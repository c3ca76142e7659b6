"""Proof of solvency, byte by byte: accounts, tables, running state, challenge, sums, header, receipts, reserves."""
