"""Next to the secrets: wallets, circuits ready to be used, witnesses and proofs."""
