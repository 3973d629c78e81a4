"""XCom values: their stored form, and asking for them."""
from airflow.standin import state

PLAIN = (str, int, float, bool, type(None))


def serialize(value, depth=0):
    """The JSON form of a pushed value."""
    kind = type(value)
    if kind in PLAIN:
        if kind is float and (value != value or abs(value) == float("inf")):
            raise ValueError("Out of range float values are not JSON compliant")
        return value
    if kind is list:
        return [serialize(v, depth + 1) for v in value]
    if kind is dict:
        if "__classname__" in value or "__version__" in value:
            raise AttributeError("reserved key __classname__ or __version__ found in dict to serialize")
        return {str(k): serialize(v, depth + 1) for k, v in value.items()}
    from .xcom_types import serialize_other

    return serialize_other(value, depth)


def deserialize(value):
    """The value of a stored JSON form."""
    kind = type(value)
    if kind is list:
        return [deserialize(v) for v in value]
    if kind is dict:
        if "__classname__" in value:
            from .xcom_types import deserialize_other

            return deserialize_other(value)
        return {k: deserialize(v) for k, v in value.items()}
    return value


def get_one(key, dag_id, run_id, task_id, map_index, prior=False):
    """(found, value) of one XCom."""
    reply = state.channel.ask({"type": "GetXCom", "key": key, "dag_id": dag_id, "run_id": run_id, "task_id": task_id,
                               "map_index": map_index, "include_prior_dates": prior})
    if not reply.get("found"):
        return False, None
    return True, deserialize(reply.get("value"))


def get_all(key, dag_id, run_id, task_id, prior=False):
    """Values of all map indexes, in order."""
    reply = state.channel.ask({"type": "GetXComSequence", "key": key, "dag_id": dag_id, "run_id": run_id,
                               "task_id": task_id, "include_prior_dates": prior})
    return [deserialize(row.get("value")) for row in reply.get("values") or ()]
