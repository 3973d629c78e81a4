"""Objects of the context that look something up: `conn`, `var`, `macros`."""
from . import macros


class ConnectionAccessor:
    """`conn.<id>` and `conn.get(id, default)`."""

    def __getattr__(self, conn_id):
        if conn_id[:2] == "__":
            raise AttributeError(conn_id)
        from .variables import find_connection

        return find_connection(conn_id)

    def get(self, conn_id, default_conn=None):
        from .exceptions import AirflowNotFoundException
        from .variables import find_connection

        try:
            return find_connection(conn_id)
        except AirflowNotFoundException:
            return default_conn

    def __repr__(self):
        return "<ConnectionAccessor (dynamic access)>"


class VariableAccessor:
    """`var.value` and `var.json`."""

    def __init__(self, deserialize_json):
        self._json = deserialize_json

    def __getattr__(self, key):
        if key[:2] == "__":
            raise AttributeError(key)
        from .variables import Variable

        try:
            return Variable.get(key, deserialize_json=self._json)
        except ValueError:
            from .exceptions import AirflowRuntimeError

            raise AirflowRuntimeError("VARIABLE_NOT_FOUND", {"message": f"Variable {key} not found"}) from None

    def get(self, key, default=None):
        from .variables import Variable

        return Variable.get(key, default=default, deserialize_json=self._json)


def variables():
    return {"json": VariableAccessor(True), "value": VariableAccessor(False)}


class MacrosAccessor:
    """`macros.ds_add` and the like."""

    def __getattr__(self, name):
        try:
            return getattr(macros, name)
        except AttributeError:
            from dagdeck_side.plugins import macros as of_plugin

            found = None if name[:2] == "__" else of_plugin(name)
            if found is None:
                raise
            return found


