"""The verifier's side as a web page: what the certificate it was started with may read, and nothing to press."""
