"""Whether a published proof of solvency proves what it says, for an auditor and for an account holder."""
