"""The curve BN254 (alt_bn128): its constants, points, encodings and two backends."""
