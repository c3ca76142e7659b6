"""A tag is what its kind's name hashes to, and no two are the same."""

from hashlib import sha256

import pytest

from facts.elements import derive_element
from facts.tags import Tag


@pytest.mark.parametrize("tag", Tag, ids=lambda tag: tag.name)
def test_a_tag_is_its_name_hashed(tag: Tag) -> None:
    digest = sha256(b"ringfence.v1." + tag.name.lower().encode()).hexdigest()
    assert tag == int(digest[:62], 16)
    assert 0 < tag < 2**248


def test_no_two_tags_are_the_same() -> None:
    assert len(set(Tag)) == len(Tag.__members__) == 37


def test_names_of_things_and_tags_stay_apart() -> None:
    assert derive_element("asset:owner") != derive_element("domain:owner") != derive_element("owner")
