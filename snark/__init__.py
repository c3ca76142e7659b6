"""The proof system: Groth16 over BN254, with its formats, its set-up and two backends."""
