"""dagdeck's `airflow`: every public name, made when it is asked for.

No file of this package is named like a module of Airflow's: `_modules.py` says which names each module has and which
class of `airflow.standin` is behind it, and the finder below makes the modules in memory.
"""
import sys

from .standin import state

__version__ = "3.3.2"
_spec = type(__spec__)

# what nearly every DAG file asks for, so that the whole table needn't be read
_PYTHON = "airflow.providers.standard.operators."
HOT = {
    "airflow": {"DAG": "dag"},
    "airflow.sdk": {"DAG": "dag", "dag": "dag", "task": "decorators", "TaskGroup": "taskgroup", "chain": "node",
                    "task_group": "groups", "BaseOperator": "operator", "Label": "node", "Variable": "variables",
                    "get_current_context": "current"},
    _PYTHON + "python": {"PythonOperator": "op_python", "BranchPythonOperator": "op_python",
                         "ShortCircuitOperator": "op_python"},
    _PYTHON + "bash": {"BashOperator": "op_bash"},
    _PYTHON + "empty": {"EmptyOperator": "op_empty"},
    "airflow.exceptions": {"AirflowException": "exceptions", "AirflowSkipException": "exceptions",
                           "AirflowFailException": "exceptions"},
}
HOT_PACKAGES = frozenset(("airflow.providers", "airflow.providers.standard", "airflow.providers.standard.operators",
                          "airflow.sdk"))


OWN = ("airflow.standin", "airflow._modules", "airflow._modules_more", "airflow._inside", "airflow._beside")


def tables():
    """The whole table."""
    __import__("airflow._modules")
    return sys.modules["airflow._modules"]


def warn_old(module, name, modern, attribute):
    better = tables().BETTER
    if name in better:
        state.warn(f"{module}.{name} was removed from Airflow", better[name])
    else:
        state.warn(f"{module}.{name} is an old import path", f"from {modern} import {attribute}")


def missing(module, name):
    """What to say for a name that isn't there."""
    state.missing = (name, tables().hint(module, name))
    return AttributeError(f"module {module!r} has no attribute {name!r}")


def resolve(module, name):
    """The object behind `module.name`."""
    modern = None
    place = HOT[module].get(name) if module in HOT and not state.parsing else None
    if place is None:
        place, modern = look_up(module, name)
    if place[0] == "~":
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
        warn_old(module, name, modern, attribute)
    return value


def look_up(module, name):
    """(place, modern module or None) in the whole table."""
    table = tables()
    place = table.MODULES.get(module, {}).get(name)
    if place is not None:
        return place, None
    modern = table.OLD.get(module)
    if modern is not None:
        modern = table.OLD_NAMES.get((module, name), modern)
        place = table.MODULES[modern].get(name)
    if place is None:
        from ._beside import find

        modern, place = None, find(module, name)
    if place is None:
        raise missing(module, name)
    return place, modern


class Loader:
    """Makes one module of the table."""

    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        full = module.__name__

        def __getattr__(name):
            if name in ("__path__", "__file__", "__wrapped__", "__all__") or name[:2] == "__" and name != "__version__":
                raise AttributeError(name)
            value = resolve(full, name)
            if not state.parsing:
                module.__dict__[name] = value
            return value

        module.__getattr__ = __getattr__
        module.__dict__["__dir__"] = lambda: sorted(tables().MODULES.get(full, ()))


def examples(name):
    """Airflow's example DAGs name themselves with its package: they are meant where the DAGs and plugins lie."""
    folders = [state.dags_folder] if state.dags_folder else []
    if name[20:26] == ".libs." or name[20:] == ".libs":
        import os.path

        if any(os.path.exists(f"{folder}/libs/helper.py") for folder in folders):
            return None
        folders = []
    elif name[20:] not in ("", ".plugins"):
        return None
    if name[20:] == ".plugins":
        folders = [folder + "/plugins" for folder in folders]
        if state.plugins_folder:
            folders.insert(0, state.plugins_folder)
    spec = _spec(name, Loader if name in tables().MODULES else None)  # None: a package without code
    spec.submodule_search_locations = folders
    return spec


class Finder:
    """Answers imports of `airflow.*`."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name[:8] != "airflow." or name[:16] == "airflow.standin." or name in OWN:
            return None
        if name[:20] == "airflow.example_dags":
            return examples(name)
        if name in HOT or name in HOT_PACKAGES:
            package = name in HOT_PACKAGES
        else:
            table = tables()
            package = name in table.PACKAGES
            if not package and name not in table.MODULES and name not in table.OLD:
                state.missing = (name, table.hint(name, None))
                return None
        spec = _spec(name, Loader)
        if package:
            spec.submodule_search_locations = []
        return spec


def __getattr__(name):
    if name[:1] == "_":
        raise AttributeError(name)
    full = "airflow." + name
    if name not in HOT["airflow"] and (full in tables().PACKAGES or full in tables().MODULES):
        __import__("airflow." + name)
        return sys.modules["airflow." + name]
    value = resolve("airflow", name)
    if not state.parsing:
        globals()[name] = value
    return value


sys.meta_path.insert(0, Finder)
