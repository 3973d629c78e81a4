"""`DAG` and `@dag`."""
from . import state
from .taskgroup import TaskGroup

CALLBACKS = ("on_success_callback", "on_failure_callback")


class DAG:
    """A DAG: settings, tasks, groups."""

    __module__ = "airflow.sdk.definitions.dag"

    def __init__(self, dag_id, description=None, *, schedule=None, start_date=None, end_date=None,
                 template_searchpath=None, template_undefined=None, user_defined_macros=None,
                 user_defined_filters=None, default_args=None, max_active_tasks=None, max_active_runs=None,
                 max_consecutive_failed_dag_runs=0, dagrun_timeout=None, sla_miss_callback=None, catchup=None,
                 on_success_callback=None, on_failure_callback=None, doc_md=None, params=None,
                 access_control=None, is_paused_upon_creation=None, jinja_environment_kwargs=None,
                 render_template_as_native_obj=False, tags=None, owner_links=None, auto_register=True,
                 fail_fast=False, dag_display_name=None, deadline=None, disable_bundle_versioning=None,
                 allowed_run_types=None, rerun_with_latest_version=None, run_on_latest_version=None, **old):
        self.dag_id = dag_id
        self.description = description
        self.schedule = schedule
        self.start_date, self.end_date = start_date, end_date
        self.template_searchpath = [template_searchpath] if isinstance(template_searchpath, str) \
            else list(template_searchpath or ())
        self.template_undefined = template_undefined
        self.user_defined_macros, self.user_defined_filters = user_defined_macros, user_defined_filters
        self.default_args = dict(default_args) if default_args else {}
        self.max_active_tasks, self.max_active_runs = max_active_tasks, max_active_runs
        self.max_consecutive_failed_dag_runs = max_consecutive_failed_dag_runs
        self.dagrun_timeout = dagrun_timeout
        self.sla_miss_callback = sla_miss_callback
        self.catchup = catchup
        self.on_success_callback, self.on_failure_callback = on_success_callback, on_failure_callback
        self.doc_md = doc_md
        self.given_params = params
        self.access_control = access_control
        self.is_paused_upon_creation = is_paused_upon_creation
        self.jinja_environment_kwargs = jinja_environment_kwargs
        self.render_template_as_native_obj = render_template_as_native_obj
        self.tags = set(tags or ())
        self.owner_links = owner_links or {}
        self.auto_register = auto_register
        self.fail_fast = fail_fast
        self.allowed_run_types = sorted({getattr(one, "value", one) for one in (
            [allowed_run_types] if isinstance(allowed_run_types, str) else allowed_run_types)}) \
            if allowed_run_types else None
        self.rerun_with_latest_version = run_on_latest_version if rerun_with_latest_version is None \
            else rerun_with_latest_version
        self.dag_display_name = dag_display_name
        self.deadline = deadline
        self.task_dict = {}
        self.edge_info = {}
        self.line = 0
        if old or state.parsing:
            from .dag_checks import check_dag

            check_dag(self, old)
        self.task_group = TaskGroup.create_root(self)
        self.fileloc = state.caller()[0]

    @property
    def params(self):
        """A `ParamsDict`; made when asked for."""
        value = self.__dict__.get("_params")
        if value is None:
            from .param import ParamsDict

            given = dict(self.default_args.get("params") or {})
            given.update(self.given_params or {})
            value = self.__dict__["_params"] = ParamsDict(given)
        return value

    @params.setter
    def params(self, value):
        self.given_params = value
        self.__dict__.pop("_params", None)

    @property
    def timezone(self):
        from .times import zone_of

        return zone_of(self)

    @property
    def timetable(self):
        from .timetables import as_timetable

        return as_timetable(self.schedule)

    schedule_interval = property(lambda self: self.schedule)

    def __enter__(self):
        state.open_dags.append(self)
        state.open_groups.append(self.task_group)
        return self

    def __exit__(self, exc_type, exc_val, exc_tb):
        state.open_groups.pop()
        state.open_dags.pop()
        if exc_type is None and self.auto_register and self not in state.dags:
            state.dags.append(self)

    def __repr__(self):
        return f"<DAG: {self.dag_id}>"

    def __lt__(self, other):
        return self.dag_id < other.dag_id

    def __deepcopy__(self, memo):
        return self

    @property
    def tasks(self):
        return list(self.task_dict.values())

    @property
    def task_ids(self):
        return list(self.task_dict)

    @property
    def active_task_ids(self):
        return list(self.task_dict)

    @property
    def task_group_dict(self):
        return {k: v for k, v in self.task_group.get_task_group_dict().items() if k is not None}

    @property
    def owner(self):
        return ", ".join(sorted({t.owner for t in self.task_dict.values()}))

    @property
    def roots(self):
        return [t for t in self.task_dict.values() if not t.upstream_task_ids]

    @property
    def leaves(self):
        return [t for t in self.task_dict.values() if not t.downstream_task_ids]

    @property
    def teardowns(self):
        return [t for t in self.task_dict.values() if t.is_teardown]

    def add_task(self, task):
        task_id = task.task_id
        have = self.task_dict.get(task_id)
        if have is task:
            return
        if have is not None or task_id in self.task_group.used_group_ids:
            from .exceptions import DuplicateTaskIdFound

            raise DuplicateTaskIdFound(f"Task id '{task_id}' has already been added to the DAG")
        self.task_dict[task_id] = task
        task._dag = self
        if task.task_group is None:
            self.task_group.add(task)

    def add_tasks(self, tasks):
        for task in tasks:
            self.add_task(task)

    def has_task(self, task_id):
        return task_id in self.task_dict

    def has_task_group(self, group_id):
        return group_id in self.task_group_dict

    def get_task(self, task_id, include_subdags=False):
        try:
            return self.task_dict[task_id]
        except KeyError:
            from .exceptions import TaskNotFound

            raise TaskNotFound(f"Task {task_id} not found") from None

    def __getitem__(self, node_id):
        """The task or group of an id."""
        found = self.task_dict.get(node_id) or self.task_group_dict.get(node_id)
        if found is None:
            from .exceptions import NodeNotFound

            raise NodeNotFound(f"Task or group {node_id!r} not found")
        return found

    def param(self, name, default=state.NOTSET):
        """A param's value, when a task runs."""
        from .param import DagParam

        return DagParam(self, name, default)

    @property
    def task(self):
        """`@dag.task`: a task of this DAG, also outside of its `with`."""
        from functools import partial

        from .decorators import task

        return partial(task, dag=self)

    @property
    def folder(self):
        """Where its file lies."""
        return self.fileloc.rpartition("/")[0]

    @property
    def relative_fileloc(self):
        """Its file, seen from the DAG folder."""
        folder = state.dags_folder
        return self.fileloc[len(folder) + 1:] if folder and self.fileloc.startswith(folder + "/") else self.fileloc

    def set_dependency(self, upstream_task_id, downstream_task_id):
        self.get_task(upstream_task_id).set_downstream(self.get_task(downstream_task_id))

    def set_edge_info(self, upstream_task_id, downstream_task_id, info):
        self.edge_info.setdefault(upstream_task_id, {})[downstream_task_id] = info

    def get_edge_info(self, upstream_task_id, downstream_task_id):
        return self.edge_info.get(upstream_task_id, {}).get(downstream_task_id, {})

    def topological_sort(self):
        left = dict(self.task_dict)
        order = []
        while left:
            ready = [t for t in left.values() if not any(u in left for u in t.upstream_task_ids)]
            if not ready:
                from .dag_checks import check_cycle

                check_cycle(self)
            order += ready
            for task in ready:
                del left[task.task_id]
        return tuple(order)

    def get_doc_md(self, doc_md):
        return doc_md

    def resolve_template_files(self):
        """Files are read when a task runs."""

    def get_template_env(self, *, force_sandboxed=False):
        from dagdeck_side.jinja import environment

        return environment(self)

    def check_cycle(self):
        from .dag_checks import check_cycle

        check_cycle(self)

    validate = check_cycle

    def test(self, *args, **kwargs):
        """`dag.test()` at the end of a file: nothing, since dagdeck runs the DAG."""
        state.warn("dag.test() does nothing here", "run `dagdeck dags trigger` instead")

    def cli(self):
        state.warn("dag.cli() does nothing here", "use dagdeck's own command line")

    def run(self, *args, **kwargs):
        state.warn("dag.run() does nothing here", "run `dagdeck dags trigger` instead")

    def clear(self, *args, **kwargs):
        state.warn("dag.clear() does nothing here", "use `dagdeck tasks clear`")


class DagCall:
    """A function under `@dag`: calling it makes the DAG."""

    def __init__(self, function, args, kwargs):
        self.function, self.args, self.kwargs = function, args, kwargs
        for name in ("__name__", "__qualname__", "__doc__", "__module__"):
            setattr(self, name, getattr(function, name, None))
        self.__wrapped__ = function

    def __call__(self, *args, **kwargs):
        function, settings = self.function, dict(self.kwargs)
        positional = list(self.args)
        dag_id = positional.pop(0) if positional else settings.pop("dag_id", None) or function.__name__
        if function.__doc__ and not settings.get("doc_md"):
            settings["doc_md"] = function.__doc__
        names = function.__code__.co_varnames[:function.__code__.co_argcount + function.__code__.co_kwonlyargcount]
        with DAG(dag_id, *positional, **settings) as dag:
            if state.parsing:
                dag.line = function.__code__.co_firstlineno
            if names:
                self._bind(dag, names, args, kwargs)
                from .param import DagParam

                function(**{name: DagParam(dag, name) for name in names})
            else:
                function(*args, **kwargs)
        return dag

    def _bind(self, dag, names, args, kwargs):
        """The function's arguments become params of the DAG."""
        code, given = self.function.__code__, dict(zip(names, args))
        for name in kwargs:
            if name not in names:
                raise TypeError(f"got an unexpected keyword argument {name!r}")
        given.update(kwargs)
        defaults = dict(zip(code.co_varnames[:code.co_argcount][::-1], (self.function.__defaults__ or ())[::-1]))
        defaults.update(self.function.__kwdefaults__ or {})
        merged = dict(dag.given_params or {})
        for name in names:
            if name in given:
                merged[name] = given[name]
            elif name in defaults:
                merged.setdefault(name, defaults[name])
            elif name not in merged:
                merged[name] = None
        dag.params = merged


def dag(*args, **kwargs):
    """`@dag` or `@dag(...)`."""
    if len(args) == 1 and not kwargs and callable(args[0]):
        return DagCall(args[0], (), {})

    def wrap(function):
        return DagCall(function, args, kwargs)

    return wrap
