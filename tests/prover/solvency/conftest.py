"""One small run, proved once, for all of these tests."""

from tests.prover.solvency.small_run import small_run

__all__ = ("small_run",)
