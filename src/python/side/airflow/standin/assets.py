"""Assets, conditions over them, and `@asset`."""
from . import state
from .decorators import _PythonDecoratedOperator


class BaseAsset:
    """What can be combined with `&` and `|`."""

    def __and__(self, other):
        return AssetAll(self, other)

    def __or__(self, other):
        return AssetAny(self, other)


class _Stored(dict):
    """A dict that is stored as it is."""


class Asset(BaseAsset):
    """A named piece of data."""

    __module__ = "airflow.sdk.definitions.asset"

    def __init__(self, name=None, uri=None, *, group=None, extra=None, watchers=None, **kwargs):
        if name is None and uri is None:
            raise TypeError("Asset() requires either 'name' or 'uri'")
        self.name = name if name is not None else uri
        self.uri = uri if uri is not None else name
        if not str(self.name).strip():
            raise ValueError("Asset name cannot be empty")
        self.group = group or "asset"
        self.extra = dict(extra or {})
        self.watchers = watchers or []

    def as_expression(self):
        return {"asset": {"name": self.name, "uri": self.uri, "group": self.group}}

    def as_outlet(self):
        return {"name": self.name, "uri": self.uri, "type": "Asset"}

    def serialize(self):
        """The XCom form."""
        everyone = {"__classname__": "airflow.sdk.definitions.asset.access_control.AssetAccessControl", "__version__": 0,
                    "__data__": {"allow_global": True, "consumer_teams": None, "producer_teams": []}}
        return _Stored(name=self.name, uri=self.uri, group=self.group, extra=self.extra, watchers=[],
                       access_control=everyone)

    @staticmethod
    def deserialize(data, version):
        return Asset(name=data.get("name"), uri=data.get("uri"), group=data.get("group"), extra=data.get("extra"))

    __version__ = 1

    def __eq__(self, other):
        return isinstance(other, Asset) and (self.name, self.uri) == (other.name, other.uri)

    def __hash__(self):
        return hash((self.name, self.uri))

    def __fspath__(self):
        return self.uri

    def __repr__(self):
        return f"Asset(name={self.name!r}, uri={self.uri!r}, group={self.group!r}, extra={self.extra!r}, watchers=[])"


class Dataset(Asset):
    def __init__(self, uri, extra=None, **kwargs):
        super().__init__(uri=uri, extra=extra, **kwargs)


class Model(Asset):
    def __init__(self, name=None, uri=None, **kwargs):
        super().__init__(name, uri, group="model", **kwargs)


class AssetAlias(BaseAsset):
    __module__ = "airflow.sdk.definitions.asset"

    def __init__(self, name, group=None):
        self.name, self.group = name, group or "asset"

    def as_expression(self):
        return {"alias": {"name": self.name, "group": self.group}}

    def as_outlet(self):
        return {"name": self.name, "uri": None, "type": "AssetAlias"}

    def __eq__(self, other):
        return isinstance(other, AssetAlias) and self.name == other.name

    def __hash__(self):
        return hash(self.name)

    def __repr__(self):
        return f"AssetAlias(name={self.name!r}, group={self.group!r})"


DatasetAlias = AssetAlias


class AssetRef(BaseAsset):
    """A reference by name or URI."""

    def __init__(self, name=None, uri=None):
        self.name, self.uri = name, uri

    def as_expression(self):
        return {"asset_ref": {"name": self.name} if self.name else {"uri": self.uri}}

    def as_outlet(self):
        return {"name": self.name, "uri": self.uri, "type": "AssetRef"}


class AssetNameRef(AssetRef):
    def __init__(self, name):
        super().__init__(name=name)


class AssetUriRef(AssetRef):
    def __init__(self, uri):
        super().__init__(uri=uri)


class AssetUniqueKey:
    def __init__(self, name, uri):
        self.name, self.uri = name, uri


class _Condition(BaseAsset):
    kind = "all"

    def __init__(self, *objects):
        for one in objects:
            if not hasattr(one, "as_expression"):
                raise TypeError("expect asset expressions in condition")
        self.objects = []
        for one in objects:
            self.objects.extend(one.objects if type(one) is type(self) else [one])

    def as_expression(self):
        return {self.kind: [o.as_expression() for o in self.objects]}


class AssetAll(_Condition):
    pass


class AssetAny(_Condition):
    kind = "any"


DatasetAll, DatasetAny = AssetAll, AssetAny


class AssetWatcher:
    def __init__(self, name, trigger):
        self.name, self.trigger = name, trigger


class Metadata:
    """Yielded by a task: extra of an asset event."""

    def __init__(self, asset, extra=None, alias=None):
        self.asset, self.extra, self.alias = asset, extra or {}, alias


def expression(given):
    """The condition of a `schedule=`."""
    if isinstance(given, (list, tuple, set)):
        return {"all": [one.as_expression() for one in given]}
    return given.as_expression()


class AssetDefinition(Asset):
    """What `@asset` gives."""

    def __init__(self, name, uri, function, group, extra, watchers):
        super().__init__(name=name, uri=uri, group=group, extra=extra, watchers=watchers)
        self.function = function


class _AssetMainOperator(_PythonDecoratedOperator):
    __module__ = "airflow.sdk.definitions.asset.decorators"

    def __init__(self, *, definition_name, uri=None, **kwargs):
        super().__init__(**kwargs)
        self._definition_name = definition_name

    def execute(self, context):
        function = self.python_callable
        names = function.__code__.co_varnames[:function.__code__.co_argcount]
        kwargs = {}
        for name in names:
            if name == "self":
                kwargs[name] = self.outlets[0] if self.outlets else None
            elif name == "context":
                kwargs[name] = context
            elif name in context:
                kwargs[name] = context[name]
            else:
                found = next((a for a in self.inlets if getattr(a, "name", None) == name), None)
                kwargs[name] = Asset(name=name) if found is None or isinstance(found, AssetRef) else found
        result = function(**kwargs)
        return result


def asset(uri=None, *, name=None, group=None, extra=None, watchers=None, schedule=state.NOTSET, **dag_options):
    """`@asset(schedule=...)`: a DAG of one task, and the asset that it makes."""

    def wrap(function):
        from .dag import DAG

        title = name or function.__name__
        made = AssetDefinition(title, uri or title, function, group, extra, watchers)
        code = function.__code__
        names = code.co_varnames[:code.co_argcount]
        inlets = [AssetNameRef(n) for n in names if n not in ("self", "context")]
        options = dict(dag_options)
        options.setdefault("dag_display_name", title if "display_name" not in options else options.pop("display_name"))
        with DAG(title, schedule=None if schedule is state.NOTSET else schedule, catchup=options.pop("catchup", False),
                 **options):
            _AssetMainOperator(task_id=title, definition_name=title, python_callable=function, inlets=inlets,
                               outlets=[made], uri=uri)
        return made

    return wrap


class _Multi:
    def __call__(self, *, outlets, schedule=None, name=None, **options):
        def wrap(function):
            from .dag import DAG

            title = name or function.__name__
            with DAG(title, schedule=schedule, catchup=False, **options):
                _AssetMainOperator(task_id=title, definition_name=title, python_callable=function, outlets=outlets)
            return function

        return wrap


asset.multi = _Multi()
