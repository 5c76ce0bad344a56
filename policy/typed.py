"""A YAML file as one of our values, or every problem of it with its line."""

import json
from typing import TypeVar

from pydantic import ValidationError

from policy.problems import Unreadable, problems_of
from policy.strictyaml import Document, load
from policy.value import Value

Model = TypeVar("Model", bound=Value)


def read(content: bytes, model: type[Model]) -> Model | Unreadable:
    """Return what *content* says as a *model*."""
    document = load(content)
    if isinstance(document, Unreadable):
        return document
    return checked(document, model)


def checked(document: Document, model: type[Model]) -> Model | Unreadable:
    """Return what *document* says as a *model*."""
    try:
        # by way of JSON: a YAML list is not a tuple in strict mode, a JSON one is
        return model.model_validate_json(json.dumps(document.value))
    except ValidationError as error:
        return Unreadable(problems_of(error, document.lines))
