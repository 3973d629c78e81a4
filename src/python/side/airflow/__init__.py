"""dagdeck's `airflow`: every public name, made when it is asked for.

No file of this package is named like a module of Airflow's: `_modules.py` says which names each module has and which
class of `airflow.standin` is behind it, and the finder below makes the modules in memory.
"""
import sys

from . import _modules
from .standin import state

__version__ = "3.3.2"
Module = type(sys)
_spec = type(__spec__)


def warn_old(module, name, modern):
    state.warn(f"{module}.{name} is an old import path", f"from {modern} import {name}")


def missing(module, name):
    """What to say for a name that isn't there."""
    state.missing = (name, _modules.hint(module, name))
    return AttributeError(f"module {module!r} has no attribute {name!r}")


def resolve(module, name):
    """The object behind `module.name`."""
    modern = None
    table = _modules.MODULES.get(module)
    place = table.get(name) if table is not None else None
    if place is None:
        modern = _modules.OLD.get(module)
        if modern is not None:
            modern = _modules.OLD_NAMES.get((module, name), modern)
            place = _modules.MODULES[modern].get(name)
        if place is None:
            raise missing(module, name)
    elif place[0] == "~":
        modern, _, place = place[1:].partition(" ")
    file, _, attribute = place.partition(":")
    attribute = attribute or name
    if file == "module":
        __import__(attribute)
        value = sys.modules[attribute]
    else:
        full = "airflow.standin." + file
        __import__(full)
        try:
            value = getattr(sys.modules[full], attribute)
        except AttributeError:
            raise missing(module, name) from None
    if modern is not None:
        warn_old(module, name, modern)
    return value


class Loader:
    """Makes one module of the table."""

    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        full = module.__name__

        def __getattr__(name):
            if name in ("__path__", "__file__", "__wrapped__", "__all__") or name[:2] == "__":
                raise AttributeError(name)
            value = resolve(full, name)
            if not state.parsing:
                module.__dict__[name] = value
            return value

        module.__getattr__ = __getattr__
        module.__dict__["__dir__"] = lambda: sorted(_modules.MODULES.get(full, ()))


class Finder:
    """Answers imports of `airflow.*`."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name[:8] != "airflow." or name[:16] == "airflow.standin." or name in ("airflow.standin", "airflow._modules"):
            return None
        if name in _modules.MODULES or name in _modules.OLD or name in _modules.PACKAGES:
            spec = _spec(name, Loader)
            if name in _modules.PACKAGES:
                spec.submodule_search_locations = []
            return spec
        state.missing = (name, _modules.hint(name, None))
        return None


def __getattr__(name):
    if name in ("__path__", "__wrapped__") or name[:2] == "__":
        raise AttributeError(name)
    if ("airflow." + name) in _modules.PACKAGES or ("airflow." + name) in _modules.MODULES:
        __import__("airflow." + name)
        return sys.modules["airflow." + name]
    value = resolve("airflow", name)
    if not state.parsing:
        globals()[name] = value
    return value


sys.meta_path.insert(0, Finder)
