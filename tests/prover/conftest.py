"""One cache of circuits and keys for all provers that serve in these tests."""

from tests.prover.farm import farm_cache

__all__ = ("farm_cache",)
