"""What a verifier counts: by purposes, steps and reasons that there are."""

from hypothesis import given
from hypothesis.strategies import sampled_from, text
from prometheus_client import CollectorRegistry

from margin.errors import Reason
from serving.errors import REASONS
from serving.log import Log
from snark.errors import Reason as SnarkReason
from verifier.service.measurement import VALID, Measures
from verifier.steps import Step


def outcomes(registry: CollectorRegistry) -> dict[tuple[str, str], float]:
    """How often each outcome was counted, with its reason."""
    samples = (each for family in registry.collect() for each in family.samples)
    return {
        (each.labels["outcome"], each.labels["reason"]): each.value
        for each in samples
        if each.name == "ringfence_claims_total"
    }


@given(sampled_from([*Step]), sampled_from([*Reason, *SnarkReason]))
def test_a_refusal_is_counted_by_its_step_and_reason(step: Step, reason: Reason | SnarkReason) -> None:
    registry = CollectorRegistry()
    measures = Measures(registry, Log())
    measures.answer("accept")
    measures.refuse("accept", step, reason)
    assert outcomes(registry) == {(VALID, ""): 1.0, (f"refused_{step.name.lower()}", reason.value): 1.0}


@given(text())
def test_no_other_text_becomes_a_reason(said: str) -> None:
    registry = CollectorRegistry()
    Measures(registry, Log()).refuse("accept", Step.UNUSED, said)
    ((_, reason),) = outcomes(registry)
    assert reason in REASONS | {""}
