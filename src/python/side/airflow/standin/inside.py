"""Placeholders for Airflow's insides: they can be imported and named in annotations; using one says what is missing."""


class Missing(NotImplementedError):
    """Something of Airflow's database or processes was used."""


def refuse(name):
    return Missing(f"{name} belongs to Airflow's database or processes, which dagdeck doesn't have; use the task's context, "
                   "airflow.sdk, or the dagdeck command line")


class _Meta(type):
    """Attributes of a placeholder are refused as well."""

    def __getattr__(cls, name):
        if name[:1] == "_":
            raise AttributeError(name)
        raise refuse(f"{cls.__name__}.{name}")


def _new(cls, *args, **kwargs):
    raise refuse(cls.__name__)


def _exception(name):
    from .exceptions import AirflowException

    return type(name, (AirflowException,), {"__module__": "airflow.exceptions"})


def _function(name):
    def function(*args, **kwargs):
        raise refuse(name + "()")

    function.__name__ = name
    return function


_made = {}


def __getattr__(name):
    if name[:1] == "_":
        raise AttributeError(name)
    if name not in _made:
        if name.endswith(("Error", "Exception", "Invalid", "NotFound")):
            _made[name] = _exception(name)
        elif name[0].isupper():
            _made[name] = _Meta(name, (), {"__new__": _new})
        else:
            _made[name] = _function(name)
    return _made[name]
