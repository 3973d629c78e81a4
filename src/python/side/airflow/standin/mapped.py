"""`partial()` and `expand()`: tasks whose number of instances is known at run time."""
from . import state
from .operator import BASE_PARAMS, AbstractOperator, BaseOperator, init_names, unwrapped
from .xcom_arg import PlainXComArg, XComArg, references


def prevent_duplicates(left, right, reason):
    """Raises Airflow's error if an argument is in both."""
    both = sorted(set(left) & set(right))
    if both:
        plural = "s" if len(both) > 1 else ""
        raise TypeError(f"{reason} argument{plural}: {', '.join(both)}")


def check_kwargs(cls, func, kwargs):
    """Raises Airflow's error for an argument that the operator doesn't have, or that can't be expanded."""
    if getattr(cls, "takes_anything", False):
        return
    unknown = dict(kwargs)
    for one in cls.__mro__:
        init = one.__dict__.get("__init__")
        names = getattr(init, "_dagdeck_names", None)
        if names is None:
            continue
        if one is BaseOperator:
            names = BASE_PARAMS
        for name in names:
            if name not in unknown:
                continue
            value = unknown.pop(name)
            if func == "expand" and not is_expandable(value):
                raise ValueError(
                    f"{cls.__name__}.expand() got an unexpected type {type(value).__name__!r} "
                    f"for keyword argument {name}"
                )
    if len(unknown) == 1:
        raise TypeError(f"{cls.__name__}.{func}() got an unexpected keyword argument {next(iter(unknown))!r}")
    if unknown:
        raise TypeError(f"{cls.__name__}.{func}() got unexpected keyword arguments {', '.join(map(repr, unknown))}")


def is_expandable(value):
    """True for what `expand()` takes: list, tuple, dict, XComArg; a mapped group's argument or an operator too."""
    if isinstance(value, (list, tuple, dict, XComArg, AbstractOperator)):
        return True
    return hasattr(value, "keys") and hasattr(value, "__getitem__") or hasattr(value, "_group_argument")


def check_expand_kwargs(value):
    if isinstance(value, (list, tuple)):
        for item in value:
            if not isinstance(item, (dict, XComArg)) and not hasattr(item, "keys"):
                raise TypeError(f"expected XComArg or list[dict], not {type(value).__name__}")
    elif not isinstance(value, (XComArg, AbstractOperator)):
        raise TypeError(f"expected XComArg or list[dict], not {type(value).__name__}")


def check_place(group):
    if group is not None:
        for _ in group.iter_mapped_task_groups():
            raise NotImplementedError("operator expansion in an expanded task group is not yet supported")


def check_always(kwargs, values):
    """`always` can't wait for the values that decide how many instances there are."""
    rule = kwargs.get("trigger_rule")
    if rule is not None and getattr(rule, "value", rule) == "always" and references(values):
        raise ValueError(
            "Task-generated mapping within a task using 'expand' is not allowed with trigger rule 'always'."
        )


class OperatorPartial:
    """What `partial()` gives: arguments that wait for `expand()`."""

    def __init__(self, operator_class, kwargs):
        modern = getattr(operator_class, "modern_arguments", None)
        if modern is not None:
            kwargs = modern(kwargs)
        check_kwargs(operator_class, "partial", kwargs)
        self.operator_class, self.kwargs = operator_class, kwargs
        self.place = current_place(kwargs)

    def __repr__(self):
        return f"{self.operator_class.__name__}.partial({', '.join(f'{k}={v!r}' for k, v in self.kwargs.items())})"

    def expand(self, **mapped_kwargs):
        if not mapped_kwargs:
            raise TypeError("no arguments to expand against")
        check_kwargs(self.operator_class, "expand", mapped_kwargs)
        prevent_duplicates(self.kwargs, mapped_kwargs, "unmappable or already specified")
        check_always(self.kwargs, mapped_kwargs)
        return self._make(("expand", mapped_kwargs), False)

    def expand_kwargs(self, kwargs, *, strict=True):
        check_expand_kwargs(kwargs)
        check_always(self.kwargs, kwargs)
        return self._make(("expand_kwargs", kwargs), strict)

    def _make(self, expand_input, strict):
        return MappedOperator(self.operator_class, self.kwargs, expand_input, place=self.place, strict=strict)


def current_place(kwargs):
    """DAG and group of a task that is made now."""
    dag, group = kwargs.get("dag"), kwargs.get("task_group")
    if group is None and state.open_groups:
        group = state.open_groups[-1]
        if dag is not None and group.dag is not dag:
            group = None
    if dag is None:
        dag = group.dag if group is not None else state.open_dags[-1] if state.open_dags else None
    if group is None and dag is not None:
        group = dag.task_group
    return dag, group


class MappedOperator(AbstractOperator):
    """A task that becomes several at run time."""

    __module__ = "airflow.sdk.definitions.mappedoperator"
    is_mapped = True

    def __init__(self, operator_class, kwargs, expand_input, place, decorated=False, strict=False):
        dag, group = self._place = place
        check_place(group)
        self.operator_class = operator_class
        self.expand_input = expand_input
        self.decorated, self.strict = decorated, strict
        self.line = state.line()
        defaults = {}
        if dag is not None and dag.default_args:
            defaults.update(dag.default_args)
        if group is not None and group.default_args:
            defaults.update(group.default_args)
        defaults.update(kwargs.pop("default_args", None) or {})
        own_names = set(BASE_PARAMS)
        for one in operator_class.__mro__:
            own_names.update(getattr(one.__dict__.get("__init__"), "_dagdeck_names", ()))
        mapped = expand_input[1] if expand_input[0] == "expand" else {}
        self.partial_kwargs = {
            k: v for k, v in defaults.items() if k in own_names and k not in kwargs and k not in mapped
        }
        self.partial_kwargs.update(kwargs)
        self.template_fields = operator_class.template_fields
        self.template_ext = operator_class.template_ext
        taken = {k: v for k, v in self.partial_kwargs.items() if k in BASE_PARAMS and k != "task_id"}
        self._init_kwargs, self._defaults = {}, defaults
        BaseOperator._take(self, kwargs["task_id"], taken)
        self._join(kwargs["task_id"], dag, group)
        self._check()
        self.link()

    def link(self):
        """Arrows from everything that is expanded over or given to `partial()`."""
        kind, given = self.expand_input
        for value in given.values() if kind == "expand" else (given,):
            if isinstance(value, PlainXComArg) and value.key != "return_value":
                raise ValueError(f"cannot map over XCom with custom key {value.key!r} from {value.operator!r}")
        self.link_values(given)
        for name in self.template_fields:
            if name in self.partial_kwargs:
                self.link_values(self.partial_kwargs[name])

    def operator_class_of(self):
        return self.operator_class

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        kwargs = self.__dict__.get("partial_kwargs") or {}
        if name in kwargs:
            return kwargs[name]
        value = getattr(self.__dict__.get("operator_class"), name, state.NOTSET)
        if value is state.NOTSET or callable(value):
            raise AttributeError(f"'MappedOperator' object has no attribute {name!r}")
        return value

    def __repr__(self):
        return f"<Mapped({self.task_type}): {self.task_id}>"

    def unmap(self, kwargs):
        """The plain operator of one instance, given its values."""
        args = {k: v for k, v in self.partial_kwargs.items()}
        if self.decorated:
            partial = args.get("op_kwargs") or {}
            if self.strict:
                prevent_duplicates(partial, kwargs, "mapping already partial")
            args["op_kwargs"] = {**partial, **kwargs}
            args["_expanded"] = True
        else:
            if self.strict:
                prevent_duplicates(args, kwargs, "unmappable or already specified")
            args.update(kwargs)
        args.pop("dag", None)
        args.pop("task_group", None)
        place = state.open_dags, state.open_groups, state.setup_contexts
        state.open_dags, state.open_groups, state.setup_contexts = [], [], []
        state.unmapping = True
        try:
            operator = self.operator_class(**args)
        finally:
            state.open_dags, state.open_groups, state.setup_contexts = place
            state.unmapping = False
        operator.task_id = self.task_id
        operator._dag = self._dag
        operator.task_group = self.task_group
        operator.upstream_task_ids = self.upstream_task_ids
        operator.downstream_task_ids = self.downstream_task_ids
        operator.is_setup, operator.is_teardown = self.is_setup, self.is_teardown
        operator.trigger_rule = self.trigger_rule
        return operator


__all__ = ["MappedOperator", "OperatorPartial", "init_names", "unwrapped"]
