"""`asset_state_store`: what tasks keep with an asset from run to run."""
from . import state
from .asset_events import ask, find_asset
from .assets import Asset, AssetAlias, AssetNameRef, AssetUriRef


class AssetStateStoreAccessor:
    """The kept values of one asset."""

    def __init__(self, *, name=None, uri=None):
        if not name and not uri:
            raise ValueError("Either `name` or `uri` must be provided")
        self._name, self._uri = name, uri

    def _message(self, verb, **fields):
        if self._name:
            return {"type": verb + "AssetStateStoreByName", "name": self._name, **fields}
        return {"type": verb + "AssetStateStoreByUri", "uri": self._uri, **fields}

    def _say(self, verb, **fields):
        # A say is answered at once: whether there is such an asset must be asked before.
        find_asset(name=self._name, uri=self._uri)
        state.channel.ask(self._message(verb, **fields))

    def get(self, key, default=None):
        reply = state.channel.ask_raw(self._message("Get", key=key))
        if reply.get("type") == "ErrorResponse":
            if reply.get("error") == "ASSET_STORE_NOT_FOUND":
                return default
            return ask(self._message("Get", key=key))
        return reply["value"]

    def set(self, key, value):
        if value is None:
            raise ValueError("Cannot set value as None")
        self._say("Set", key=key, value=value)

    def delete(self, key):
        self._say("Delete", key=key)

    def clear(self):
        self._say("Clear")

    async def aget(self, key, default=None):
        return self.get(key, default)

    async def aset(self, key, value):
        self.set(key, value)

    async def adelete(self, key):
        self.delete(key)

    async def aclear(self):
        self.clear()

    def __eq__(self, other):
        return isinstance(other, AssetStateStoreAccessor) and (self._name, self._uri) == (other._name, other._uri)

    def __hash__(self):
        return hash((self._name, self._uri))

    def __repr__(self):
        return f"<AssetStateStoreAccessor {'name' if self._name else 'uri'}={self._name or self._uri!r}>"


class AssetStateStoreAccessors:
    """One accessor per asset of the task; with a single asset it is that one's."""

    def __init__(self, inlets, outlets=()):
        self._by_name, self._by_uri = {}, {}
        for one in (*inlets, *(o for o in outlets or () if not isinstance(o, AssetAlias))):
            if isinstance(one, (Asset, AssetNameRef)):
                self._by_name.setdefault(one.name, AssetStateStoreAccessor(name=one.name))
            elif isinstance(one, AssetUriRef):
                self._by_uri.setdefault(one.uri, AssetStateStoreAccessor(uri=one.uri))
            elif isinstance(one, AssetAlias):
                for asset in ask({"type": "GetAssetsByAlias", "alias_name": one.name})["assets"]:
                    self._by_name.setdefault(asset["name"], AssetStateStoreAccessor(name=asset["name"]))

    def __getitem__(self, key):
        try:
            if isinstance(key, (Asset, AssetNameRef)):
                return self._by_name[key.name]
            if isinstance(key, AssetUriRef):
                return self._by_uri[key.uri]
        except KeyError:
            raise KeyError(f"{key!r} is not in this task's inlets or outlets") from None
        raise TypeError(f"Expected Asset, AssetNameRef, or AssetUriRef; got {type(key).__name__}")

    def __getattr__(self, name):
        if name not in ("get", "set", "delete", "clear", "aget", "aset", "adelete", "aclear"):
            raise AttributeError(name)
        accessors = [*self._by_name.values(), *self._by_uri.values()]
        if len(accessors) != 1:
            raise ValueError(f"Task has {len(accessors)} concrete inlets and outlets — use "
                             "context['asset_state_store'][MY_ASSET] to specify which")
        return getattr(accessors[0], name)

    def __repr__(self):
        parts = [f"name={name!r}" for name in self._by_name] + [f"uri={uri!r}" for uri in self._by_uri]
        return f"<AssetStateStoreAccessors [{', '.join(parts)}]>"
