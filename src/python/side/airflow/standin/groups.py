"""`@task_group`."""
from .taskgroup import MappedTaskGroup, TaskGroup
from .xcom_arg import XComArg


class GroupArgument(XComArg):
    """A mapped group's argument, inside of the group: one element per instance."""

    _group_argument = True

    def __init__(self, expand_input, key):
        self.expand_input, self.key = expand_input, key

    @property
    def source(self):
        return self.expand_input[1] if self.expand_input[0] == "expand_kwargs" else self.expand_input[1][self.key]

    def operators(self):
        from .xcom_arg import references

        return references(self.source)

    @property
    def arg(self):
        return self.source


class GroupDecorator:
    """A function under `@task_group`: calling it makes the group."""

    def __init__(self, function, kwargs, partial=None):
        self.function, self.kwargs, self.partial_kwargs = function, kwargs, partial or {}
        self.kwargs.setdefault("group_id", function.__name__)
        if not self.kwargs.get("tooltip"):
            self.kwargs["tooltip"] = (function.__doc__ or "").strip()
        for name in ("__name__", "__qualname__", "__doc__", "__module__"):
            setattr(self, name, getattr(function, name, None))
        self.__wrapped__ = function

    def _make(self, group, args, kwargs):
        with group:
            result = self.function(*args, **kwargs)
        if result is None or hasattr(result, "set_upstream") is False:
            return group
        return result

    def __call__(self, *args, **kwargs):
        options = dict(self.kwargs)
        options.setdefault("add_suffix_on_collision", True)
        return self._make(TaskGroup(**options), args, {**self.partial_kwargs, **kwargs})

    def override(self, **kwargs):
        return GroupDecorator(self.function, {**self.kwargs, **kwargs}, self.partial_kwargs)

    def partial(self, **kwargs):
        from .mapped import prevent_duplicates

        self._check_names("partial", kwargs)
        prevent_duplicates(self.partial_kwargs, kwargs, "duplicate partial")
        return GroupDecorator(self.function, dict(self.kwargs), {**self.partial_kwargs, **kwargs})

    def _check_names(self, func, kwargs):
        from .mapped import is_expandable

        code = self.function.__code__
        names = code.co_varnames[:code.co_argcount + code.co_kwonlyargcount]
        for name, value in kwargs.items():
            if name not in names and not code.co_flags & 8:
                raise TypeError(f"{func}() got an unexpected keyword argument {name!r}")
            if func == "expand" and not is_expandable(value):
                raise ValueError(
                    f"expand() got an unexpected type {type(value).__name__!r} for keyword argument {name!r}"
                )
            if func == "expand" and isinstance(value, GroupArgument):
                raise NotImplementedError("operator expansion in an expanded task group is not yet supported")

    def expand(self, **kwargs):
        from .mapped import prevent_duplicates

        if not kwargs:
            raise TypeError("no arguments to expand against")
        self._check_names("expand", kwargs)
        prevent_duplicates(self.partial_kwargs, kwargs, "mapping already partial")
        expand_input = ("expand", kwargs)
        inside = {**self.partial_kwargs, **{k: GroupArgument(expand_input, k) for k in kwargs}}
        return self._mapped(expand_input, inside)

    def expand_kwargs(self, kwargs):
        from .mapped import check_expand_kwargs

        check_expand_kwargs(kwargs)
        expand_input = ("expand_kwargs", kwargs)
        code = self.function.__code__
        names = code.co_varnames[:code.co_argcount + code.co_kwonlyargcount]
        inside = {**self.partial_kwargs}
        for name in names:
            if name not in inside:
                inside[name] = GroupArgument(expand_input, name)
        return self._mapped(expand_input, inside)

    def _mapped(self, expand_input, inside):
        options = dict(self.kwargs)
        options.setdefault("add_suffix_on_collision", True)
        return self._make(MappedTaskGroup(expand_input=expand_input, **options), (), inside)


def task_group(*args, **kwargs):
    """`@task_group` or `@task_group(...)`."""
    if args and callable(args[0]) and not kwargs:
        return GroupDecorator(args[0], {})
    if args:
        kwargs["group_id"] = args[0]

    def wrap(function):
        return GroupDecorator(function, dict(kwargs))

    return wrap
