"""Remembers what was accepted: one transaction for nullifiers, acceptance and log leaf, on SQLite or PostgreSQL."""
