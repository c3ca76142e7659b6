"""Poseidon over the scalar field of BN254 with circomlib's parameters: the hash of every commitment and tree."""
