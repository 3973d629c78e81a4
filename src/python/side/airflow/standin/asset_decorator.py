"""`@asset` and `@asset.multi`: a DAG of one task, and the assets that it makes."""
from .assets import Asset, AssetAll
from .op_python import PythonOperator

NOT_INLETS = ("self", "context", "outlet_events")


def parameters(function):
    """Name and default (or `inspect.Parameter.empty`) of each parameter."""
    import inspect

    return [(name, one.default) for name, one in inspect.signature(function).parameters.items()]


def check_parameters(function):
    import inspect

    kinds = inspect.Parameter
    for name, one in inspect.signature(function).parameters.items():
        if one.kind == kinds.VAR_POSITIONAL:
            raise TypeError(f"wildcard '*{name}' is not supported in @asset")
        if one.kind == kinds.VAR_KEYWORD:
            raise TypeError(f"wildcard '**{name}' is not supported in @asset")
        if one.kind == kinds.POSITIONAL_ONLY and one.default is kinds.empty:
            raise TypeError(f"positional-only argument '{name}' without a default is not supported in @asset")


class _AssetMainOperator(PythonOperator):
    """Calls the function; its parameters are assets by their names, `self`, `context` and `outlet_events`."""

    __module__ = "airflow.sdk.definitions.asset.decorators"

    def __init__(self, *, definition_name, uri=None, **kwargs):
        super().__init__(**kwargs)
        self._definition_name = definition_name

    def execute(self, context):
        import inspect

        from .asset_events import find_asset

        kwargs = {}
        for name, default in parameters(self.python_callable):
            if default is not inspect.Parameter.empty:
                kwargs[name] = default
            elif name == "self":
                kwargs[name] = find_asset(name=self._definition_name)
            elif name == "context":
                kwargs[name] = context
            elif name == "outlet_events":
                kwargs[name] = context["outlet_events"]
            else:
                kwargs[name] = find_asset(name=name)
        self.op_kwargs = kwargs
        return super().execute(context)


def make_task(definition, function, outlets):
    """The DAG's only task."""
    import inspect

    if type(function).__name__ == "TaskDecorator":
        if "outlets" in function.kwargs:
            raise TypeError("@task decorator with 'outlets' argument is not supported in @asset")
        function.kwargs["outlets"] = outlets
        function()
        return
    check_parameters(function)
    inlets = [Asset.ref(name=name) for name, default in parameters(function)
              if name not in NOT_INLETS and default is inspect.Parameter.empty]
    _AssetMainOperator(task_id=function.__name__, inlets=inlets, outlets=outlets, python_callable=function,
                       definition_name=definition.name)


class AssetDefinition(Asset):
    """What `@asset` gives: an asset that also has a function."""

    def __init__(self, *, function, source, **kwargs):
        super().__init__(**kwargs)
        self._function, self._source = function, source
        with source.create_dag(self.name):
            make_task(self, function, [self])

    def iter_outlets(self):
        yield self


class MultiAssetDefinition(AssetAll):
    """What `@asset.multi` gives: all its outlets."""

    def __init__(self, *, function, source, name):
        super().__init__(*source.outlets)
        self.name, self._function, self._source = name, function, source
        with source.create_dag(name):
            make_task(self, function, list(source.outlets))

    def iter_outlets(self):
        yield from self.objects


def function_name(function):
    """The name of a function that may be decorated with `@task`."""
    inner = getattr(function, "function", function) if type(function).__name__ == "TaskDecorator" else function
    if inner.__name__ != inner.__qualname__:
        raise ValueError("nested function not supported")
    return inner.__name__


class _DAGFactory:
    """The arguments that are the DAG's."""

    def __init__(self, *, schedule, is_paused_upon_creation=None, dag_id=None, dag_display_name=None, description=None,
                 params=None, on_success_callback=None, on_failure_callback=None, access_control=None, owner_links=None,
                 tags=()):
        self.schedule, self.dag_id, self.dag_display_name = schedule, dag_id, dag_display_name
        self.options = {"is_paused_upon_creation": is_paused_upon_creation, "description": description,
                        "params": params, "on_success_callback": on_success_callback,
                        "on_failure_callback": on_failure_callback, "access_control": access_control,
                        "owner_links": owner_links or {}, "tags": tags}

    def create_dag(self, default_dag_id):
        from .dag import DAG

        dag_id = self.dag_id or default_dag_id
        return DAG(dag_id, schedule=self.schedule, catchup=False, dag_display_name=self.dag_display_name or dag_id,
                   **{name: value for name, value in self.options.items() if value is not None})


class asset(_DAGFactory):  # noqa: N801  Airflow's name
    """`@asset(schedule=..)`."""

    __module__ = "airflow.sdk.definitions.asset.decorators"

    def __init__(self, *, name=None, uri=None, group=Asset.asset_type, extra=None, watchers=None, **dag_options):
        super().__init__(**dag_options)
        self.name, self.uri, self.group, self.extra, self.watchers = name, uri, group, extra, watchers

    def __call__(self, function):
        name = self.name or function_name(function)
        return AssetDefinition(name=name, uri=name if self.uri is None else str(self.uri), group=self.group,
                               extra=self.extra, watchers=self.watchers, function=function, source=self)

    class multi(_DAGFactory):  # noqa: N801  Airflow's name
        """`@asset.multi(outlets=[..], schedule=..)`."""

        def __init__(self, *, outlets, **dag_options):
            super().__init__(**dag_options)
            self.outlets = outlets

        def __call__(self, function):
            name = function_name(function)
            if not self.outlets:
                raise ValueError("no outlets provided")
            return MultiAssetDefinition(function=function, source=self, name=name)
