"""Values of one instance of a mapped task."""
from airflow.standin.node import DAGNode
from airflow.standin.xcom_arg import XComArg

from . import resolve as values_of


def expanded(expand_input, context):
    """(arguments, ids of those that came from XComs) for the context's map index."""
    kind, given = expand_input
    index = context["ti"].map_index
    if index is None or index < 0:
        raise RuntimeError("can't resolve a mapped task's values without a map index")
    if kind == "expand":
        return _product(given, index, context)
    return _row(given, index, context)


def _product(given, index, context):
    resolved = {}
    for name, value in given.items():
        if isinstance(value, (XComArg, DAGNode)):
            resolved[name] = (values_of.resolve(value, context), True)
        else:
            resolved[name] = (value, False)
    values, seen = {}, set()
    for name in reversed(list(given)):
        source, came = resolved[name]
        size = len(source)
        position, index = index % size, index // size
        element = values_of.elements(source)[position]
        if isinstance(element, XComArg):
            element, came = values_of.resolve(element, context), True
        values[name] = element
        if came:
            seen.add(id(element))
    return {name: values[name] for name in given}, seen


def _row(given, index, context):
    source = values_of.resolve(given, context) if isinstance(given, (XComArg, DAGNode)) else given
    row = values_of.elements(source)[index]
    if isinstance(row, XComArg):
        row = values_of.resolve(row, context)
    if not hasattr(row, "keys"):
        raise ValueError(
            f"expand_kwargs() expects a list[dict], not {type(source).__name__ if isinstance(source, (list, tuple)) else 'list'}"
            f"[{type(row).__name__}]"
        )
    values, seen = {}, set()
    for key, value in row.items():
        if not isinstance(key, str):
            raise ValueError(
                f"expand_kwargs() input dict keys must all be str, but {key!r} is of type {type(key).__name__}"
            )
        if isinstance(value, XComArg):
            value = values_of.resolve(value, context)
            seen.add(id(value))
        values[key] = value
    return values, seen
