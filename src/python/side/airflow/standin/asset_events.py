"""Events of assets in a task's context: `outlet_events`, `inlet_events`, `triggering_asset_events`; kept state."""
from . import state
from .assets import (Asset, AssetAlias, AssetAliasUniqueKey, AssetNameRef, AssetRef, AssetUniqueKey, AssetUriRef)

KEY_LENGTH = 250


def ask(message):
    """An answer about assets, or Airflow's error."""
    reply = state.channel.ask_raw(message)
    if reply.get("type") == "ErrorResponse":
        from .exceptions import AirflowRuntimeError

        raise AirflowRuntimeError(reply.get("error"), reply.get("detail"))
    return reply


def find_asset(name=None, uri=None):
    """The active asset with a name or URI."""
    if name:
        reply = ask({"type": "GetAssetByName", "name": name})
    elif uri:
        reply = ask({"type": "GetAssetByUri", "uri": uri})
    else:
        raise ValueError("Either name or uri must be provided")
    return Asset(name=reply["name"], uri=reply["uri"], group=reply.get("group"), extra=reply.get("extra"))


def key_of(thing):
    """What identifies an asset, an alias, or the asset that is referred to."""
    if isinstance(thing, Asset):
        return AssetUniqueKey.from_asset(thing)
    if isinstance(thing, AssetAlias):
        return AssetAliasUniqueKey.from_asset_alias(thing)
    if isinstance(thing, AssetNameRef):
        return AssetUniqueKey.from_asset(find_asset(name=thing.name))
    if isinstance(thing, AssetUriRef):
        return AssetUniqueKey.from_asset(find_asset(uri=thing.uri))
    raise TypeError(f"Key should be either an asset or an asset alias, not {type(thing)}")


def thing_of(key):
    return key.to_asset() if isinstance(key, AssetUniqueKey) else key.to_asset_alias()


class _ByName:
    """`for_asset` and `for_asset_alias` of the accessors."""

    def for_asset(self, *, name=None, uri=None):
        if name and uri:
            return self[Asset(name=name, uri=uri)]
        if name:
            return self[Asset.ref(name=name)]
        if uri:
            return self[Asset.ref(uri=uri)]
        raise ValueError("name and uri cannot both be None")

    def for_asset_alias(self, *, name):
        return self[AssetAlias(name)]


class OutletEventAccessor:
    """`outlet_events[asset]`: what the success will say about it."""

    def __init__(self, key, extra=None):
        self.key, self.extra = key, {} if extra is None else extra
        self.asset_alias_events, self.partition_keys = [], set()

    def add(self, asset, extra=None):
        """Another asset, of an alias."""
        if not isinstance(self.key, AssetAliasUniqueKey):
            return
        own = asset.extra if isinstance(asset, Asset) else {}
        key = key_of(asset)
        self.asset_alias_events.append({"source_alias_name": self.key.name,
                                        "dest_asset_key": {"name": key.name, "uri": key.uri},
                                        "dest_asset_extra": own, "extra": extra or {}})

    def add_partitions(self, keys):
        """Partitions of the asset that were updated: one event each."""
        if isinstance(self.key, AssetAliasUniqueKey):
            raise TypeError("add_partitions() is not supported on asset alias outlet events; "
                            "partition keys can only be attached to a concrete asset.")
        keys = [keys] if isinstance(keys, str) else keys
        for key in keys:
            if not key.strip():
                raise ValueError(f"partition_key must not be empty or whitespace-only; got {key!r}.")
            if len(key) > KEY_LENGTH:
                raise ValueError(f"partition_key must be at most {KEY_LENGTH} characters; got {len(key)}.")
        self.partition_keys.update(keys)

    def __repr__(self):
        return f"OutletEventAccessor(key={self.key!r}, extra={self.extra!r}, asset_alias_events={self.asset_alias_events!r})"


class OutletEventAccessors(_ByName):
    """`outlet_events`."""

    def __init__(self, task=None):
        self._dict = {}

    def __getitem__(self, thing):
        key = key_of(thing)
        if key not in self._dict:
            self._dict[key] = OutletEventAccessor(key)
        return self._dict[key]

    def __iter__(self):
        return (thing_of(key) for key in self._dict)

    def __len__(self):
        return len(self._dict)

    def __repr__(self):
        return f"OutletEventAccessors(_dict={self._dict})"

    def recorded(self):
        """What was said, in the Task SDK's form."""
        found = []
        for key, one in self._dict.items():
            if isinstance(key, AssetUniqueKey):
                event = {"dest_asset_key": {"name": key.name, "uri": key.uri}, "extra": one.extra}
                if one.partition_keys:
                    found.extend({**event, "partition_key": each} for each in sorted(one.partition_keys))
                else:
                    found.append(event)
            found.extend(one.asset_alias_events)
        return found


class _Fields:
    """An object of a JSON document."""

    def __init__(self, fields):
        self.__dict__.update(fields)

    def __eq__(self, other):
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.__dict__.items())})"


class AssetResponse(_Fields):
    """The asset of an event."""


class AssetEventSourceTaskInstance:
    """The task instance that an event came from."""

    def __init__(self, dag_run, task_id, map_index):
        self.dag_run, self.task_id, self.map_index = dag_run, task_id, map_index
        self.dag_id, self.run_id = dag_run.dag_id, dag_run.run_id

    def xcom_pull(self, *, key="return_value", default=None):
        from dagdeck_side.xcom import get_one

        value = get_one(key, self.dag_id, self.run_id, self.task_id, self.map_index)[1]
        return default if value is None else value


class AssetEventResult(_Fields):
    """One event."""

    def __init__(self, fields):
        from dagdeck_side.context import moment

        super().__init__({**fields, "asset": AssetResponse(fields.get("asset") or {}),
                          "timestamp": moment(fields.get("timestamp")), "extra": fields.get("extra") or {},
                          "source_aliases": [_Fields(one) for one in fields.get("source_aliases") or ()]})

    @property
    def uri(self):
        return self.asset.uri

    @property
    def source_dag_run(self):
        if not self.source_dag_id or not self.source_run_id:
            return None
        from dagdeck_side.context import DagRun

        reply = ask({"type": "GetDagRun", "dag_id": self.source_dag_id, "run_id": self.source_run_id})
        return DagRun(reply["dag_run"])

    @property
    def source_task_instance(self):
        run = self.source_dag_run
        if self.source_task_id is None or run is None:
            return None
        return AssetEventSourceTaskInstance(run, self.source_task_id, self.source_map_index)


class InletEventsAccessor:
    """Past events of one asset or alias, asked for when they are used."""

    def __init__(self, asset_name=None, asset_uri=None, alias_name=None):
        self._query = {"name": asset_name, "uri": asset_uri} if alias_name is None else {"alias_name": alias_name}
        self._query["type"] = "GetAssetEventByAsset" if alias_name is None else "GetAssetEventByAssetAlias"
        self._found = None

    def _with(self, name, value):
        self._query[name] = value.isoformat() if hasattr(value, "isoformat") else value
        self._found = None
        return self

    def after(self, after):
        return self._with("after", after)

    def before(self, before):
        return self._with("before", before)

    def ascending(self, ascending=True):
        return self._with("ascending", ascending)

    def limit(self, limit):
        return self._with("limit", limit)

    def _events(self):
        if self._found is None:
            self._found = [AssetEventResult(one) for one in ask(self._query)["asset_events"]]
        return self._found

    def __iter__(self):
        return iter(self._events())

    def __len__(self):
        return len(self._events())

    def __getitem__(self, key):
        return self._events()[key]

    def __reversed__(self):
        return reversed(self._events())

    def __contains__(self, event):
        return event in self._events()


class InletEventsAccessors(_ByName):
    """`inlet_events`, by asset, alias, reference or position."""

    def __init__(self, inlets):
        self._inlets = list(inlets)

    def _assets(self):
        for inlet in self._inlets:
            if isinstance(inlet, Asset):
                yield inlet
            elif isinstance(inlet, AssetRef):
                yield find_asset(**{inlet.field: getattr(inlet, inlet.field)})

    def __iter__(self):
        return iter(self._inlets)

    def __len__(self):
        return len(self._inlets)

    def __getitem__(self, key):
        thing = self._inlets[key] if isinstance(key, int) else key
        if isinstance(thing, AssetAlias):
            if not any(isinstance(one, AssetAlias) and one.name == thing.name for one in self._inlets):
                raise KeyError(AssetAliasUniqueKey(thing.name))
            return InletEventsAccessor(alias_name=thing.name)
        if isinstance(thing, Asset):
            wanted = AssetUniqueKey.from_asset(thing)
            if not any(AssetUniqueKey.from_asset(one) == wanted for one in self._assets()):
                raise KeyError(wanted)
            return InletEventsAccessor(asset_name=thing.name, asset_uri=thing.uri)
        if isinstance(thing, AssetRef):
            value = getattr(thing, thing.field)
            if not any(getattr(one, thing.field) == value for one in self._assets()):
                raise KeyError(thing)
            return InletEventsAccessor(**{"asset_" + thing.field: value})
        if isinstance(key, int):
            raise IndexError(key)
        raise TypeError(f"`key` is of unknown type ({type(key).__name__})")


class TriggeringAssetEventsAccessor(_ByName):
    """Events that made the run, by asset and by the alias that they came under."""

    def __init__(self, events):
        from collections import defaultdict

        self._events = defaultdict(list)
        for one in events or ():
            event = AssetEventResult(one)
            keys = [AssetUniqueKey(event.asset.name, event.asset.uri)]
            keys += [AssetAliasUniqueKey(alias.name) for alias in event.source_aliases]
            for key in keys:
                self._events[key].append(event)

    def __getitem__(self, thing):
        return self._events[key_of(thing)]

    def get(self, thing, default=None):
        return self[thing]

    def __contains__(self, thing):
        # As in Airflow: any asset is there, one without events has none.
        return self[thing] is not None

    def __iter__(self):
        return (thing_of(key) for key in self._events)

    def __len__(self):
        return len(self._events)

    def keys(self):
        return list(self)

    def values(self):
        return list(self._events.values())

    def items(self):
        return [(thing_of(key), events) for key, events in self._events.items()]

    def __repr__(self):
        return f"TriggeringAssetEventAccessor(_events={self._events})"
