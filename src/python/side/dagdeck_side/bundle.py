"""The modules that every task needs, compiled, in one file: reading it is faster than finding each of them."""
import marshal
import sys

NAMES = (
    "dagdeck_side", "dagdeck_side.bundle", "dagdeck_side.main", "dagdeck_side.protocol", "dagdeck_side.load",
    "dagdeck_side.run", "dagdeck_side.logs", "dagdeck_side.context", "dagdeck_side.ti", "dagdeck_side.xcom", "airflow",
    "airflow.standin", "airflow.standin.state", "airflow.standin.node", "airflow.standin.operator",
    "airflow.standin.op_python", "airflow.standin.taskgroup", "airflow.standin.dag", "airflow.standin.decorators",
    "airflow.standin.xcom_arg", "airflow.standin.op_empty", "airflow.standin.op_bash", "dagdeck_side.render",
    "dagdeck_side.resolve", "airflow.standin.mapped", "dagdeck_side.mapping",
)
stale = False


def stamp(path):
    import posix

    found = posix.stat(path)
    return found.st_mtime_ns, found.st_size


def target():
    from .load import SIDE

    return f"{SIDE}/__pycache__/core.{sys.implementation.cache_tag}"


def write():
    """Makes the file for the next task; failing to is no harm."""
    import os

    try:
        from .load import SIDE

        pack = {}
        for name in NAMES:
            path = f"{SIDE}/{name.replace('.', '/')}"
            package = os.path.isdir(path)
            path = path + "/__init__.py" if package else path + ".py"
            with open(path, encoding="utf-8") as file:
                code = compile(file.read(), path, "exec", dont_inherit=True, optimize=2)
            pack[name] = (package, path, marshal.dumps(code), stamp(path))
        path = target()
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(f"{path}.{os.getpid()}", "wb") as file:
            marshal.dump(pack, file)
        os.replace(f"{path}.{os.getpid()}", path)
    except Exception:
        pass


class Finder:
    """Answers imports of what is in the file."""

    def __init__(self, pack):
        self.pack = pack
        self.spec = type(sys.__spec__)

    def find_spec(self, name, path=None, target=None):
        found = self.pack.get(name)
        if found is None:
            return None
        spec = self.spec(name, self, origin=found[1], is_package=found[0])
        spec.has_location = True
        if found[0]:
            spec.submodule_search_locations = [found[1][:-12]]
        return spec

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(marshal.loads(self.pack[module.__name__][2]), module.__dict__)


def use(pack, side):
    """Imports come from the file, unless a source has changed since."""
    global stale
    for name, (_, path, _, made) in pack.items():
        if not path.startswith(side) or stamp(path) != made:
            stale = True
            return
    del pack["dagdeck_side.bundle"]
    sys.meta_path.insert(0, Finder(pack))
