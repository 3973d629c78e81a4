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
    from airflow.standin.times import zone_name

    kind, name = type(zone), zone_name(zone)
    fixed = "pendulum.tz.timezone.FixedTimezone"
    if kind.__name__ == "FixedTimezone" or kind.__module__ == "datetime":
        # Airflow writes a fixed offset that isn't pendulum's in a form that it can't read; here it is pendulum's
        data = "UTC" if name == "UTC" else int(zone.utcoffset(None).total_seconds())
        return wrap("builtins.tuple", [data, fixed, 1, True])
    known = "pendulum.tz.timezone.Timezone" if kind.__module__.startswith("pendulum") else full_name(kind)
    return wrap("builtins.tuple", [name, known, 1, True])


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
    if isinstance(value, list):
        return [serialize(v, down) for v in value]
    if isinstance(value, dict):
        return serialize(dict(value), depth)
    if kind in (tuple, set, frozenset) or isinstance(value, tuple) and hasattr(value, "_fields"):
        name = "tuple" if isinstance(value, tuple) else kind.__name__
        return wrap(f"builtins.{name}", [serialize(v, down) for v in value])
    if hasattr(kind, "model_dump") and hasattr(kind, "model_fields"):
        return wrap(full_name(kind), serialize(value.model_dump(mode="json"), down))
    known = _known(value, kind)
    if known is not None:
        return known
    if isinstance(value, (bool, int, float, str)):
        if hasattr(kind, "__members__"):
            return value.value
        return next(base(value) for base in (bool, int, float, str) if isinstance(value, base))
    return _objects(value, kind, down)


def _known(value, kind):
    """Forms of the standard library's and well-known packages' classes; None for others."""
    place = kind.__module__
    datetime = sys.modules.get("datetime")
    if datetime is not None:
        if isinstance(value, datetime.datetime):
            name = "pendulum.datetime.DateTime" if kind.__name__ == "DateTime" else "datetime.datetime"
            return wrap(name, {"timestamp": value.timestamp(), "tz": zone_form(value.tzinfo)}, 2)
        if isinstance(value, datetime.date):
            name = "pendulum.date.Date" if place.startswith("pendulum") else "datetime.date"
            return wrap(name, value.isoformat(), 2)
        if isinstance(value, datetime.timedelta):
            return wrap("datetime.timedelta", value.total_seconds(), 2)
        if isinstance(value, datetime.tzinfo) and place.partition(".")[0] in ("zoneinfo", "pendulum"):
            data, name = zone_form(value)["__data__"][:2]
            return wrap(name, data)
    if place in ("decimal", "_decimal", "_pydecimal") and kind.__name__ == "Decimal":
        exponent = value.as_tuple().exponent
        return wrap("decimal.Decimal", int(value) if isinstance(exponent, int) and exponent >= 0 else float(value))
    if place == "uuid" and kind.__name__ == "UUID":
        return wrap("uuid.UUID", str(value))
    if place.startswith("numpy") and hasattr(value, "item") and not hasattr(value, "__len__"):
        return wrap(full_name(kind), value.item())
    if place.startswith("pandas") and kind.__name__ == "DataFrame":
        import pyarrow
        from pyarrow import parquet

        out = pyarrow.BufferOutputStream()
        parquet.write_table(pyarrow.Table.from_pandas(value), out, compression="snappy")
        return wrap("pandas.core.frame.DataFrame", out.getvalue().hex().decode())
    return None


def _objects(value, kind, down):
    """Classes that know their form: `serialize()`, dataclasses, attrs."""
    version = getattr(kind, "__version__", 0)
    if callable(getattr(value, "as_xcom", None)) and kind.__module__.startswith("airflow."):
        return wrap(full_name(kind), serialize(value.as_xcom(), down), version)
    if callable(getattr(value, "serialize", None)):
        data = value.serialize()
        return wrap(full_name(kind), serialize(data, down) if isinstance(data, dict) else data, version)
    if hasattr(kind, "__dataclass_fields__"):
        import dataclasses

        return wrap(full_name(kind), serialize(dataclasses.asdict(value), down), version)
    fields = getattr(kind, "__attrs_attrs__", None)
    if fields is not None:
        return wrap(full_name(kind), {a.name: serialize(getattr(value, a.name), down) for a in fields if a.init}, version)
    raise TypeError(f"Cannot serialize object of type {kind}. {ADVICE}")


def zone_value(form):
    import datetime as dt

    if form is None:
        return None
    data = form.get("__data__") if isinstance(form, dict) else form
    name = data[0] if isinstance(data, list) else data
    if isinstance(name, int):
        return dt.timezone(dt.timedelta(seconds=name))
    if isinstance(data, list) and len(data) > 1 and data[1] == "zoneinfo.ZoneInfo":
        from zoneinfo import ZoneInfo

        return ZoneInfo(name)
    import pendulum

    return pendulum.timezone(name)


def deserialize_other(form):
    """The value of a stored form with a class name."""
    name, data, version = form.get("__classname__"), form.get("__data__"), form.get("__version__", 0)
    if name in BUILT_IN:
        return BUILT_IN[name](data)
    if name.startswith("numpy."):
        import numpy

        return getattr(numpy, name[6:])(data)
    if name == "pandas.core.frame.DataFrame":
        import io

        from pyarrow import parquet

        return parquet.read_table(io.BytesIO(bytes.fromhex(data))).to_pandas()
    allow(name)
    module, _, attribute = name.rpartition(".")
    __import__(module)
    cls = getattr(sys.modules[module], attribute)
    data = deserialize(data)
    if hasattr(cls, "model_validate"):
        return cls.model_validate(data)
    if hasattr(cls, "deserialize"):
        return cls.deserialize(data, version)
    if not hasattr(cls, "__dataclass_fields__") and not hasattr(cls, "__attrs_attrs__"):
        raise TypeError(f"No deserializer found for {name}. It must provide a `deserialize(data, version)` staticmethod "
                        "(matching how it serializes), or be decorated with @dataclass or @attr.define.")
    newest = getattr(cls, "__version__", 0)
    if int(version) > newest:
        raise TypeError(f"serialized version of {name} is newer than module version ({version} > {newest})")
    return cls(**data)


def _moment(data):
    import datetime as dt

    return dt.datetime.fromtimestamp(float(data["timestamp"]), zone_value(data.get("tz")))


def _nice_moment(data):
    import pendulum

    found = _moment(data)
    return pendulum.instance(found) if found.tzinfo is not None else pendulum.instance(found).replace(tzinfo=None)


def _nice_date(data):
    import pendulum

    return pendulum.Date.fromisoformat(data)


def _of(module, name, prepare=lambda data: data):
    """Makes a value with a class that is imported when it is needed."""
    def make(data):
        __import__(module)
        return getattr(sys.modules[module], name)(prepare(data))

    return make


def _date(data):
    import datetime as dt

    return dt.date.fromisoformat(data)


def _delta(data):
    import datetime as dt

    return dt.timedelta(seconds=float(data))


def _zone(data):
    return zone_value([data])


BUILT_IN = {
    "builtins.tuple": lambda data: tuple(deserialize(v) for v in data),
    "builtins.set": lambda data: {deserialize(v) for v in data},
    "builtins.frozenset": lambda data: frozenset(deserialize(v) for v in data),
    "datetime.datetime": _moment, "pendulum.datetime.DateTime": _nice_moment, "datetime.date": _date,
    "pendulum.date.Date": _nice_date, "datetime.timedelta": _delta, "decimal.Decimal": _of("decimal", "Decimal", str),
    "uuid.UUID": _of("uuid", "UUID"), "zoneinfo.ZoneInfo": _of("zoneinfo", "ZoneInfo"),
    "pendulum.tz.timezone.Timezone": _zone, "pendulum.tz.timezone.FixedTimezone": _zone,
}


def allow(name):
    """Only classes of the allow list are made."""
    from airflow.standin import state

    allowed = state.settings.get("allowed_deserialization_classes") or ["airflow.*"]
    if isinstance(allowed, str):
        allowed = allowed.split()
    import re

    patterns = state.settings.get("allowed_deserialization_classes_regexp") or ""
    if not any(fnmatch.fnmatch(name, pattern) for pattern in allowed) \
            and not any(re.fullmatch(pattern, name) for pattern in patterns.split()):
        raise ImportError(
            f"{name} was not found in allow list for deserialization imports. "
            "To allow it, add it to allowed_deserialization_classes in the configuration"
        )
