"""The values behind the references that a task's arguments hold."""
from airflow.standin import state
from airflow.standin.xcom_arg import ConcatXComArg, MapXComArg, PlainXComArg, ZipXComArg

from . import xcom


class LazyXComSequence:
    """What a mapped task pushed: read when it is used."""

    __module__ = "airflow.sdk.execution_time.lazy_sequence"

    def __init__(self, arg, ti):
        self._arg, self._ti, self._rows = arg, ti, None

    def _values(self):
        if self._rows is None:
            self._rows = xcom.get_all(self._arg.key, self._ti.dag_id, self._ti.run_id, self._arg.operator.task_id)
        return self._rows

    def __len__(self):
        return len(self._values())

    def __iter__(self):
        return iter(self._values())

    def __getitem__(self, index):
        return self._values()[index]

    def __contains__(self, item):
        return item in self._values()

    def __reversed__(self):
        return reversed(self._values())

    def __eq__(self, other):
        return list(self) == list(other) if isinstance(other, (list, tuple, LazyXComSequence)) else NotImplemented

    __hash__ = None

    def index(self, item):
        return self._values().index(item)

    def count(self, item):
        return self._values().count(item)

    def __repr__(self):
        size = "<unevaluated length>" if self._rows is None else f"{len(self._rows)} items"
        return f"LazyXComSequence({size})"


class _Sequence:
    """Base of lazily transformed sequences."""

    def __iter__(self):
        return (self[i] for i in range(len(self)))


class _MapResult(_Sequence):
    def __init__(self, value, callables):
        self.value, self.callables = value, callables

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[i] for i in range(len(self))[index]]
        value = elements(self.value)[index]
        for one in self.callables:
            value = one(value)
        return value

    def __len__(self):
        return len(self.value)

    def __repr__(self):
        return f"_MapResult(value={self.value!r}, callables={self.callables!r})"


class _ZipResult(_Sequence):
    def __init__(self, values, fillvalue):
        self.values, self.fillvalue = values, fillvalue

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[i] for i in range(len(self))[index]]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index %= len(self)
        return tuple(elements(v)[index] if index < len(v) else self.fillvalue for v in self.values)

    def __len__(self):
        lengths = [len(v) for v in self.values]
        return min(lengths) if self.fillvalue is state.NOTSET else max(lengths)

    def __repr__(self):
        return f"_ZipResult(values={self.values!r}, fillvalue={self.fillvalue!r})"


class _ConcatResult(_Sequence):
    def __init__(self, values):
        self.values = values

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[i] for i in range(len(self))[index]]
        if index < 0:
            index += len(self)
        for value in self.values:
            if index < len(value):
                return elements(value)[index]
            index -= len(value)
        raise IndexError("list index out of range")

    def __len__(self):
        return sum(len(v) for v in self.values)

    def __repr__(self):
        return f"_ConcatResult(values={self.values!r})"


def elements(value):
    """A sequence of what is expanded over: a dict gives (key, value) tuples."""
    if isinstance(value, dict):
        return list(value.items())
    return value


def shared_group(task, operator):
    """True if both are in the same mapped group."""
    group = task.task_group
    mine = {g.group_id for g in group.iter_mapped_task_groups()} if group is not None else set()
    other = operator.task_group
    theirs = [g.group_id for g in other.iter_mapped_task_groups()] if other is not None else []
    return any(g in mine for g in theirs), bool(theirs)


def resolve(arg, context):
    """The value behind an XComArg."""
    ti = context["ti"]
    if isinstance(arg, PlainXComArg):
        operator, key = arg.operator, arg.key
        inside, grouped = shared_group(ti.task, operator)
        if operator.is_mapped:
            return LazyXComSequence(arg, ti)
        if grouped and not inside:
            # a plain task of a mapped group: what all its instances pushed
            return ti.xcom_pull(task_ids=operator.task_id, key=key)
        found, value = xcom.get_one(key, ti.dag_id, ti.run_id, operator.task_id, ti.map_index if inside else -1)
        if found:
            return value
        if key == "return_value" or getattr(operator, "multiple_outputs", False):
            return None
        from airflow.standin.exceptions import XComNotFound

        raise XComNotFound(ti.dag_id, operator.task_id, key)
    if isinstance(arg, MapXComArg):
        return _MapResult(resolve(arg.arg, context), arg.callables)
    if isinstance(arg, ZipXComArg):
        return _ZipResult([resolve(a, context) for a in arg.args], arg.fillvalue)
    if isinstance(arg, ConcatXComArg):
        return _ConcatResult([resolve(a, context) for a in arg.args])
    if getattr(arg, "_group_argument", False):
        return group_element(arg, context)
    return resolve(PlainXComArg(arg), context)


def group_element(arg, context):
    """A mapped group's argument in this instance."""
    from .mapping import expanded

    values, _ = expanded(arg.expand_input, context)
    return values.get(arg.key)
