"""Params of a DAG or task."""
from . import state

NOTSET = state.NOTSET


class Param:
    """A default value with a JSON schema."""

    __module__ = "airflow.sdk.definitions.param"

    def __init__(self, default=NOTSET, description=None, source=None, **kwargs):
        self.value = default
        self.description = description
        self.schema = kwargs.pop("schema", None) or kwargs

    def __copy__(self):
        return Param(self.value, self.description, schema=self.schema)

    @property
    def has_value(self):
        return self.value is not NOTSET

    def resolve(self, value=NOTSET, suppress_exception=False):
        if value is NOTSET:
            value = self.value
        if value is NOTSET:
            if suppress_exception:
                return None
            from .exceptions import ParamValidationError

            raise ParamValidationError("No value passed and Param has no default value")
        return value

    def dump(self):
        return {"value": None if self.value is NOTSET else self.value, "description": self.description,
                "schema": self.schema}

    def __repr__(self):
        return f"Param({self.value!r})"


class ParamsDict(dict):
    """Name to `Param`; reading gives the values."""

    def __init__(self, values=None, suppress_exception=False):
        super().__init__()
        for key, value in (values or {}).items():
            self[key] = value

    def __setitem__(self, key, value):
        if not isinstance(value, Param):
            value = Param(value)
        super().__setitem__(key, value)

    def __getitem__(self, key):
        return super().__getitem__(key).resolve(suppress_exception=True)

    def get(self, key, default=None):
        return self[key] if key in self else default

    def get_param(self, key):
        return super().__getitem__(key)

    def params(self):
        return [(k, super(ParamsDict, self).__getitem__(k)) for k in self]

    def items(self):
        return [(k, self[k]) for k in self]

    def values(self):
        return [self[k] for k in self]

    def dump(self):
        return dict(self.items())

    def validate(self):
        return self.dump()

    def update(self, *args, **kwargs):
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def __repr__(self):
        return repr(self.dump())


class DagParam:
    """An argument of an `@dag` function: the param's value, when a task runs."""

    def __init__(self, dag, name, default=NOTSET):
        self.dag, self.name = dag, name
        if default is not NOTSET:
            dag.params[name] = default

    def resolve(self, context=None, session=None):
        return (context or state.context)["params"][self.name]

    def iter_references(self):
        return ()

    def __str__(self):
        return "{{ params." + self.name + " }}"
