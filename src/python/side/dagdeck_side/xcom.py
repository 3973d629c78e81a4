"""XCom values: their stored form, and asking for them."""
from airflow.standin import state

PLAIN = (str, int, float, bool, type(None))


def serialize(value, depth=0):
    """The JSON form of a pushed value."""
    kind = type(value)
    if kind in PLAIN:
        if kind is float and (value != value or abs(value) == float("inf")):
            raise ValueError(f"Out of range float values are not JSON compliant: {value}")
        if kind is int and not -(1 << 63) <= value < 1 << 64:
            raise OverflowError("can't serialize ints < -2**63 or > 2**64 - 1")
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


def backend():
    """The class of `[core] xcom_backend` if it is the author's own."""
    if "xcom_backend" not in state.settings:
        return None
    name = state.settings["xcom_backend"]
    if not isinstance(name, str):
        return name
    from airflow.standin.compat import BaseXCom, import_string

    found = import_string(name)
    if not isinstance(found, type) or not issubclass(found, BaseXCom):
        raise TypeError(f"Your custom XCom class `{getattr(found, '__name__', name)}` is not a subclass of `BaseXCom`.")
    state.settings["xcom_backend"] = found = None if found is BaseXCom else found
    return found


class Stored:
    """What a backend's `deserialize_value` gets."""

    def __init__(self, value, key, dag_id, run_id, task_id, map_index):
        self.value, self.key = value, key
        self.dag_id, self.run_id, self.task_id, self.map_index = dag_id, run_id, task_id, map_index


def to_stored(value, key, ti):
    """The form that is stored, by the backend."""
    own = backend()
    if own is None:
        return serialize(value)
    made = own.serialize_value(value, key=key, task_id=ti.task_id, dag_id=ti.dag_id, run_id=ti.run_id,
                               map_index=ti.map_index)
    if isinstance(made, bytes):
        made = made.decode()
    return made


def from_stored(value, key, dag_id, run_id, task_id, map_index):
    """The value of a stored form, by the backend."""
    own = backend()
    if own is None:
        return deserialize(value)
    return own.deserialize_value(Stored(value, key, dag_id, run_id, task_id, map_index))


def purge_old(ti, rows):
    """Has the backend forget what the tries before have stored."""
    own = backend()
    for row in rows if own is not None else ():
        own.purge(Stored(row["value"], row["key"], ti.dag_id, ti.run_id, ti.task_id, ti.map_index))


def get_one(key, dag_id, run_id, task_id, map_index, prior=False):
    """(found, value) of one XCom."""
    reply = state.channel.ask({"type": "GetXCom", "key": key, "dag_id": dag_id, "run_id": run_id, "task_id": task_id,
                               "map_index": map_index, "include_prior_dates": prior})
    if not reply.get("found"):
        return False, None
    return True, from_stored(reply.get("value"), key, dag_id, run_id, task_id, map_index)


def get_all(key, dag_id, run_id, task_id, prior=False):
    """Values of all map indexes, in order."""
    reply = state.channel.ask({"type": "GetXComSequence", "key": key, "dag_id": dag_id, "run_id": run_id,
                               "task_id": task_id, "include_prior_dates": prior})
    return [from_stored(row.get("value"), key, dag_id, row.get("run_id") or run_id, task_id, row.get("map_index", -1))
            for row in reply.get("values") or ()]
