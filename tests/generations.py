"""Which tests need which generation of the durable SDK: 1.x with JSON, or 2.x with gRPC."""

from importlib.metadata import version

import pytest

SDK = version("azure-functions-durable")
HAS_SDK_2 = SDK.startswith("2.")

sdk_1_only = pytest.mark.skipif(
    HAS_SDK_2, reason=f"speaks the protocol of azure-functions-durable 1.x; installed is {SDK}"
)
sdk_2_only = pytest.mark.skipif(
    not HAS_SDK_2, reason=f"needs azure-functions-durable 2.x on Python 3.13 or newer; installed is {SDK}"
)


def is_of_sdk(function: str) -> bool:
    """Whether the SDK itself adds the function to every app, as 2.x does with two."""
    return function.startswith("BuiltIn__")
