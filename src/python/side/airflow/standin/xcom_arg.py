"""References to what another task pushes."""
from . import state
from .node import DAGNode, DependencyMixin


class XComArg(DependencyMixin):
    """Base of the references; also `XComArg(operator, key)`."""

    __module__ = "airflow.sdk.definitions.xcom_arg"

    def __new__(cls, *args, **kwargs):
        if cls is XComArg:
            return super().__new__(PlainXComArg)
        return super().__new__(cls)

    def operators(self):
        """The tasks it refers to."""
        raise NotImplementedError

    @property
    def roots(self):
        return list(self.operators())

    leaves = roots

    def set_upstream(self, other, edge_modifier=None):
        for operator in self.operators():
            operator.set_upstream(other, edge_modifier)

    def set_downstream(self, other, edge_modifier=None):
        for operator in self.operators():
            operator.set_downstream(other, edge_modifier)

    @staticmethod
    def iter_xcom_references(arg):
        for found in _plain(arg):
            yield found.operator, found.key

    def iter_references(self):
        for found in _plain(self):
            yield found.operator, found.key

    @staticmethod
    def apply_upstream_relationship(op, arg):
        op.link_values(arg)

    def map(self, f):
        return MapXComArg(self, [f])

    def zip(self, *others, fillvalue=state.NOTSET):
        return ZipXComArg([self, *others], fillvalue)

    def concat(self, *others):
        return ConcatXComArg([self, *others])

    def resolve(self, context, session=None):
        from dagdeck_side.resolve import resolve

        return resolve(self, context)


class PlainXComArg(XComArg):
    """What one task pushes under one key."""

    __module__ = "airflow.sdk.definitions.xcom_arg"

    def __init__(self, operator, key="return_value"):
        self.operator = operator
        self.key = key

    def operators(self):
        return (self.operator,)

    @property
    def is_setup(self):
        return self.operator.is_setup

    @is_setup.setter
    def is_setup(self, value):
        self.operator.is_setup = value

    @property
    def is_teardown(self):
        return self.operator.is_teardown

    @is_teardown.setter
    def is_teardown(self, value):
        self.operator.is_teardown = value

    @property
    def on_failure_fail_dagrun(self):
        return self.operator.on_failure_fail_dagrun

    @on_failure_fail_dagrun.setter
    def on_failure_fail_dagrun(self, value):
        self.operator.on_failure_fail_dagrun = value

    def __eq__(self, other):
        if not isinstance(other, PlainXComArg):
            return NotImplemented
        return self.operator is other.operator and self.key == other.key

    def __hash__(self):
        return hash((id(self.operator), self.key))

    def __getitem__(self, item):
        if not isinstance(item, str):
            raise ValueError(f"XComArg only supports str lookup, received {type(item).__name__}")
        return PlainXComArg(self.operator, item)

    def __iter__(self):
        raise TypeError("'XComArg' object is not iterable")

    def __repr__(self):
        if self.key == "return_value":
            return f"XComArg({self.operator!r})"
        return f"XComArg({self.operator!r}, {self.key!r})"

    def __str__(self):
        return (
            f"{{{{ task_instance.xcom_pull(task_ids='{self.operator.task_id}', "
            f"dag_id='{self.operator.dag_id}', key='{self.key}') }}}}"
        )

    def __enter__(self):
        self.operator.__enter__()
        return self

    def __exit__(self, exc_type, exc_val, exc_tb):
        self.operator.__exit__(exc_type, exc_val, exc_tb)

    def add_task(self, task):
        """`with teardown as scope: scope.add_task(t)`."""
        from .setups import add_task

        add_task(task)

    def as_setup(self):
        self.operator.is_setup = True
        return self

    def as_teardown(self, *, setups=None, on_failure_fail_dagrun=None):
        self.operator.as_teardown(setups=setups, on_failure_fail_dagrun=on_failure_fail_dagrun)
        return self

    def update_relative(self, other, upstream=True, edge_modifier=None):
        self.operator.update_relative(other, upstream, edge_modifier)

    def concat(self, *others):
        self._only_return_value("concat")
        return super().concat(*others)

    def zip(self, *others, fillvalue=state.NOTSET):
        self._only_return_value("zip")
        return super().zip(*others, fillvalue=fillvalue)

    def map(self, f):
        self._only_return_value("map")
        return super().map(f)

    def _only_return_value(self, what):
        if self.key != "return_value":
            raise ValueError(f"cannot {what} against non-return XCom")


class MapXComArg(XComArg):
    """Each element through `callables`, in the task that consumes it."""

    def __init__(self, arg, callables):
        for one in callables:
            if getattr(one, "_is_task_decorator", False):
                raise ValueError("map() argument must be a plain function, not a @task operator")
        if isinstance(arg, MapXComArg):
            callables = [*arg.callables, *callables]
            arg = arg.arg
        self.arg, self.callables = arg, list(callables)

    def operators(self):
        return self.arg.operators()

    def __repr__(self):
        return f"{self.arg!r}.map({self.callables!r})"


class ZipXComArg(XComArg):
    """Tuples of elements of several."""

    def __init__(self, args, fillvalue):
        if len(args) < 2:
            raise ValueError("zip() requires at least two arguments")
        self.args, self.fillvalue = list(args), fillvalue

    def operators(self):
        return references(self.args)


class ConcatXComArg(XComArg):
    """Elements of several, one after the other."""

    def __init__(self, args):
        flat = []
        for one in args:
            flat.extend(one.args if isinstance(one, ConcatXComArg) else [one])
        self.args = flat

    def operators(self):
        return references(self.args)


def _plain(value, depth=0):
    if isinstance(value, PlainXComArg):
        yield value
    elif isinstance(value, XComArg):
        for part in getattr(value, "args", None) or [value.arg]:
            yield from _plain(part, depth)
    elif isinstance(value, (str, int, float)) or value is None:
        return
    elif isinstance(value, dict):
        for item in value.values():
            yield from _plain(item, depth)
        for item in value:
            if not isinstance(item, str):
                yield from _plain(item, depth)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _plain(item, depth)
    elif isinstance(value, DAGNode):
        state.warn(f"the operator {value.task_id!r} itself was passed as a value; its .output is meant",
                   "write .output behind the operator")
        yield PlainXComArg(value)
    elif depth < 8 and not isinstance(value, type) and isinstance(getattr(value, "template_fields", None), (list, tuple)):
        for name in value.template_fields:
            yield from _plain(getattr(value, name, None), depth + 1)


def references(value):
    """The tasks whose XComs are inside of `value`, without repeats."""
    found = []
    for one in _plain(value):
        if one.operator not in found:
            found.append(one.operator)
    return found
