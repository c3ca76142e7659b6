"""What a metric's label can be: a reason that there is, whatever anybody raises."""

from hypothesis import given
from hypothesis.strategies import sampled_from, text
from prometheus_client import CollectorRegistry

from margin.errors import Reason as MarginReason
from serving.errors import INTERNAL, REASONS, Reason, answer_to
from serving.errors import MisuseError as ServingMisuseError
from serving.metrics import MeasuredCalls, label_reason
from serving.observation import EndedCall, end_of
from snark.errors import Reason as SnarkReason


@given(sampled_from([*Reason, *MarginReason, *SnarkReason]))
def test_every_reason_is_its_own_label(reason: Reason | MarginReason | SnarkReason) -> None:
    assert label_reason(reason) == reason.value


@given(text())
def test_nothing_else_becomes_a_label(said: str) -> None:
    assert label_reason(said) in REASONS | {""}
    assert label_reason(said) == said or label_reason(said) == "INTERNAL"


@given(text(min_size=1))
def test_calls_are_counted_under_reasons_that_there_are(said: str) -> None:
    registry = CollectorRegistry()
    measured = MeasuredCalls(registry)
    told = (end_of(answer_to(ServingMisuseError(Reason.NOT_READY, said, found=said, expected=said))), end_of(INTERNAL))
    for code, reason in (*told, ("OK", ""), ("INTERNAL", said)):
        measured.call_ended(EndedCall("/a/b", said, said, code, reason, 0.1))
    samples = [each for family in registry.collect() for each in family.samples if each.name == "ringfence_calls_total"]
    assert {each.labels["reason"] for each in samples} <= REASONS | {""}
    assert {each.labels["method"] for each in samples} == {"/a/b"}
    assert all(each.labels["reason"] for each in samples if each.labels["code"] != "OK")
