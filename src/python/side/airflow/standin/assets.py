"""Assets, aliases, references, and conditions over them."""
from . import state

ID_LENGTH = 1500


class BaseAsset:
    """What can be combined with `&` and `|`."""

    def __and__(self, other):
        return AssetAll(self, other) if isinstance(other, BaseAsset) else NotImplemented

    def __or__(self, other):
        return AssetAny(self, other) if isinstance(other, BaseAsset) else NotImplemented

    def as_model(self):
        """The form in which a DAG version keeps it."""
        return self.as_expression()


class _Stored(dict):
    """A dict that is stored as it is."""


def normalized(uri):
    """The URI as Airflow compares it: scheme in lower case, no user data, sorted query, no fragment, no last slash."""
    from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

    text = str(uri)
    parts = urlsplit(text)
    scheme = parts.scheme.lower()
    if not scheme or scheme.startswith("x-"):
        return text
    if scheme == "airflow":
        raise ValueError("Asset scheme 'airflow' is reserved")
    host = parts.netloc
    if parts.password:
        state.warn("An Asset URI should not contain a password. User info has been automatically dropped.",
                   "name a connection in the task instead")
        host = host.rpartition("@")[2]
    query = urlencode(sorted(parse_qsl(parts.query))) if parts.query else ""
    return urlunsplit((scheme, host, parts.path.rstrip("/") or "/", query, ""))


def identifier(owner, field, text, may_be_empty=False):
    """Checks a name, URI or group as Airflow does."""
    if not isinstance(text, str):
        raise ValueError(f"{owner} {field} must be a string")
    if len(text) > ID_LENGTH:
        raise ValueError(f"{owner} {field} cannot exceed {ID_LENGTH} characters")
    if text.isspace():
        raise ValueError(f"{owner} {field} cannot be just whitespace")
    if not text and not may_be_empty:
        raise ValueError(f"{owner} {field} cannot be empty")
    return text


class AssetAccessControl:
    """Which teams may use an asset; there is one team here, so it changes nothing."""

    __module__ = "airflow.sdk.definitions.asset.access_control"

    def __init__(self, producer_teams=None, consumer_teams=None, allow_global=True):
        self.producer_teams = list(producer_teams or [])
        self.consumer_teams, self.allow_global = consumer_teams, allow_global

    def fields(self):
        return {"producer_teams": self.producer_teams, "consumer_teams": self.consumer_teams,
                "allow_global": self.allow_global}

    @classmethod
    def deserialize(cls, data, version):
        return cls(**data)

    def __eq__(self, other):
        return isinstance(other, AssetAccessControl) and self.fields() == other.fields()

    def __repr__(self):
        return "AssetAccessControl(" + ", ".join(f"{k}={v!r}" for k, v in self.fields().items()) + ")"


class Asset(BaseAsset):
    """A named piece of data."""

    __module__ = "airflow.sdk.definitions.asset"
    __version__ = 1
    asset_type = "asset"

    def __init__(self, name=None, uri=None, *, group=None, extra=None, watchers=None, access_control=None):
        if name is None and uri is None:
            raise TypeError("Asset() requires either 'name' or 'uri'")
        if name is None:
            name = str(uri)
        elif uri is None:
            uri = name
        kind = type(self).__name__
        self.name = identifier(kind, "name", name)
        if name in ("self", "context"):
            raise ValueError(f"prohibited name for asset: {name}")
        self.uri = identifier(kind, "uri", normalized(uri))
        self.group = identifier(kind, "group", self.asset_type if group is None else group, may_be_empty=True)
        self.extra = {} if extra is None else extra
        self.watchers = list(watchers or [])
        self.access_control = access_control or AssetAccessControl()

    @staticmethod
    def ref(*, name="", uri=""):
        """A reference to an asset that another file defines."""
        if name and uri:
            raise TypeError("Asset reference must be made to either name or URI, not both")
        if name:
            return AssetNameRef(name)
        if uri:
            return AssetUriRef(uri)
        raise TypeError("Asset reference expects keyword argument 'name' or 'uri'")

    @property
    def normalized_uri(self):
        return self.uri if self.uri.startswith("file:") else None

    def as_expression(self):
        return {"asset": {"name": self.name, "uri": self.uri, "group": self.group}}

    def as_model(self):
        made = self.as_expression()
        if self.extra:
            from .encoding import plain

            made["asset"]["extra"] = plain(self.extra)
        if self.watchers:
            made["asset"]["watchers"] = [one.as_model() for one in self.watchers]
        return made

    def as_xcom(self):
        """The XCom form. (No `serialize()`: Airflow's assets have none, and are shown as their text.)"""
        access = {"__classname__": AssetAccessControl.__module__ + ".AssetAccessControl", "__version__": 0,
                  "__data__": self.access_control.fields()}
        return _Stored(name=self.name, uri=self.uri, group=self.group, extra=self.extra, watchers=[],
                       access_control=access)

    @classmethod
    def deserialize(cls, data, version):
        return cls(name=data.get("name"), uri=data.get("uri"), group=data.get("group"), extra=data.get("extra"),
                   access_control=data.get("access_control"))

    def _fields(self):
        return (self.name, self.uri, self.group, repr(self.extra), repr(self.access_control))

    def __eq__(self, other):
        return isinstance(other, Asset) and self._fields() == other._fields()

    def __hash__(self):
        return hash(self._fields())

    def __fspath__(self):
        return self.uri

    def __repr__(self):
        return (f"{type(self).__name__}(name={self.name!r}, uri={self.uri!r}, group={self.group!r}, "
                f"extra={self.extra!r}, watchers={self.watchers!r}, access_control={self.access_control!r})")


class Dataset(Asset):
    """Airflow 2's name of an asset."""

    __module__ = "airflow.sdk.definitions.asset"
    asset_type = "dataset"

    def __init__(self, name=None, uri=None, *args, **kwargs):
        if isinstance(uri, dict) or args:
            # Airflow 2: Dataset(uri, extra)
            kwargs["extra"] = uri if isinstance(uri, dict) else args[0]
            uri = None
        super().__init__(name, uri, **kwargs)


class Model(Asset):
    __module__ = "airflow.sdk.definitions.asset"
    asset_type = "model"


class AssetAlias(BaseAsset):
    """A name under which a task adds assets while it runs."""

    __module__ = "airflow.sdk.definitions.asset"

    def __init__(self, name, *, group="asset"):
        self.name = identifier("AssetAlias", "name", name)
        self.group = identifier("AssetAlias", "group", group, may_be_empty=True)

    def as_expression(self):
        return {"alias": {"name": self.name, "group": self.group}}

    def as_xcom(self):
        return _Stored(name=self.name, group=self.group)

    @classmethod
    def deserialize(cls, data, version):
        return cls(**data)

    def __eq__(self, other):
        return isinstance(other, AssetAlias) and (self.name, self.group) == (other.name, other.group)

    def __hash__(self):
        return hash((self.name, self.group))

    def __repr__(self):
        return f"AssetAlias(name={self.name!r}, group={self.group!r})"


DatasetAlias = AssetAlias


class AssetRef(BaseAsset):
    """A reference by name or URI; made by `Asset.ref`."""

    __module__ = "airflow.sdk.definitions.asset"
    field = "name"

    def as_expression(self):
        return {"asset_ref": {self.field: getattr(self, self.field)}}

    def __eq__(self, other):
        return type(self) is type(other) and getattr(self, self.field) == getattr(other, self.field)

    def __hash__(self):
        return hash((self.field, getattr(self, self.field)))

    def __repr__(self):
        return f"{type(self).__name__}({self.field}={getattr(self, self.field)!r})"


class AssetNameRef(AssetRef):
    __module__ = "airflow.sdk.definitions.asset"

    def __init__(self, name):
        self.name = name


class AssetUriRef(AssetRef):
    __module__ = "airflow.sdk.definitions.asset"
    field = "uri"

    def __init__(self, uri):
        self.uri = uri


class _Key(tuple):
    """What identifies an asset or alias."""

    __slots__ = ()
    name = property(lambda self: self[0])

    def __repr__(self):
        shown = ", ".join(f"{field}={value!r}" for field, value in zip(("name", "uri"), self))
        return f"{type(self).__name__}({shown})"


class AssetUniqueKey(_Key):
    __slots__ = ()
    uri = property(lambda self: self[1])

    def __new__(cls, name, uri):
        return super().__new__(cls, (name, uri))

    @classmethod
    def from_asset(cls, asset):
        return cls(asset.name, asset.uri)

    def to_asset(self):
        return Asset(name=self.name, uri=self.uri)


class AssetAliasUniqueKey(_Key):
    __slots__ = ()

    def __new__(cls, name):
        return super().__new__(cls, (name,))

    @classmethod
    def from_asset_alias(cls, alias):
        return cls(alias.name)

    def to_asset_alias(self):
        return AssetAlias(self.name)


class _Condition(BaseAsset):
    kind = "all"

    def __init__(self, *objects):
        if not all(isinstance(one, BaseAsset) for one in objects):
            raise TypeError("expect asset expressions in condition")
        self.objects = objects

    def as_expression(self):
        return {self.kind: [one.as_expression() for one in self.objects]}

    def as_model(self):
        return {self.kind: [one.as_model() for one in self.objects]}

    def __eq__(self, other):
        return type(self) is type(other) and tuple(self.objects) == tuple(other.objects)

    def __hash__(self):
        return hash(tuple(self.objects))

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(map(str, self.objects))})"


class AssetAll(_Condition):
    __module__ = "airflow.sdk.definitions.asset"

    def __and__(self, other):
        return AssetAll(*self.objects, other) if isinstance(other, BaseAsset) else NotImplemented


class AssetAny(_Condition):
    __module__ = "airflow.sdk.definitions.asset"
    kind = "any"

    def __or__(self, other):
        return AssetAny(*self.objects, other) if isinstance(other, BaseAsset) else NotImplemented


AssetBooleanCondition = _Condition
DatasetAll, DatasetAny = AssetAll, AssetAny


class AssetWatcher:
    """A trigger whose events update an asset."""

    __module__ = "airflow.sdk.definitions.asset"

    def __init__(self, name, trigger):
        from .triggers import BaseEventTrigger

        if not isinstance(trigger, BaseEventTrigger):
            raise ValueError("Asset watcher trigger must inherit BaseEventTrigger")
        self.name, self.trigger = name, trigger

    def as_model(self):
        from .encoding import plain

        path, kwargs = self.trigger.serialize()
        return {"name": self.name, "classpath": path, "kwargs": plain(kwargs)}

    def __repr__(self):
        return f"AssetWatcher(name={self.name!r}, trigger={self.trigger!r})"


class Metadata:
    """Yielded by a task: extra of an asset event."""

    __module__ = "airflow.sdk.definitions.asset.metadata"

    def __init__(self, asset, extra=None, alias=None):
        self.asset, self.extra, self.alias = asset, {} if extra is None else extra, alias


def condition(given):
    """The condition of a `schedule=`: a list means all of it."""
    return given if isinstance(given, BaseAsset) else AssetAll(*given)
