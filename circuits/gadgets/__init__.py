"""Pieces that any statement can use; each says what it proves, and when it must not be used."""
