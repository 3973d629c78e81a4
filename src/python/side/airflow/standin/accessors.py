"""Objects of the context that look something up: `conn`, `var`, `macros`, asset events."""
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


class OutletEventAccessor:
    def __init__(self, key):
        self.key, self.extra, self.added = key, {}, []

    def add(self, asset, extra=None):
        self.added.append((asset, dict(extra or {})))


class OutletEventAccessors:
    """`outlet_events[asset].extra`."""

    def __init__(self, task):
        self._task, self._made = task, {}

    def __getitem__(self, key):
        if key not in self._made:
            self._made[key] = OutletEventAccessor(key)
        return self._made[key]

    def __len__(self):
        return len(self._made)

    def __iter__(self):
        return iter(self._made)

    def recorded(self):
        """The events for the supervisor."""
        found = []
        for key, one in self._made.items():
            row = {"outlet": key.as_outlet() if hasattr(key, "as_outlet") else str(key), "extra": one.extra}
            if one.added:
                row["added"] = [{"asset": a.as_outlet() if hasattr(a, "as_outlet") else str(a), "extra": e}
                                for a, e in one.added]
            found.append(row)
        return found


class InletEventsAccessors:
    """`inlet_events[asset]`: past events; none are kept yet."""

    def __init__(self, task):
        self._task = task

    def __getitem__(self, key):
        return []


class TriggeringAssetEventsAccessor(dict):
    """Events that made the run."""

    def __init__(self, events):
        super().__init__()
        from .assets import Asset

        for one in events or ():
            asset = one.get("asset") or {}
            key = Asset(name=asset.get("name"), uri=asset.get("uri"))
            self.setdefault(key, []).append(type("AssetEvent", (), one)())

    def __repr__(self):
        return f"TriggeringAssetEventAccessor(_events=defaultdict(<class 'list'>, {dict.__repr__(self)}))"
