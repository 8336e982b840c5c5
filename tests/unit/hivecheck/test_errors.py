"""The tree of errors."""

from __future__ import annotations

import inspect
import re

from hivecheck import errors

BRANCH = re.compile(r"^(?P<stem>[│ ├└─]*)(?P<name>[A-Z]\w+)  +\S")
INDENT = 4


def drawn() -> dict[str, str]:
    """Error -> its parent, as the module's docstring draws them."""
    parents: dict[str, str] = {}
    above: list[str] = ["Exception"]
    for line in (errors.__doc__ or "").splitlines():
        if found := BRANCH.match(line):
            depth = len(found["stem"]) // INDENT + 1
            above[depth:] = [found["name"]]
            parents[found["name"]] = above[depth - 1]
    return parents


def defined() -> dict[str, str]:
    """Error -> its parent, as the classes are."""
    own = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__]
    return {kind.__name__: kind.__base__.__name__ for kind in own}


def test_the_tree_that_is_drawn_is_the_tree_that_is_defined() -> None:
    assert drawn() == defined()


def test_no_error_of_ours_is_an_assertion() -> None:
    assert not issubclass(errors.HivecheckError, AssertionError)
    assert all(issubclass(getattr(errors, name), errors.HivecheckError) for name in defined())
