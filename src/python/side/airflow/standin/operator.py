"""`BaseOperator`: arguments with defaults, templates, and `partial()`."""
from posix import environ  # `os` is not imported yet where a task runs, and takes time

from . import state
from .node import DAGNode


def setting(section, key):
    """A setting that operators take defaults from, as text; empty if it isn't set."""
    return environ.get(f"AIRFLOW__{section}__{key}".upper().encode(), b"").decode().strip()


def default_timeout():
    """`[core] default_task_execution_timeout` as a timedelta; None if it isn't set."""
    given = setting("core", "default_task_execution_timeout")
    if not given:
        return None
    from datetime import timedelta

    return timedelta(seconds=int(given))


DEFERRABLE = setting("operators", "default_deferrable").lower() in ("t", "true", "1", "yes", "on")

BASE_PARAMS = frozenset((
    "task_id", "owner", "email", "email_on_retry", "email_on_failure", "retries", "retry_delay",
    "retry_exponential_backoff", "max_retry_delay", "retry_policy", "start_date", "end_date", "depends_on_past",
    "ignore_first_depends_on_past", "wait_for_past_depends_before_skipping", "wait_for_downstream", "dag", "params",
    "priority_weight", "weight_rule", "queue", "pool", "pool_slots", "sla", "execution_timeout",
    "on_execute_callback", "on_failure_callback", "on_success_callback", "on_retry_callback", "on_skipped_callback",
    "pre_execute", "post_execute", "trigger_rule", "resources", "run_as_user", "map_index_template",
    "max_active_tis_per_dag", "max_active_tis_per_dagrun", "executor", "executor_config", "do_xcom_push",
    "multiple_outputs", "inlets", "outlets", "task_group", "doc", "doc_md", "doc_json", "doc_yaml", "doc_rst",
    "task_display_name", "logger_name", "allow_nested_operators", "is_setup", "is_teardown",
    "on_failure_fail_dagrun", "render_template_as_native_obj", "default_args", "start_from_trigger",
    "start_trigger_args", "wait_for_past", "email_on_success", "subdag", "overwrite_rtif_after_execution",
))
CALLBACKS = ("on_execute_callback", "on_failure_callback", "on_success_callback", "on_retry_callback",
             "on_skipped_callback")


def init_names(func):
    """Parameter names of an `__init__` without self and `*`, and those without a default."""
    code = func.__code__
    count = code.co_argcount
    positional = code.co_varnames[1:count]
    keyword = code.co_varnames[count:count + code.co_kwonlyargcount]
    given = len(func.__defaults__ or ())
    kwdefaults = func.__kwdefaults__ or {}
    required = list(positional[:len(positional) - given]) + [k for k in keyword if k not in kwdefaults]
    return positional + keyword, required


def unwrapped(func):
    while hasattr(func, "__wrapped__"):
        func = func.__wrapped__
    return func


class OperatorMeta(type):
    """Gives each `__init__` Airflow's handling of `default_args`, and `__call__` the tie to DAG and group."""

    def __new__(mcs, name, bases, namespace, **kwargs):
        cls = super().__new__(mcs, name, bases, namespace, **kwargs)
        init = namespace.get("__init__")
        if init is not None and hasattr(unwrapped(init), "__code__") and not hasattr(init, "_dagdeck_names"):
            cls.__init__ = mcs._wrap(init)
        return cls

    @staticmethod
    def _wrap(init):
        names, required = init_names(unwrapped(init))
        wanted = names

        def __init__(self, *args, **kwargs):
            own = self.__dict__
            if args:
                raise TypeError("Use keyword arguments when initializing operators")
            defaults = own.get("_defaults")
            if defaults:
                for key in wanted:
                    if key in defaults and key not in kwargs:
                        kwargs[key] = defaults[key]
            for key in required:
                if key not in kwargs:
                    missing = [k for k in required if k not in kwargs]
                    if len(missing) == 1:
                        raise TypeError(f"missing keyword argument {missing[0]!r}")
                    raise TypeError(f"missing keyword arguments {', '.join(map(repr, sorted(missing)))}")
            own.setdefault("_init_kwargs", {}).update(kwargs)
            init(self, **kwargs)

        __init__._dagdeck_names = names
        __init__.__wrapped__ = init
        __init__.__doc__ = init.__doc__
        return __init__

    def __call__(cls, *args, **kwargs):
        if args:
            raise TypeError("Use keyword arguments when initializing operators")
        self = cls.__new__(cls)
        own = self.__dict__
        dag = kwargs.get("dag")
        group = kwargs.get("task_group")
        if group is None and state.open_groups:
            group = state.open_groups[-1]
            if dag is not None and group.dag is not dag:
                group = None
        if dag is None:
            dag = group.dag if group is not None else state.open_dags[-1] if state.open_dags else None
        if group is None and dag is not None:
            group = dag.task_group
        given = kwargs.pop("default_args", None)
        defaults = dag.default_args if dag is not None else None
        if group is not None and group.default_args:
            defaults = {**(defaults or {}), **group.default_args}
        if given:
            defaults = {**(defaults or {}), **given}
        own["_defaults"], own["_init_kwargs"], own["_place"] = defaults, {}, (dag, group)
        if state.parsing:
            own["line"] = state.line()
        self.__init__(**kwargs)
        self._made()
        return self


class AbstractOperator(DAGNode):
    """Class-level defaults of every task argument; an instance only stores what was given."""

    owner = setting("operators", "default_owner") or "airflow"
    email = None
    email_on_retry = True
    email_on_failure = True
    retries = int(setting("core", "default_task_retries") or 0)
    retry_delay = None
    retry_exponential_backoff = 0
    max_retry_delay = None
    retry_policy = None
    start_date = None
    end_date = None
    depends_on_past = False
    ignore_first_depends_on_past = True
    wait_for_past_depends_before_skipping = False
    wait_for_downstream = False
    params = None
    priority_weight = 1
    weight_rule = setting("core", "default_task_weight_rule") or "downstream"
    queue = setting("operators", "default_queue") or "default"
    pool = "default_pool"
    pool_slots = 1
    sla = None
    execution_timeout = default_timeout()
    on_execute_callback = None
    on_failure_callback = None
    on_success_callback = None
    on_retry_callback = None
    on_skipped_callback = None
    trigger_rule = "all_success"
    resources = None
    run_as_user = None
    map_index_template = None
    max_active_tis_per_dag = None
    max_active_tis_per_dagrun = None
    executor = None
    executor_config = None
    do_xcom_push = True
    multiple_outputs = False
    inlets = ()
    outlets = ()
    doc = doc_md = doc_json = doc_yaml = doc_rst = None
    task_display_name = None
    logger_name = None
    allow_nested_operators = True
    render_template_as_native_obj = None
    line = 0
    is_mapped = False
    template_fields = ()
    template_ext = ()
    template_fields_renderers = {}
    operator_extra_links = ()
    ui_color = "#fff"
    ui_fgcolor = "#000"
    supports_lineage = False
    start_from_trigger = False
    start_trigger_args = None

    @property
    def output(self):
        from .xcom_arg import PlainXComArg

        return PlainXComArg(self)

    inherits_from_skipmixin = False

    @property
    def inherits_from_empty_operator(self):
        return any(one.__name__ == "EmptyOperator" for one in self.operator_class_of().__mro__)

    def iter_mapped_task_groups(self):
        """Mapped groups around it, the innermost first."""
        return iter(()) if self.task_group is None else self.task_group.iter_mapped_task_groups()

    def get_closest_mapped_task_group(self):
        return next(self.iter_mapped_task_groups(), None)

    def iter_mapped_dependants(self):
        """Mapped tasks below it that are mapped over its result."""
        from .xcom_arg import references

        for task in self.downstream_list:
            if task.is_mapped and self in references(task.expand_input[1]):
                yield task

    @property
    def operator_name(self):
        return getattr(self, "custom_operator_name", None) or self.operator_class_of().__name__

    def operator_class_of(self):
        return type(self)

    @property
    def task_type(self):
        return self.operator_class_of().__name__

    def _join(self, task_id, dag, group):
        """Takes its id (with prefixes), and its place in DAG and group."""
        self.task_id = group.child_id(task_id) if group is not None else task_id
        state.check_key(self.task_id)
        self.upstream_task_ids, self.downstream_task_ids = set(), set()
        self.task_group = None
        if group is not None:
            group.add(self)
        if dag is not None:
            self._dag = dag
            dag.add_task(self)

    def _check(self):
        rule = self.trigger_rule
        if type(rule) is not str or rule != "all_success":
            from .checks import trigger_rule

            self.trigger_rule = trigger_rule(self, rule)
        if state.setup_contexts and not self.is_mapped:
            from .setups import made

            made(self)

    def link_values(self, values):
        """Arrows from the tasks whose XComs are inside of `values`."""
        from .xcom_arg import references

        if state.unmapping:
            return
        for operator in references(values):
            if operator is not self and operator.task_id not in self.upstream_task_ids:
                self.set_upstream(operator)

    def get_template_env(self):
        return self.dag.get_template_env()

    def __repr__(self):
        return f"<Task({self.task_type}): {getattr(self, 'task_id', '?')}>"


class BaseOperator(AbstractOperator, metaclass=OperatorMeta):
    """Base of all operators; subclasses define `execute(context)`."""

    __module__ = "airflow.sdk.bases.operator"

    def __init__(self, *, task_id, **kwargs):
        dag, group = self._place
        defaults = self._defaults
        if defaults:
            for key in defaults:
                if key in BASE_PARAMS and key not in kwargs and key != "task_id":
                    kwargs[key] = defaults[key]
                    self._init_kwargs[key] = defaults[key]
        if kwargs:
            self._take(task_id, kwargs)
        if not isinstance(task_id, str):
            state.check_key(task_id)
        self._join(task_id, dag, group)

    def _take(self, task_id, kwargs):
        own = self.__dict__
        for key, value in kwargs.items():
            if key not in BASE_PARAMS:
                from .checks import old_task_argument

                if old_task_argument(self, task_id, key, value, kwargs):
                    continue
            elif key in ("dag", "task_group", "default_args"):
                continue
            elif key in ("pre_execute", "post_execute"):
                own["_" + key + "_hook"] = value
            elif value is None and key in ("pool", "queue", "owner", "trigger_rule", "retries"):
                continue
            elif key in ("sla", "retries", "execution_timeout", "retry_delay", "max_retry_delay", "email", "resources",
                         "weight_rule", "priority_weight", "pool_slots", "inlets", "outlets", "wait_for_downstream",
                         "depends_on_past", "email_on_failure", "email_on_retry"):
                from .checks import task_argument

                own[key] = task_argument(self, task_id, key, value)
                if key == "wait_for_downstream" and value:
                    own["depends_on_past"] = True
            else:
                own[key] = value
        if own.get("wait_for_downstream"):
            own["depends_on_past"] = True

    def _made(self):
        """After the last `__init__`: checks, and arrows from XComArgs in template fields."""
        own = self.__dict__
        if "task_id" not in own:
            raise TypeError(f"{type(self).__name__}.__init__() did not call super().__init__()")
        self._check()
        for name in self.template_fields:
            value = own.get(name)
            if not value or type(value) is str:
                continue
            self.link_values(value)

    @property
    def log(self):
        log = self.__dict__.get("_log")
        if log is None:
            import logging

            name = self.logger_name or "airflow.task.operators." + type(self).__module__ + "." + type(self).__name__
            log = self.__dict__["_log"] = logging.getLogger(name)
        return log

    @property
    def task(self):
        return self

    def execute(self, context):
        raise NotImplementedError()

    def pre_execute(self, context):
        hook = self.__dict__.get("_pre_execute_hook")
        if hook is not None:
            hook(context)

    def post_execute(self, context, result=None):
        hook = self.__dict__.get("_post_execute_hook")
        if hook is not None:
            hook(context, result)

    def on_kill(self):
        """Called when the try is ended from outside."""

    def render_template_fields(self, context, jinja_env=None):
        from dagdeck_side.render import render_fields

        render_fields(self, context)

    def render_template(self, content, context, jinja_env=None, seen_oids=None):
        from dagdeck_side.render import render_value

        return render_value(self, content, context)

    def resolve_template_files(self):
        """Reads the files that fields name; done before they are rendered, too."""
        from dagdeck_side.render import with_files

        for name in self.template_fields if self.template_ext else ():
            setattr(self, name, with_files(self, getattr(self, name, None)))
        self.prepare_template()

    def prepare_template(self):
        """Hook for subclasses: after files are read, before templates are rendered."""

    def resume_execution(self, next_method, next_kwargs, context):
        """Called instead of `execute` when the trigger fired, or failed."""
        kwargs = next_kwargs or {}
        if next_method != "__fail__":
            return getattr(self, next_method)(context, **kwargs)
        from .exceptions import TaskDeferralError, TaskDeferralTimeout

        if kwargs.get("traceback"):
            self.log.error("Trigger failed:\n%s", "\n".join(kwargs["traceback"]))
        error = kwargs.get("error", "Unknown")
        raise TaskDeferralTimeout(error) if error == "Trigger timeout" else TaskDeferralError(error)

    def defer(self, *, trigger, method_name, kwargs=None, timeout=None):
        from .exceptions import TaskDeferred

        raise TaskDeferred(trigger=trigger, method_name=method_name, kwargs=kwargs, timeout=timeout)

    def xcom_push(self, context, key, value):
        context["ti"].xcom_push(key=key, value=value)

    @staticmethod
    def xcom_pull(context, task_ids=None, dag_id=None, key="return_value", include_prior_dates=None, **kwargs):
        return context["ti"].xcom_pull(task_ids=task_ids, dag_id=dag_id, key=key,
                                       include_prior_dates=bool(include_prior_dates), **kwargs)

    def get_dag(self):
        return self._dag

    def unmap(self, resolve):
        """It is no mapped task: itself."""
        return self

    def prepare_for_execution(self):
        return self


    def add_inlets(self, inlets):
        self.inlets = [*self.inlets, *inlets]

    def add_outlets(self, outlets):
        self.outlets = [*self.outlets, *outlets]

    def dry_run(self):
        """Nothing to show."""

    def run(self, *args, **kwargs):
        state.warn("operator.run() does nothing here: tasks are run by the scheduler")

    def __lt__(self, other):
        return self.task_id < other.task_id

    def __deepcopy__(self, memo):
        return self

    @classmethod
    def partial(cls, *, task_id, **kwargs):
        from .mapped import OperatorPartial

        return OperatorPartial(cls, {"task_id": task_id, **kwargs})
