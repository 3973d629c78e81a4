"""Importing a DAG file: search path, module name, and what stands in for packages that aren't installed."""
import sys

import _frozen_importlib
import _frozen_importlib_external as _external

SIDE = __file__.rsplit("/", 2)[0]


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
        if name in ("pendulum", "kubernetes"):
            folder = f"{SIDE}/{name}_standin"
            return _external.spec_from_file_location(name, f"{folder}/__init__.py",
                                                     submodule_search_locations=[folder])
        return None


def prepare(dags_folder, plugins_folder=None):
    """Sets the search path as Airflow does: the DAG folder and plugins can be imported from."""
    from airflow.standin import state

    state.dags_folder, state.plugins_folder = dags_folder, plugins_folder
    for folder in (dags_folder, plugins_folder):
        if folder and folder not in sys.path:
            sys.path.append(folder)
    sys.meta_path.append(Substitutes)


def module_name(path):
    """Airflow's name for a DAG file's module."""
    try:
        from _sha1 import sha1
    except ImportError:
        from hashlib import sha1
    base = path.rpartition("/")[2]
    stem = base.rpartition(".")[0] or base
    return f"unusual_prefix_{sha1(path.encode()).hexdigest()}_{stem.replace('-', '_').replace('.', '_')}"


def import_zip(path):
    """Imports the DAG files at the top of a zip file; gives a module with all that they define."""
    import importlib
    import types
    import zipfile

    merged = types.ModuleType(module_name(path))
    merged.__file__ = path
    sys.path.insert(0, path)
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            stem, dot, ending = name.partition(".")
            if "/" in name or not dot or ending not in ("py", "pyc") or stem == "__init__":
                continue
            lower = archive.read(name).lower()
            if b"airflow" not in lower or b"dag" not in lower and b"asset" not in lower:
                continue
            sys.modules.pop(stem, None)
            found = importlib.import_module(stem)
            vars(merged).update({f"{stem}.{k}": v for k, v in vars(found).items() if k[:2] != "__"})
    return merged


def import_file(path, source=None):
    """Runs the file, or `source` in its place; gives its module. Raises what the file raises."""
    if path.endswith(".zip"):
        return import_zip(path)
    name = module_name(path)
    loader = _external.SourceFileLoader(name, path)
    spec = _frozen_importlib.spec_from_loader(name, loader, origin=path)
    spec.has_location = True
    module = _frozen_importlib.module_from_spec(spec)
    sys.modules[name] = module
    if source is None:
        loader.exec_module(module)
    else:
        run_source(module, path, source)
    return module


def run_source(module, path, source):
    """Runs the text that a file had once, as if it stood there still: also for tracebacks and `inspect`."""
    import linecache

    # Without a time of change linecache doesn't look at the file.
    linecache.cache[path] = (len(source), None, source.splitlines(True), path)
    exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)


def found_dags(module):
    """DAGs of the file: those at module level, and those made by `with` or `@dag`."""
    from airflow.standin import state

    cls = sys.modules.get("airflow.standin.dag")
    if cls is None:
        return []
    dags = {}
    for value in [*vars(module).values(), *state.dags]:
        if isinstance(value, cls.DAG):
            value.fileloc = module.__file__
            dags.setdefault(id(value), value)
    if has_policies():
        from .plugins import apply_policies

        return apply_policies(list(dags.values()))
    return list(dags.values())


def has_policies():
    """True if there is an `airflow_local_settings.py`."""
    from posix import stat

    from airflow.standin import state

    for folder in (state.dags_folder, state.plugins_folder):
        try:
            if folder and stat(f"{folder}/airflow_local_settings.py"):
                return True
        except OSError:
            pass
    return False
