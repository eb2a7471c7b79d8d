"""Which instance IDs a caller may choose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from shared import exceptions, instance_ids


@pytest.mark.parametrize("instance_id", ["a", "my-id-2024001", "a@b", "a b", "x" * 256, "ü", "a:b", "..."])
def test_an_id_that_the_extension_and_the_client_take_is_taken(instance_id):
    assert instance_ids.checked("myId", instance_id) == instance_id


@pytest.mark.parametrize(
    "instance_id",
    [
        "",
        "@a",
        "a/b",
        "a\\b",
        "a#b",
        "a?b",
        "a%41",
        "a\tb",
        "a\x7f",
        "a\x9f",
        "x" * 257,
        "\U0001f600" * 129,
        " a",
        "a ",
        "\u3000a",
        ".",
        "..",
        "\ud800",
    ],
)
def test_an_id_that_one_of_them_does_not_take_is_refused(instance_id):
    with pytest.raises(exceptions.InvalidValue) as refusal:
        instance_ids.checked("myId", instance_id)
    assert str(refusal.value).startswith("myId: ")
    assert instance_ids.ALLOWED in str(refusal.value)


@given(instance_id=st.text(max_size=300))
def test_an_id_that_is_taken_survives_the_url_of_the_client(instance_id):
    try:
        instance_ids.checked("myId", instance_id)
    except exceptions.InvalidValue:
        return
    assert URL(f"http://host/durabletask/instances/{instance_id}").parts[-1] == instance_id
    assert URL(f"http://host/durabletask/instances/{instance_id}").raw_path.count("/") == 3
