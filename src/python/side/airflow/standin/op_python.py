"""`PythonOperator`, branches, short circuits."""
from . import state
from .operator import BaseOperator


def call(callable_, args, kwargs, context):
    """Calls with the context values that its parameters name."""
    kwargs = determine_kwargs(callable_, args, context, kwargs)
    return awaited(callable_(*args, **kwargs))


def awaited(result):
    """What a coroutine gives in the end."""
    if type(result).__name__ == "coroutine":
        import asyncio

        return asyncio.run(result)
    return result


def determine_kwargs(func, args, context, own=None):
    """Airflow's rule: context values by parameter name; all of them for `**kwargs`; own keywords win."""
    own = own or {}
    target, skip = func, 0
    while hasattr(target, "__wrapped__"):
        target = target.__wrapped__
    if hasattr(target, "func") and hasattr(target, "keywords") and not hasattr(target, "__code__"):
        skip += len(target.args)
        target = target.func
    if hasattr(target, "__self__") and hasattr(target, "__func__"):
        skip += 1
        target = target.__func__
    code = getattr(target, "__code__", None)
    if code is None:
        inner = getattr(type(target), "__call__", None)
        code = getattr(inner, "__code__", None)
        if code is None or isinstance(target, type):
            return dict(own)
        skip += 1
    count = code.co_argcount
    positional = code.co_varnames[:count][skip:]
    names = positional + code.co_varnames[count:count + code.co_kwonlyargcount]
    taken = positional[:len(args)]
    if code.co_flags & 8:
        found = {k: context[k] for k in context if k not in taken}
        found.update(own)
        return found
    found = dict(own)
    for name in names:
        if name not in found and name not in taken and name in context:
            found[name] = context[name]
    return found


class PythonOperator(BaseOperator):
    """Calls a function."""

    __module__ = "airflow.providers.standard.operators.python"
    template_fields = ("templates_dict", "op_args", "op_kwargs")
    template_fields_renderers = {"templates_dict": "json", "op_args": "py", "op_kwargs": "py"}
    ui_color = "#ffefeb"
    shallow_copy_attrs = ("python_callable", "op_kwargs")

    def __init__(self, *, python_callable, op_args=None, op_kwargs=None, templates_dict=None, templates_exts=None,
                 show_return_value_in_logs=True, **kwargs):
        if "provide_context" in kwargs:
            state.warn("provide_context= was removed from Airflow; the context is always given",
                       "remove provide_context=")
            del kwargs["provide_context"]
        super().__init__(**kwargs)
        if not callable(python_callable):
            raise TypeError("`python_callable` param must be callable")
        self.python_callable = python_callable
        self.op_args = op_args if op_args is not None else ()
        self.op_kwargs = op_kwargs if op_kwargs is not None else {}
        self.templates_dict = templates_dict
        if templates_exts:
            self.template_ext = templates_exts
        self.show_return_value_in_logs = show_return_value_in_logs

    def execute(self, context):
        if self.templates_dict is not None:
            context["templates_dict"] = self.templates_dict
        self.op_kwargs = self.determine_kwargs(context)
        result = self.execute_callable()
        if is_generator(self.python_callable):
            from dagdeck_side.context import consume_metadata

            return consume_metadata(result, context)
        if self.show_return_value_in_logs:
            print_done(result)
        else:
            print_done(None, True)
        return result

    def determine_kwargs(self, context):
        return determine_kwargs(self.python_callable, self.op_args, context, self.op_kwargs)

    def execute_callable(self):
        """Calls the function; subclasses may do it elsewhere."""
        return awaited(self.python_callable(*self.op_args, **self.op_kwargs))


def is_generator(function):
    """A function with `yield` is run to its end; one that returns a generator isn't."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code = getattr(function, "__code__", None)
    return code is not None and bool(code.co_flags & 0x20)


def print_done(result, hidden=False):
    """The log line that Airflow writes."""
    if state.channel is not None:
        text = "Done. Returned value not shown" if hidden else f"Done. Returned value was: {result}"
        state.channel.log("info", "airflow.task.operators.airflow.providers.standard.operators.python.PythonOperator",
                          text)


class BranchMixIn:
    """The chosen tasks are followed, all other direct children skipped."""

    def do_branch(self, context, branches_to_execute):
        from .skipping import skip_all_except

        skip_all_except(self, context, branches_to_execute)
        return branches_to_execute


class BaseBranchOperator(BaseOperator, BranchMixIn):
    """Subclasses define `choose_branch(context)`."""

    __module__ = "airflow.providers.standard.operators.branch"
    inherits_from_skipmixin = True

    def choose_branch(self, context):
        raise NotImplementedError

    def execute(self, context):
        return self.do_branch(context, self.choose_branch(context))


class BranchPythonOperator(PythonOperator, BranchMixIn):
    """The function returns the ids to follow."""

    __module__ = "airflow.providers.standard.operators.python"
    inherits_from_skipmixin = True

    def choose_branch(self, context):
        return PythonOperator.execute(self, context)

    def execute(self, context):
        return self.do_branch(context, super().execute(context))


class ShortCircuitOperator(PythonOperator):
    """A falsy result skips what is below."""

    __module__ = "airflow.providers.standard.operators.python"
    inherits_from_skipmixin = True

    def __init__(self, *, ignore_downstream_trigger_rules=True, **kwargs):
        super().__init__(**kwargs)
        self.ignore_downstream_trigger_rules = ignore_downstream_trigger_rules

    def execute(self, context):
        condition = super().execute(context)
        if condition:
            return condition
        if not self.downstream_task_ids:
            return condition
        from .skipping import skip

        if self.ignore_downstream_trigger_rules:
            below = [t for t in self.get_flat_relatives(upstream=False) if not t.is_teardown]
        else:
            below = [t for t in self.downstream_list if not t.is_teardown]
        skip(self, context, below)
        return condition


def __getattr__(name):
    from . import op_venv

    return getattr(op_venv, name)
