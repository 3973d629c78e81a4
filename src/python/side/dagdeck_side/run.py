"""One try of one task: import, render, execute, push, report."""
import sys
from posix import _exit, getpid

from . import load
from .protocol import now_text


def set_variable(name, value):
    """Sets an environment variable, whether or not `os` is imported."""
    os = sys.modules.get("os")
    if os is not None:
        os.environ[name] = value
        return
    import posix

    posix.environ[name.encode()] = value.encode("utf-8", "surrogateescape")
    posix.putenv(name, value)


def drop_variable(name):
    """Removes what `set_variable` has set."""
    os = sys.modules.get("os")
    if os is not None:
        os.environ.pop(name, None)
        return
    import posix

    posix.environ.pop(name.encode(), None)
    posix.unsetenv(name)


NAME_LENGTH = 250
"""At most so many characters has the name of a mapped instance."""


class ImportFailed(Exception):
    """The file can't be imported or has no such task."""


def run(channel, start, kind=None):
    """Runs the try, or something of its kind; gives the process's exit code."""
    import airflow  # noqa: F401  installs the finder
    from airflow.standin import state

    from . import logs

    state.channel = channel
    state.settings = start.get("settings") or {}
    logs.install(channel)
    try:
        if start.get("task"):
            from .declared import find_declared

            dag, task = find_declared(start)
        else:
            dag, task = find(start)
    except BaseException as error:
        report_import(channel, error, start)
        return 0
    return (kind or Try)(channel, start, dag, task).run()


def find(start):
    """The DAG and task that the supervisor named."""
    load.prepare(start.get("dags_folder"), start.get("plugins_folder"))
    ti = start["ti"]
    # what get_parsing_context() says while the file is imported
    context = {"_AIRFLOW_PARSING_CONTEXT_DAG_ID": ti["dag_id"], "_AIRFLOW_PARSING_CONTEXT_TASK_ID": ti["task_id"]}
    for name, value in context.items():
        set_variable(name, value)
    try:
        module = load.import_file(start["fileloc"], start.get("source"))
    finally:
        for name in context:
            drop_variable(name)
    for dag in load.found_dags(module):
        if dag.dag_id == ti["dag_id"]:
            task = dag.task_dict.get(ti["task_id"])
            if task is None:
                raise ImportFailed(f"DAG {dag.dag_id!r} no longer has the task {ti['task_id']!r}")
            return dag, task
    raise ImportFailed(f"{start['fileloc']} no longer has the DAG {ti['dag_id']!r}")


def report_import(channel, error, start):
    from . import errors

    sys.stderr.flush()
    name = "TaskNotFound" if isinstance(error, ImportFailed) else type(error).__name__
    text = str(error) if isinstance(error, ImportFailed) else errors.short(error)
    _, line, _ = errors.place(error, start["fileloc"])
    channel.log("error", "task", "Failed to import the DAG file", errors.stack(error))
    summary = f"{text} (line {line})" if line else text
    channel.write({"type": "TaskState", "state": "failed", "retryable": True,
                   "cause": {"kind": "import", "summary": summary, "exception": name, "exit_code": None}})


class Try:
    """One try of a task in this process."""

    def __init__(self, channel, start, dag, task):
        self.channel, self.start, self.dag, self.declared, self.task = channel, start, dag, task, task
        self.context = self.ti = None
        self.phase = "template"
        self.rendered_again = False
        self.name = None

    def run(self):
        from airflow.standin import state

        from .context import DagRun, make_context
        from .ti import RuntimeTaskInstance

        start = self.start
        run = DagRun(start["dag_run"])
        self.ti = RuntimeTaskInstance(start["ti"], self.task, start)
        self.context = state.context = make_context(self.dag, self.task, self.ti, run)
        if start.get("old_xcoms"):
            from .xcom import purge_old

            purge_old(self.ti, start["old_xcoms"])
        self.watch_term()
        message, callbacks = None, None
        try:
            message, callbacks = self.attempt()
        except BaseException as error:
            from .outcome import of_error

            message, callbacks = of_error(self, error)
        sys.stdout.flush()
        sys.stderr.flush()
        self.channel.write(message)
        if callbacks is not None:
            name, new_state, error = callbacks
            self.call_back(name, new_state, error)
            self.listen(new_state, error)
        return 0

    def listen(self, what, error=None):
        """Tells listeners of plugins, where there is a plugins folder at all."""
        from airflow.standin import state

        if state.plugins_folder:
            from . import listeners

            name = listeners.OF_STATES.get(what)
            listeners.of_instance(self.ti, name or what, None if name is None else what, error)

    def watch_term(self):
        """TERM: the operator's `on_kill`, then exit 143."""
        import _signal

        owner = getpid()

        def ended(number, frame):
            if getpid() != owner:
                _exit(143)
            self.channel.log("error", "task", "Received SIGTERM. Terminating subprocesses")
            try:
                self.task.on_kill()
                sys.stdout.flush()
                sys.stderr.flush()
            except Exception as error:
                self.channel.log("error", "task", f"on_kill failed: {error!r}")
            _exit(143)

        _signal.signal(_signal.SIGTERM, ended)

    def attempt(self):
        context, ti = self.context, self.ti
        self.prepare()
        task = self.task
        self.export()
        self.listen("on_task_instance_running")
        self.phase = "execute"
        start = self.start
        if start.get("next_method"):
            function, kwargs = self.resumed(task, start)
        else:
            function, kwargs = task.execute, {}
        if type(task).pre_execute is not _base().pre_execute or "_pre_execute_hook" in task.__dict__:
            task.pre_execute(context)
        if task.on_execute_callback:
            self.call_back("on_execute_callback", None, None)
        result = self.timed(task, function, context, kwargs)
        if type(task).post_execute is not _base().post_execute or "_post_execute_hook" in task.__dict__:
            task.post_execute(context, result)
        self.render_again()
        self.tell_name(self.map_index_name())
        self.push_result(task, result)
        name = self.name
        if name is not None and len(name) > NAME_LENGTH:
            # Airflow's server takes everything else of the try before it refuses the name
            from airflow.standin.exceptions import AirflowRuntimeError

            raise AirflowRuntimeError("API_SERVER_ERROR",
                                      f"rendered_map_index has {len(name)} characters, at most {NAME_LENGTH} fit")
        if task.outlets:
            from .outcome import say_outlets

            say_outlets(self.channel, task, context)
        ti.end_date = None
        return ({"type": "SucceedTask", "rendered_map_index": name, "end_date": now_text()},
                ("on_success_callback", "success", None))

    def prepare(self):
        """Takes the values of its map index, and renders its template fields."""
        task, context, seen = self.task, self.context, ()
        if task.is_mapped:
            from .mapping import expanded

            values, seen = expanded(task.expand_input, context)
            task = task.unmap(values)
            self.use(task)
        if task.template_fields:
            self.render(task, context, seen)
        self.name_early()
        inactive = self.start.get("inactive_assets")
        if inactive:
            from airflow.standin.assets import AssetUniqueKey
            from airflow.standin.exceptions import AirflowInactiveAssetInInletOrOutletException

            raise AirflowInactiveAssetInInletOrOutletException(
                [AssetUniqueKey(one["name"], one["uri"]) for one in inactive])

    def render(self, task, context, seen):
        own, base = task.__dict__, _base()
        usual = type(task).render_template_fields is base.render_template_fields
        if usual and type(task).prepare_template is base.prepare_template \
                and not any(own.get(name, True) for name in task.template_fields):
            # nothing but empty values
            fields = {name: own[name] for name in task.template_fields}
            self.channel.ask({"type": "SetRenderedFields", "rendered_fields": fields})
            return
        if usual:
            from .render import render_fields

            render_fields(task, context, seen)
        else:
            task.render_template_fields(context)
        self.store_fields()

    def name_early(self):
        """The name of a mapped instance, as far as it is known before it executes."""
        if self.ti.is_mapped and self.task.map_index_template:
            try:
                self.tell_name(self.map_index_name())
            except Exception:
                pass  # what the template needs may be set by execute()

    def tell_name(self, name):
        """The scheduler is told of a new name; one that doesn't fit is kept back."""
        if name is None or name == self.name:
            return
        self.name = self.ti.rendered_map_index = name
        if len(name) <= NAME_LENGTH:
            self.channel.ask({"type": "SetRenderedMapIndex", "rendered_map_index": name})

    def use(self, task):
        self.task = self.ti.task = self.context["task"] = task
        self.context["map_index_template"] = task.map_index_template

    def store_fields(self):
        from .render import stored

        task = self.task
        fields = {name: stored(getattr(task, name, None)) for name in task.template_fields}
        self.channel.ask({"type": "SetRenderedFields", "rendered_fields": fields})

    def render_again(self):
        """Fields that execute() itself changes are stored a second time."""
        if getattr(self.task, "overwrite_rtif_after_execution", False) and not self.rendered_again:
            self.rendered_again = True
            self.store_fields()

    def export(self):
        ti = self.ti
        names = {"DAG_ID": ti.dag_id, "TASK_ID": ti.task_id, "TRY_NUMBER": str(ti.try_number), "DAG_RUN_ID": ti.run_id,
                 "DAG_OWNER": self.task.owner}
        logical = self.start["dag_run"].get("logical_date")
        if logical:
            names["LOGICAL_DATE"] = self.context["ts"]
        email = self.task.email
        if email:
            names["DAG_EMAIL"] = email if isinstance(email, str) else ",".join(email)
        for name, value in names.items():
            set_variable("AIRFLOW_CTX_" + name, str(value))

    def resumed(self, task, start):
        """What a deferred task goes on with, and its arguments."""
        from .xcom import deserialize

        kwargs = {name: deserialize(value) for name, value in (start.get("next_kwargs") or {}).items()}
        name = start["next_method"]

        def go_on(context):
            return task.resume_execution(name, kwargs, context)

        return go_on, {}

    def timed(self, task, function, context, kwargs):
        """Calls execute, within execution_timeout."""
        if task.execution_timeout is None:
            return function(context, **kwargs)
        import _signal

        from airflow.standin.exceptions import AirflowTaskTimeout

        seconds = task.execution_timeout.total_seconds()
        if seconds <= 0:
            raise AirflowTaskTimeout("Timeout")

        def out_of_time(number, frame):
            raise AirflowTaskTimeout("Timeout")

        _signal.signal(_signal.SIGALRM, out_of_time)
        _signal.setitimer(_signal.ITIMER_REAL, seconds)
        try:
            return function(context, **kwargs)
        except AirflowTaskTimeout:
            task.on_kill()
            raise
        finally:
            _signal.setitimer(_signal.ITIMER_REAL, 0)

    def map_index_name(self):
        template = self.task.map_index_template
        if not template or not self.ti.is_mapped:
            return None
        from .render import is_template, render_texts, values_now

        if not is_template(template):
            return template
        own = any(k not in _STANDARD_KEYS for k in self.context)
        if own or "task." in template or "op_kwargs" in template:
            # names that only this process knows
            from .jinja import render

            made = render(self.dag, [template], self.context, False)
            if made is not None:
                return str(made[template])
        return str(render_texts(self.task, [template], self.context, values_now(self.task))[template])

    def push_result(self, task, result):
        from .ti import push

        if not task.do_xcom_push:
            result = None
        length = self.mapped_length(result) if self.start.get("mapped_dependants") else None
        if result is None:
            return
        if task.multiple_outputs:
            if not hasattr(result, "keys"):
                raise TypeError(f"Returned output was type {type(result)} expected dictionary for multiple_outputs")
            for key in result.keys():
                if not isinstance(key, str):
                    raise TypeError(
                        "Returned dictionary keys must be strings when using multiple_outputs, "
                        f"found {key} ({type(key)}) instead"
                    )
            for key in result.keys():
                push(key, result[key])
        push("return_value", result, length)

    def mapped_length(self, result):
        """Checks a result that another task is mapped over."""
        from airflow.standin import exceptions

        if self.ti.is_mapped:
            return None
        if result is None:
            raise exceptions.XComForMappingNotPushed()
        sized = isinstance(result, (list, tuple, dict)) or type(result).__name__ in (
            "LazyXComSequence", "_MapResult", "_ZipResult", "_ConcatResult")
        if not sized and (isinstance(result, (str, bytes, set, frozenset)) or not hasattr(result, "__getitem__")
                          or not hasattr(result, "__len__") or not hasattr(result, "__iter__")):
            raise exceptions.UnmappableXComTypePushed(result)
        limit = self.start.get("settings", {}).get("max_map_length") or 1024
        if len(result) > limit:
            raise exceptions.UnmappableXComLengthPushed(result, limit)
        return len(result)

    def call_back(self, name, new_state, error):
        given = getattr(self.task, name, None)
        if not given:
            return
        from .callbacks import run_callbacks

        run_callbacks(self, name, given, new_state, error)


_STANDARD_KEYS = frozenset((
    "conn", "dag", "dag_run", "data_interval_end", "data_interval_start", "ds", "ds_nodash", "inlet_events", "inlets",
    "logical_date", "macros", "map_index_template", "outlet_events", "outlets", "params", "partition_date",
    "partition_key", "prev_data_interval_end_success", "prev_data_interval_start_success", "prev_end_date_success",
    "prev_start_date_success", "run_id", "task", "task_instance", "task_instance_key_str", "task_reschedule_count",
    "task_state_store", "templates_dict", "ti", "triggering_asset_events", "ts", "ts_nodash", "ts_nodash_with_tz", "var",
    "asset_state_store",
))


def _base():
    from airflow.standin.operator import BaseOperator

    return BaseOperator
