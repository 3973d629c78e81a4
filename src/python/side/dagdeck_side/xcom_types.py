"""Stored forms of XCom values that JSON lacks, as Airflow writes them."""
import fnmatch
import sys

from .xcom import deserialize, serialize

ADVICE = ("Give it a `serialize()` method and a `deserialize(data, version)` staticmethod, or decorate the class with "
          "@dataclass or @attr.define. See: https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-"
          "scheduling/serializers.html")


def wrap(name, data, version=1):
    return {"__classname__": name, "__version__": version, "__data__": data}


def full_name(cls):
    return f"{cls.__module__}.{cls.__qualname__}"


def zone_form(zone):
    """The stored form of a tzinfo."""
    if zone is None:
        return None
    import datetime as dt

    from airflow.standin.times import zone_name

    if zone == dt.timezone.utc or zone_name(zone) == "UTC":
        return wrap("builtins.tuple", ["UTC", "pendulum.tz.timezone.FixedTimezone", 1, True])
    name = zone_name(zone)
    if name[:1] in "+-":
        offset = int(dt.datetime(2000, 1, 1, tzinfo=zone).utcoffset().total_seconds())
        return wrap("builtins.tuple", [offset, "pendulum.tz.timezone.FixedTimezone", 1, True])
    return wrap("builtins.tuple", [name, "pendulum.tz.timezone.Timezone", 1, True])


def serialize_other(value, depth):
    """The stored form of what isn't plain JSON."""
    kind = type(value)
    down = depth + 1
    if kind.__module__ == "airflow.sdk.execution_time.lazy_sequence" or kind.__name__ in (
            "_MapResult", "_ZipResult", "_ConcatResult"):
        return [serialize(v, down) for v in value]
    if kind.__name__ == "_Stored":
        return dict(value)
    if kind.__name__ == "Proxy" and hasattr(value, "_value"):
        return serialize(value._value(), depth)
    if isinstance(value, str):
        return str(getattr(value, "value", value))
    if kind is tuple or kind in (set, frozenset):
        return wrap(f"builtins.{kind.__name__}", [serialize(v, down) for v in value])
    if hasattr(kind, "__members__") and hasattr(value, "value"):
        return serialize(value.value, down)
    for base in (bool, int, float):
        if isinstance(value, base) and not kind.__module__.startswith("numpy"):
            return base(value)
    datetime = sys.modules.get("datetime")
    if datetime is not None:
        if isinstance(value, datetime.datetime):
            name = "pendulum.datetime.DateTime" if kind.__name__ == "DateTime" else "datetime.datetime"
            aware = value if value.tzinfo is not None else value.replace(tzinfo=datetime.timezone.utc)
            return wrap(name, {"timestamp": aware.timestamp(), "tz": zone_form(value.tzinfo)}, 2)
        if isinstance(value, datetime.date):
            return wrap("datetime.date", value.isoformat(), 2)
        if isinstance(value, datetime.timedelta):
            return wrap("datetime.timedelta", value.total_seconds(), 2)
    if kind.__module__ in ("decimal", "_decimal", "_pydecimal") and kind.__name__ == "Decimal":
        exponent = value.as_tuple().exponent
        return wrap("decimal.Decimal", int(value) if isinstance(exponent, int) and exponent >= 0 else float(value))
    if kind.__module__.startswith("numpy") and hasattr(value, "item") and not hasattr(value, "__len__"):
        return wrap(full_name(kind), value.item())
    if kind.__module__ == "uuid":
        return str(value)
    if isinstance(value, dict):
        return {str(k): serialize(v, down) for k, v in value.items()}
    if isinstance(value, list):
        return [serialize(v, down) for v in value]
    if isinstance(value, tuple):
        return wrap("builtins.tuple", [serialize(v, down) for v in value])
    return _objects(value, kind, down)


def _objects(value, kind, down):
    version = getattr(kind, "__version__", 0)
    version = version if isinstance(version, int) else 0
    if callable(getattr(value, "serialize", None)):
        return wrap(full_name(kind), serialize(value.serialize(), down), version)
    if hasattr(kind, "model_dump"):
        return wrap(full_name(kind), serialize(value.model_dump(), down), version or 1)
    fields = getattr(kind, "__dataclass_fields__", None)
    if fields is not None:
        return wrap(full_name(kind), {n: serialize(getattr(value, n), down) for n in fields}, version)
    fields = getattr(kind, "__attrs_attrs__", None)
    if fields is not None:
        return wrap(full_name(kind), {a.name: serialize(getattr(value, a.name), down) for a in fields}, version)
    raise TypeError(f"Cannot serialize object of type {kind}. {ADVICE}")


def zone_value(form):
    import datetime as dt

    if form is None:
        return None
    data = form.get("__data__") if isinstance(form, dict) else form
    name = data[0] if isinstance(data, list) else data
    if isinstance(name, int):
        return dt.timezone(dt.timedelta(seconds=name))
    import pendulum

    return pendulum.timezone(name)


def deserialize_other(form):
    """The value of a stored form with a class name."""
    name, data = form.get("__classname__"), form.get("__data__")
    if name in ("builtins.tuple", "builtins.set", "builtins.frozenset"):
        items = [deserialize(v) for v in data]
        return {"tuple": tuple, "set": set, "frozenset": frozenset}[name[9:]](items)
    if name in ("datetime.datetime", "pendulum.datetime.DateTime"):
        import datetime as dt

        zone = zone_value(data.get("tz"))
        value = dt.datetime.fromtimestamp(float(data["timestamp"]), zone or dt.timezone.utc)
        if name.startswith("pendulum"):
            import pendulum

            return pendulum.instance(value)
        return value if zone is not None else value.replace(tzinfo=None)
    if name == "datetime.date":
        import datetime as dt

        return dt.date.fromisoformat(data)
    if name == "datetime.timedelta":
        import datetime as dt

        return dt.timedelta(seconds=float(data))
    if name == "decimal.Decimal":
        from decimal import Decimal

        return Decimal(str(data))
    if name.startswith("numpy."):
        return data
    allow(name)
    module, _, attribute = name.rpartition(".")
    __import__(module)
    cls = getattr(sys.modules[module], attribute)
    data = deserialize(data)
    if hasattr(cls, "deserialize"):
        return cls.deserialize(data, form.get("__version__", 0))
    return cls(**data)


def allow(name):
    """Only classes of the allow list are made."""
    from airflow.standin import state

    allowed = state.settings.get("allowed_deserialization_classes") or ["airflow.*"]
    if isinstance(allowed, str):
        allowed = allowed.split()
    if not any(fnmatch.fnmatch(name, pattern) for pattern in allowed):
        raise ImportError(
            f"{name} was not found in allow list for deserialization imports. "
            "To allow it, add it to allowed_deserialization_classes in the configuration"
        )
