"""Small functions and classes of Airflow's `utils` and SDK that DAG files and plugins use."""
import os
from datetime import timedelta

TRUE = True
NEVER_EXPIRE = timedelta.max
DB_SAFE_MINIMUM, DB_SAFE_MAXIMUM = -2147483648, 2147483647
MB = 1
GB, TB, PB, EB = 1024, 1024 ** 2, 1024 ** 3, 1024 ** 4


def db_safe_priority(weight):
    """A priority weight within the limits of an integer column."""
    return max(DB_SAFE_MINIMUM, min(DB_SAFE_MAXIMUM, weight))


class Resource:
    """How much of something a task wants."""

    def __init__(self, name, units_str, qty):
        if qty < 0:
            from .exceptions import AirflowException

            raise AirflowException(f"Received resource quantity {qty} for resource {name}, but resource quantity must be "
                                   "non-negative.")
        self.name, self.units_str, self.qty = name, units_str, qty

    def __eq__(self, other):
        return isinstance(other, Resource) and vars(self) == vars(other)

    __hash__ = None


def CpuResource(qty):  # noqa: N802  Airflow's name
    return Resource("CPU", "core(s)", qty)


def RamResource(qty):  # noqa: N802  Airflow's name
    return Resource("RAM", "MB", qty)


def DiskResource(qty):  # noqa: N802  Airflow's name
    return Resource("Disk", "MB", qty)


def GpuResource(qty):  # noqa: N802  Airflow's name
    return Resource("GPU", "gpu(s)", qty)


class Resources:
    """`resources=` of a task."""

    def __init__(self, cpus=1, ram=512, disk=512, gpus=0):
        self.cpus, self.ram = CpuResource(cpus), RamResource(ram)
        self.disk, self.gpus = DiskResource(disk), GpuResource(gpus)


def coerce_timedelta(value, *, key=None):
    return value if value is None or isinstance(value, timedelta) else timedelta(seconds=value)


def coerce_resources(resources):
    return Resources(**resources) if isinstance(resources, dict) else resources


def parse_retries(retries):
    return retries if retries is None or type(retries) is int else int(retries)


def get_merged_defaults(dag, task_group, task_params, task_default_args):
    """(default_args, params) of DAG, group and task together."""
    made, params = {}, {}
    for args in (getattr(dag, "default_args", None), getattr(task_group, "default_args", None), task_default_args):
        args = dict(args or {})
        params.update(args.pop("params", None) or {})
        made.update(args)
    params.update(task_params or {})
    return made, params


class ExecutorSafeguard:
    """`execute()` may be called from anywhere here."""

    @classmethod
    def decorator(cls, func):
        return func


def poke_mode_only(cls):
    """A sensor class that can't be rescheduled."""
    inner = cls.__init__

    def __init__(self, *args, **kwargs):
        inner(self, *args, **kwargs)
        if self.mode != "poke":
            raise ValueError("Cannot set mode to 'reschedule'. Only 'poke' is acceptable")

    cls.__init__ = __init__
    cls.__init__._dagdeck_names = getattr(inner, "_dagdeck_names", ())
    return cls


def is_async_callable(func):
    import asyncio

    while hasattr(func, "func"):
        func = func.func
    return asyncio.iscoroutinefunction(func) or asyncio.iscoroutinefunction(getattr(func, "__call__", None))


def unwrap_partial(func):
    while hasattr(func, "func") and hasattr(func, "keywords"):
        func = func.func
    return func


def unwrap_callable(func):
    func = unwrap_partial(func)
    return unwrap_partial(getattr(func, "__wrapped__", func))


def remove_task_decorator(python_source, task_decorator_name):
    """Source without a decorator such as `@task.virtualenv`, with or without arguments."""
    import ast
    import textwrap

    lines = textwrap.dedent(python_source).splitlines(keepends=True)
    for one in reversed(ast.parse("".join(lines)).body[0].decorator_list):
        called = one.func if isinstance(one, ast.Call) else one
        name, parts = called, []
        while isinstance(name, ast.Attribute):
            parts.insert(0, name.attr)
            name = name.value
        if isinstance(name, ast.Name) and "@" + ".".join([name.id, *parts]) == task_decorator_name:
            del lines[one.lineno - 1:one.end_lineno]
    return "".join(lines)


def process_params(dag, task, dagrun_conf, *, suppress_exception=False):
    """The params of one try."""
    from dagdeck_side.context import params_of

    return params_of(dag, task, dagrun_conf)


def context_merge(context, *additions, **kwargs):
    for one in additions:
        context.update(one)
    context.update(kwargs)


def render_template_to_string(template, context):
    """A jinja2 template rendered with a context."""
    return template.render(**{k: context[k] for k in context})


def render_template_as_native(template, context):
    return template.render(**{k: context[k] for k in context})


class timeout:  # noqa: N801  Airflow's name
    """`with timeout(seconds):` raises AirflowTaskTimeout when the time is over."""

    def __init__(self, seconds=1, error_message="Timeout"):
        self.seconds = seconds
        self.error_message = f"{error_message}, PID: {os.getpid()}"

    def __enter__(self):
        import signal

        def ended(number, frame):
            from .exceptions import AirflowTaskTimeout

            raise AirflowTaskTimeout(self.error_message)

        self.before = signal.signal(signal.SIGALRM, ended), signal.setitimer(signal.ITIMER_REAL, self.seconds)
        return self

    def __exit__(self, kind, value, trace):
        import signal

        handler, (left, again) = self.before
        signal.setitimer(signal.ITIMER_REAL, left, again)
        if handler is not None:
            signal.signal(signal.SIGALRM, handler)


class SecretCache:
    """Values are asked for each time: there is nothing to keep."""

    init = reset = reset_only = staticmethod(lambda *args, **kwargs: None)
    get_variable = get_connection_uri = staticmethod(lambda *args, **kwargs: None)


class HookLineageReader:
    """Lineage isn't collected."""

    def __init__(self, **kwargs):
        self.lineage_collector = get_hook_lineage_collector()


class HookLineageCollector:
    """Takes what hooks report and forgets it."""

    has_collected = False

    def add_input_asset(self, context, **kwargs):
        """Nothing is kept."""

    add_output_asset = add_extra = add_input_dataset = add_output_dataset = add_input_asset


def get_hook_lineage_collector():
    return HookLineageCollector()


def ignored(*args, **kwargs):
    """Metrics go nowhere."""
    import contextlib

    return contextlib.nullcontext()


def yaml_dump(value, *args, **kwargs):
    import yaml

    return yaml.safe_dump(value, *args, **kwargs)


def as_flattened_list(iterable):
    """Items of lists inside of lists."""
    found = []
    for item in iterable:
        found.extend(as_flattened_list(item) if is_container(item) else [item])
    return found


def is_container(value):
    return hasattr(value, "__iter__") and not isinstance(value, str)


def chunks(items, chunk_size):
    if chunk_size <= 0 or not isinstance(chunk_size, int):
        raise ValueError("Chunk size must be a positive integer")
    for start in range(0, len(items), chunk_size):
        yield items[start:start + chunk_size]


def merge_dicts(dict1, dict2):
    """The second over the first, dicts inside of dicts too."""
    merged = dict(dict1)
    for key, value in dict2.items():
        both = isinstance(merged.get(key), dict) and isinstance(value, dict)
        merged[key] = merge_dicts(merged[key], value) if both else value
    return merged


def partition(pred, iterable):
    """(those for which it is false, those for which it is true)."""
    items = list(iterable)
    return iter([i for i in items if not pred(i)]), iter([i for i in items if pred(i)])


def _given(args):
    return sum(bool(a) for a in args)


def exactly_one(*args):
    return _given(args) == 1


def at_most_one(*args):
    from .state import NOTSET

    return sum(a is not NOTSET and a is not None and bool(a) for a in args) <= 1


def convert_camel_to_snake(text):
    import re

    return re.sub(r"(?<!^)(?=[A-Z])", "_", text).lower()


def prune_dict(val, mode="strict"):
    """Without None (and, not `strict`, without anything empty)."""
    def gone(value):
        return value is None if mode == "strict" else not value

    if isinstance(val, dict):
        return {k: prune_dict(v, mode) for k, v in val.items() if not gone(v) and not gone(prune_dict(v, mode))
                or mode == "strict" and not gone(v)}
    if isinstance(val, list):
        return [prune_dict(v, mode) for v in val if not gone(v)]
    return val


def ask_yesno(question, default=None):
    raise RuntimeError("a task can't ask a person at a terminal; use the operators of airflow.providers.standard.operators.hitl")


def get_hostname():
    import socket

    return socket.getfqdn()


def get_host_ip_address():
    import socket

    return socket.gethostbyname(get_hostname())


def get_email_address_list(addresses):
    """Addresses of a text (split at commas and semicolons) or a list."""
    import re

    if isinstance(addresses, str):
        return [a.strip() for a in re.split(r"[,;]", addresses) if a.strip()]
    return [a for one in addresses for a in get_email_address_list(one)]


def get_unique_dag_module_name(file_path):
    from dagdeck_side.load import module_name

    return module_name(file_path)


def make_kwargs_callable(func):
    """The function with only those keywords that it takes."""
    from .op_python import determine_kwargs

    def call(*args, **kwargs):
        return func(*args, **determine_kwargs(func, args, kwargs))

    return call


class patch_environ:  # noqa: N801  Airflow's name
    """`with patch_environ({...}):` sets environment variables for a while."""

    def __init__(self, new_env_variables):
        self.new = new_env_variables

    def __enter__(self):
        self.before = {k: os.environ.get(k) for k in self.new}
        os.environ.update(self.new)

    def __exit__(self, kind, value, trace):
        for key, old in self.before.items():
            if old is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = old


class ThreadSafeDict(dict):
    """Single operations of a dict are safe anyway."""

    def set(self, key, value):
        self[key] = value

    def get_all(self):
        return dict(self)

    def clear(self):
        dict.clear(self)


def print_stuff():
    print("annotated!")


def __getattr__(name):
    if name == "LazyXComSequence":
        from dagdeck_side.resolve import LazyXComSequence

        return LazyXComSequence
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
