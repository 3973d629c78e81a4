"""`@task` and its forms."""
from . import state
from .op_python import BranchMixIn, PythonOperator, ShortCircuitOperator, call

CONTEXT_KEYS = frozenset((
    "conn", "dag", "dag_run", "data_interval_end", "data_interval_start", "ds", "ds_nodash", "expanded_ti_count",
    "exception", "inlets", "inlet_events", "logical_date", "macros", "map_index_template", "outlets",
    "outlet_events", "params", "prev_data_interval_start_success", "prev_data_interval_end_success",
    "prev_start_date_success", "prev_end_date_success", "reason", "run_id", "start_date", "task", "task_instance",
    "task_instance_key_str", "templates_dict", "test_mode", "ti", "triggering_asset_events", "ts", "ts_nodash",
    "ts_nodash_with_tz", "try_number", "var", "task_reschedule_count",
))


def unique_task_id(task_id, dag, group):
    """`name`, `name__1`, `name__2`, .. : the first that is free."""
    if dag is None:
        return task_id
    tasks = dag.task_dict
    full = group.child_id(task_id) if group is not None else task_id
    if full not in tasks:
        return task_id
    base, _, tail = task_id.rpartition("__")
    if not base or not tail.isdigit():
        base = task_id
    prefix = full[:len(full) - len(task_id)]
    number = 0
    for other in tasks:
        if other.startswith(prefix + base + "__"):
            tail = other[len(prefix) + len(base) + 2:]
            if tail.isdigit():
                number = max(number, int(tail))
    return f"{base}__{number + 1}"


def infers_multiple_outputs(function):
    """True if the return annotation is a dict, Mapping or TypedDict."""
    wanted = getattr(function, "__annotations__", {}).get("return")
    if wanted is None:
        return False
    if isinstance(wanted, str):
        head = wanted.split("[", 1)[0].strip().rpartition(".")[2]
        if head in ("dict", "Dict", "Mapping", "MutableMapping"):
            return True
        wanted = getattr(function, "__globals__", {}).get(wanted)
        return isinstance(wanted, type) and issubclass(wanted, dict)
    origin = getattr(wanted, "__origin__", None) or wanted
    if not isinstance(origin, type):
        return False
    if issubclass(origin, dict):
        return True
    return hasattr(origin, "keys") and hasattr(origin, "__getitem__")


class DecoratedOperator:
    """Mix-in of the operators behind `@task`."""

    custom_operator_name = "@task"

    def bound(self):
        return tuple(self.op_args), dict(self.op_kwargs)


class _PythonDecoratedOperator(DecoratedOperator, PythonOperator):
    __module__ = "airflow.providers.standard.decorators.python"
    template_fields = ("templates_dict", "op_args", "op_kwargs")

    def __init__(self, *, python_callable, task_id, op_args=None, op_kwargs=None, _expanded=False, **kwargs):
        self._expanded = _expanded
        if _expanded:
            # An instance whose values don't fit its function fails before anything is rendered.
            check_call(python_callable, op_args or (), op_kwargs or {}, CONTEXT_KEYS)
        super().__init__(task_id=task_id, python_callable=python_callable, op_args=op_args, op_kwargs=op_kwargs,
                         **kwargs)

    def execute(self, context):
        check_call(self.python_callable, self.op_args, self.op_kwargs, context)
        return super().execute(context)


def check_call(function, args, kwargs, context):
    """A missing argument is reported as Airflow does."""
    code = getattr(function, "__code__", None)
    if code is None or code.co_flags & 12:
        return
    names = code.co_varnames[:code.co_argcount]
    required = names[:len(names) - len(function.__defaults__ or ())]
    for number, name in enumerate(required):
        if number >= len(args) and name not in kwargs and name not in context:
            raise TypeError(f"missing a required argument: {name!r}")


class _BranchPythonDecoratedOperator(_PythonDecoratedOperator, BranchMixIn):
    __module__ = "airflow.providers.standard.decorators.branch_python"
    custom_operator_name = "@task.branch"
    inherits_from_skipmixin = True

    def execute(self, context):
        return self.do_branch(context, super().execute(context))


class _ShortCircuitDecoratedOperator(_PythonDecoratedOperator, ShortCircuitOperator):
    __module__ = "airflow.providers.standard.decorators.short_circuit"
    custom_operator_name = "@task.short_circuit"
    inherits_from_skipmixin = True

    def __init__(self, *, ignore_downstream_trigger_rules=True, **kwargs):
        super().__init__(**kwargs)
        self.ignore_downstream_trigger_rules = ignore_downstream_trigger_rules

    execute = ShortCircuitOperator.execute


def operator_class(kind):
    """The class behind `@task.<kind>`."""
    if kind == "python":
        return _PythonDecoratedOperator
    if kind == "branch":
        return _BranchPythonDecoratedOperator
    if kind == "short_circuit":
        return _ShortCircuitDecoratedOperator
    from . import decorators_more

    return decorators_more.operator_class(kind)


class TaskDecorator:
    """A function under `@task`: calling it makes a task and gives its XComArg."""

    _is_task_decorator = True

    def __init__(self, function, cls, kwargs, multiple_outputs=None, as_setup=False, as_teardown=False,
                 on_failure_fail_dagrun=False):
        if isinstance(function, TaskDecorator):
            raise TypeError("@task decorated function can not be decorated again")
        self.function, self.operator_class = function, cls
        self.kwargs = kwargs
        self.is_setup, self.is_teardown = as_setup, as_teardown
        self.on_failure_fail_dagrun = on_failure_fail_dagrun
        if "name" in kwargs and "name" not in getattr(cls.__init__, "_dagdeck_names", ()):
            state.warn("@task(name=...) isn't an argument of Airflow's; task_id= is meant",
                       f"@task(task_id={kwargs['name']!r})")
            kwargs.setdefault("task_id", kwargs.pop("name"))
        kwargs.setdefault("task_id", function.__name__)
        if multiple_outputs is None:
            multiple_outputs = infers_multiple_outputs(function)
        if multiple_outputs:
            kwargs["multiple_outputs"] = True
        elif "multiple_outputs" in kwargs:
            del kwargs["multiple_outputs"]
        self.multiple_outputs = multiple_outputs
        for name in ("__name__", "__qualname__", "__doc__", "__module__", "__annotations__"):
            if hasattr(function, name):
                setattr(self, name, getattr(function, name))
        self.__wrapped__ = function
        if state.parsing:
            self._check_function()

    def _check_function(self):
        """A parameter with the name of a context key may only have None as its default."""
        code = getattr(self.function, "__code__", None)
        if code is None:
            return
        names = code.co_varnames[:code.co_argcount]
        defaults = dict(zip(names[::-1], (self.function.__defaults__ or ())[::-1]))
        defaults.update(self.function.__kwdefaults__ or {})
        for name, value in defaults.items():
            if name in CONTEXT_KEYS and value is not None:
                raise ValueError(f"Context key parameter {name} can't have a default other than None")

    @property
    def function_(self):
        return self.function

    def _place(self):
        from .mapped import current_place

        return current_place(self.kwargs)

    def __call__(self, *args, **kwargs):
        dag, group = self._place()
        given = dict(self.kwargs)
        given["task_id"] = unique_task_id(given["task_id"], dag, group)
        if self.is_teardown:
            if "trigger_rule" in given:
                raise ValueError("Trigger rule not configurable for teardown tasks.")
            given["trigger_rule"] = "all_done_setup_success"
        if state.parsing:
            self._check_arguments(args, kwargs)
        given.setdefault("doc_md", self.function.__doc__)
        operator = self.operator_class(python_callable=self.function, op_args=args, op_kwargs=kwargs, **given)
        operator.is_setup, operator.is_teardown = self.is_setup, self.is_teardown
        operator.on_failure_fail_dagrun = self.on_failure_fail_dagrun
        for value in args:
            if getattr(value, "is_setup", False) and operator.is_teardown:
                continue
        from .xcom_arg import PlainXComArg

        return PlainXComArg(operator)

    def _check_arguments(self, args, kwargs):
        code = getattr(self.function, "__code__", None)
        if code is None:
            return
        names = code.co_varnames[:code.co_argcount]
        every = names + code.co_varnames[code.co_argcount:code.co_argcount + code.co_kwonlyargcount]
        if len(args) > len(names) and not code.co_flags & 4:
            raise TypeError("too many positional arguments")
        for name in kwargs:
            if name not in every and not code.co_flags & 8:
                raise TypeError(f"got an unexpected keyword argument {name!r}")
            if name in names[:len(args)]:
                raise TypeError(f"multiple values for argument {name!r}")
        for name in names[:len(args)]:
            if name in CONTEXT_KEYS:
                state.warn(f"a positional argument for {name!r}, which is also a context key: Airflow refuses this at "
                           "run time; the argument is used", f"pass it by name: {name}=...")
        required = names[:len(names) - len(self.function.__defaults__ or ())]
        for number, name in enumerate(required):
            if number >= len(args) and name not in kwargs and name not in CONTEXT_KEYS:
                raise TypeError(f"missing a required argument: {name!r}")

    def override(self, **kwargs):
        merged = {**self.kwargs, **kwargs}
        outputs = merged.pop("multiple_outputs", self.multiple_outputs)
        setup = merged.pop("is_setup", self.is_setup)
        teardown = merged.pop("is_teardown", self.is_teardown)
        fail = merged.pop("on_failure_fail_dagrun", self.on_failure_fail_dagrun)
        return type(self)(self.function, self.operator_class, merged, outputs, setup, teardown, fail)

    def partial(self, **kwargs):
        self._check_names("partial", kwargs)
        own = {**self.kwargs}
        before = own.get("op_kwargs") or {}
        from .mapped import prevent_duplicates

        prevent_duplicates(before, kwargs, "duplicate partial")
        own["op_kwargs"] = {**before, **kwargs}
        return type(self)(self.function, self.operator_class, own, self.multiple_outputs, self.is_setup,
                          self.is_teardown, self.on_failure_fail_dagrun)

    def expand(self, **kwargs):
        from .mapped import check_always, prevent_duplicates

        check_always(self.kwargs, kwargs)
        if not kwargs:
            raise TypeError("no arguments to expand against")
        self._check_names("expand", kwargs)
        # what partial() was given loses against expand()
        prevent_duplicates(self.kwargs, kwargs, "mapping already partial")
        return self._expand(("expand", kwargs), False)

    def expand_kwargs(self, kwargs, *, strict=True):
        from .mapped import check_always, check_expand_kwargs

        check_always(self.kwargs, kwargs)
        check_expand_kwargs(kwargs)
        return self._expand(("expand_kwargs", kwargs), strict)

    def _check_names(self, func, kwargs):
        from .mapped import is_expandable

        code = getattr(self.function, "__code__", None)
        if code is None:
            return
        names = code.co_varnames[:code.co_argcount + code.co_kwonlyargcount]
        left = dict(kwargs)
        for name in list(left):
            if name in names or code.co_flags & 8:
                value = left.pop(name)
                if func == "expand" and not is_expandable(value):
                    raise ValueError(
                        f"expand() got an unexpected type {type(value).__name__!r} for keyword argument {name!r}"
                    )
        if len(left) == 1:
            raise TypeError(f"{func}() got an unexpected keyword argument {next(iter(left))!r}")
        if left:
            raise TypeError(f"{func}() got unexpected keyword arguments {', '.join(map(repr, left))}")

    def _expand(self, expand_input, strict):
        from .mapped import MappedOperator
        from .xcom_arg import PlainXComArg

        dag, group = place = self._place()
        given = dict(self.kwargs)
        given["task_id"] = unique_task_id(given["task_id"], dag, group)
        given["python_callable"] = self.function
        given.setdefault("op_kwargs", {})
        given.setdefault("doc_md", self.function.__doc__)
        operator = MappedOperator(self.operator_class, given, expand_input, place, decorated=True, strict=strict)
        operator.is_setup, operator.is_teardown = self.is_setup, self.is_teardown
        operator.on_failure_fail_dagrun = self.on_failure_fail_dagrun
        return PlainXComArg(operator)


def make_decorator(kind):
    """`task.<kind>`, with and without arguments."""

    def decorate(python_callable=None, multiple_outputs=None, **kwargs):
        cls = operator_class(kind)
        if python_callable is not None:
            if not callable(python_callable) or isinstance(python_callable, type):
                raise TypeError("No args allowed while using @task, use kwargs instead")
            return TaskDecorator(python_callable, cls, dict(kwargs), multiple_outputs)

        def wrap(function):
            return TaskDecorator(function, cls, dict(kwargs), multiple_outputs)

        return wrap

    decorate.__name__ = kind
    return decorate


def task_decorator_factory(python_callable=None, *, multiple_outputs=None, decorated_operator_class, **kwargs):
    """A decorator for an operator class of a provider's or an author's own."""
    if python_callable is not None:
        if not callable(python_callable) or isinstance(python_callable, type):
            raise TypeError("No args allowed while using @task, use kwargs instead")
        return TaskDecorator(python_callable, decorated_operator_class, dict(kwargs), multiple_outputs)
    return lambda function: TaskDecorator(function, decorated_operator_class, dict(kwargs), multiple_outputs)


class TaskDecorators:
    """The object `task`."""

    _kinds = ("python", "virtualenv", "external_python", "branch", "branch_virtualenv", "branch_external_python",
              "short_circuit", "sensor", "bash", "kubernetes", "docker", "kubernetes_cmd", "stub", "llm", "agent")

    def __init__(self):
        self._main = make_decorator("python")

    def __call__(self, *args, **kwargs):
        return self._main(*args, **kwargs)

    def __getattr__(self, kind):
        if kind.startswith("_"):
            raise AttributeError(kind)
        if kind in ("run_if", "skip_if"):
            from . import decorators_more

            made = getattr(decorators_more, kind)
        elif kind in self._kinds:
            made = make_decorator(kind)
        else:
            raise AttributeError(f"task decorator {kind!r} not found")
        setattr(self, kind, made)
        return made


task = TaskDecorators()


def setup(func):
    """`@setup`: on a function, or over `@task`."""
    decorated = func if isinstance(func, TaskDecorator) else task(func)
    decorated.is_setup = True
    return decorated


def teardown(func=None, *, on_failure_fail_dagrun=False):
    """`@teardown` or `@teardown(on_failure_fail_dagrun=True)`."""

    def wrap(function):
        decorated = function if isinstance(function, TaskDecorator) else task(function)
        decorated.is_teardown = True
        decorated.on_failure_fail_dagrun = on_failure_fail_dagrun
        return decorated

    return wrap if func is None else wrap(func)


__all__ = ["call", "setup", "task", "teardown"]
