"""Importing a DAG file: search path, module name, and what stands in for packages that aren't installed."""
import os
import sys

import _frozen_importlib
import _frozen_importlib_external as _external

SIDE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Substitutes:
    """Last resort of an import: `pendulum` and `kubernetes` stand-ins, and site-packages if Python started with -S."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if sys.flags.no_site and "site" not in sys.modules:
            before = len(sys.path)
            import site

            site.main()
            if len(sys.path) != before:
                spec = _external.PathFinder.find_spec(name, path)
                if spec is not None:
                    return spec
        head = name.partition(".")[0]
        if head in ("pendulum", "kubernetes"):
            return _standin(name, head)
        return None


def _standin(name, head):
    folder = os.path.join(SIDE, head + "_standin")
    parts = name.split(".")[1:]
    if head == "kubernetes" and parts[:1] == ["client"] and len(parts) < 3:
        file = os.path.join(folder, "models.py" if parts[1:] == ["models"] else "client.py")
        package = parts == ["client"]
    elif parts:
        file, package = os.path.join(folder, parts[-1] + ".py"), False
        if len(parts) > 1 or not os.path.exists(file):
            return None
    else:
        file, package = os.path.join(folder, "__init__.py"), True
    loader = _external.SourceFileLoader(name, file)
    spec = _external.spec_from_file_location(name, file, loader=loader,
                                             submodule_search_locations=[] if package else None)
    return spec


def prepare(dags_folder, plugins_folder=None):
    """Sets the search path as Airflow does: the DAG folder and plugins can be imported from."""
    for folder in (dags_folder, plugins_folder, os.path.join(os.path.dirname(dags_folder), "config")
                   if dags_folder else None):
        if folder and folder not in sys.path:
            sys.path.append(folder)
    sys.meta_path.append(Substitutes)


def module_name(path):
    """Airflow's name for a DAG file's module."""
    try:
        from _sha1 import sha1
    except ImportError:
        from hashlib import sha1
    stem = os.path.basename(path).rpartition(".")[0] or os.path.basename(path)
    return f"unusual_prefix_{sha1(path.encode()).hexdigest()}_{stem.replace('-', '_').replace('.', '_')}"


def import_file(path):
    """Runs the file; gives its module. Raises what the file raises."""
    name = module_name(path)
    loader = _external.SourceFileLoader(name, path)
    spec = _frozen_importlib.spec_from_loader(name, loader, origin=path)
    spec.has_location = True
    module = _frozen_importlib.module_from_spec(spec)
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def found_dags(module):
    """DAGs of the file: those at module level, and those made by `with` or `@dag`."""
    from airflow.standin import state

    cls = sys.modules.get("airflow.standin.dag")
    if cls is None:
        return []
    dags = {}
    for value in [*vars(module).values(), *state.dags]:
        if isinstance(value, cls.DAG):
            dags.setdefault(id(value), value)
    return list(dags.values())
