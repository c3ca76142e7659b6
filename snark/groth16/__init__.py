"""Groth16 over BN254: keys, proofs, verification of one and of many, and the ceremony that makes the keys."""
