"""Numbers in bodies of requests: true and false are none, though Python counts them as 1 and 0."""

from typing import Annotated, Any

from pydantic import BeforeValidator


def _no_truth(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError(f"a number is asked for, not {str(value).lower()}")
    return value


Whole = Annotated[int, BeforeValidator(_no_truth)]
Number = Annotated[float, BeforeValidator(_no_truth)]
