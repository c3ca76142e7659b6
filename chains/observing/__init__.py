"""Observing a gate that checks proofs itself: what it holds, said to escrows in the words of verifiers."""
