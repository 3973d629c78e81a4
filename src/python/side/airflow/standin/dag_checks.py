"""Checks of a DAG's arguments, the old spellings that are understood, and cycles."""
from . import state

NO_EFFECT = {"default_view": "views belong to the console", "orientation": "views belong to the console",
             "full_filepath": "fileloc is used", "last_loaded": None, "allow_future_exec_dates": None}
RENAMED = {"concurrency": "max_active_tasks", "fail_stop": "fail_fast"}


def check_dag(dag, old):
    """Takes old arguments; while parsing, raises what Airflow raises for wrong ones."""
    for key, value in old.items():
        if key in ("schedule_interval", "timetable"):
            state.warn(f"{key}= was removed from Airflow; schedule= is meant", f"schedule={value!r}")
            if value is not None or dag.schedule is None:
                dag.schedule = value
        elif key in RENAMED:
            state.warn(f"{key}= was removed from Airflow; {RENAMED[key]}= is meant", f"{RENAMED[key]}={value!r}")
            setattr(dag, RENAMED[key], value)
        elif key in NO_EFFECT:
            state.warn(f"{key}= was removed from Airflow; it has no effect", f"remove {key}=")
        else:
            error = TypeError(f"DAG.__init__() got an unexpected keyword argument {key!r}")
            error.hint = _near(key)
            raise error
    if not state.parsing:
        return
    state.check_key(dag.dag_id)
    dag.line = state.line()
    if dag.sla_miss_callback is not None:
        state.warn("sla_miss_callback= does nothing since Airflow 3.0", "use DAG(deadline=DeadlineAlert(...))")
    if dag.default_args.get("sla") is not None:
        state.warn("sla= does nothing since Airflow 3.0", "use DAG(deadline=DeadlineAlert(...))")
    if dag.default_args.get("email"):
        state.warn("email= of tasks is deprecated", "use on_failure_callback=SmtpNotifier(...)")
    given = dag.dagrun_timeout
    if given is not None and not hasattr(given, "total_seconds"):
        error = TypeError(f"'dagrun_timeout' must be <class 'datetime.timedelta'> (got {given!r} that is a {type(given)!r}).")
        error.hint = f"dagrun_timeout=timedelta(seconds={given!r})"
        raise error
    for name in ("start_date", "end_date"):
        given = getattr(dag, name)
        if isinstance(given, str):
            error = AttributeError(f"'str' object has no attribute 'utcoffset': {name}={given!r} is no datetime")
            error.hint = f"{name}=pendulum.parse({given!r})"
            raise error
    check_owner_links(dag.owner_links)
    for name in ("max_active_tasks", "max_active_runs", "max_consecutive_failed_dag_runs"):
        value = getattr(dag, name)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise TypeError(f"'{name}' must be <class 'int'> (got {value!r} that is a {type(value)!r}).")
    for tag in dag.tags:
        if not isinstance(tag, str) or len(tag) > 100:
            raise ValueError("tag cannot be longer than 100 characters")
    timetable = dag.timetable
    timetable.validate()
    if dag.catchup and dag.start_date is None and dag.default_args.get("start_date") is None \
            and dag.schedule is not None:
        error = ValueError("start_date is required when catchup=True")
        error.hint = "give the DAG a start_date=, or catchup=False"
        raise error
    if dag.schedule == "@continuous" and dag.max_active_runs not in (None, 1):
        raise ValueError("Invalid max_active_runs: ContinuousTimetable requires max_active_runs <= 1")
    if dag.doc_md and isinstance(dag.doc_md, str) and dag.doc_md.endswith(".md") and "\n" not in dag.doc_md:
        _read_doc(dag)


def check_owner_links(links):
    """Each is an address: `https://...` or `mailto:...`."""
    from urllib.parse import urlsplit

    def is_address(link):
        parts = urlsplit(link)
        return bool(parts.path) if parts.scheme == "mailto" else bool(parts.scheme and parts.netloc)

    wrong = {owner: link for owner, link in links.items() if not is_address(link)}
    if wrong:
        raise ValueError(f"Wrong link format was used for the owner. Use a valid link\nBad formatted links are: {wrong}")


def check_groups(dag):
    """A task with `always` in a mapped group can't wait for what the group is mapped over."""
    from .xcom_arg import references

    for group in dag.task_group_dict.values():
        if group.expand_input is None or not any(
                getattr(one, "trigger_rule", None) == "always" for one in group.children.values()):
            continue
        # Airflow looks only where something asks for the group's tasks: an arrow, or an upstream value
        arrows = group.upstream_group_ids, group.upstream_task_ids, group.downstream_group_ids, group.downstream_task_ids
        if any(arrows) or references(group.expand_input[1]):
            raise ValueError("Task-generated mapping within a mapped task group is not allowed with trigger rule 'always'")


def check_setups(dag):
    """What follows a setup waits for its success."""
    for task in dag.task_dict.values():
        for below in task.downstream_list if task.is_setup else ():
            if not below.is_teardown and below.trigger_rule != "all_success":
                error = ValueError("Setup tasks must be followed with trigger rule ALL_SUCCESS.")
                error.hint = f"{below.task_id} has trigger_rule={str(below.trigger_rule)!r} below the setup {task.task_id}"
                error.line = below.line
                raise error


def _near(key):
    import difflib

    from .dag import DAG
    from .operator import init_names

    near = difflib.get_close_matches(key, init_names(DAG.__init__)[0], 1)
    return f"did you mean {near[0]}=?" if near else None


def _read_doc(dag):
    import os

    path = os.path.join(os.path.dirname(state.caller()[0]), dag.doc_md)
    try:
        with open(path) as file:
            dag.doc_md = file.read()
    except OSError:
        pass


def check_cycle(dag):
    """Raises Airflow's error if the arrows form a circle."""
    tasks = dag.task_dict
    done = set()
    for start in tasks:
        if start in done:
            continue
        path, open_ = [(start, iter(sorted(tasks[start].downstream_task_ids)))], {start}
        while path:
            node, below = path[-1]
            nxt = next(below, None)
            if nxt is None:
                path.pop()
                open_.discard(node)
                done.add(node)
            elif nxt in open_:
                from .exceptions import AirflowDagCycleException

                names = [n for n, _ in path]
                circle = names[names.index(nxt):] + [nxt]
                error = AirflowDagCycleException(f"Cycle detected in DAG: {dag.dag_id}. Faulty task: {nxt}")
                error.hint = "the circle is " + " >> ".join(circle)
                error.line = tasks[nxt].line
                raise error
            elif nxt not in done and nxt in tasks:
                open_.add(nxt)
                path.append((nxt, iter(sorted(tasks[nxt].downstream_task_ids))))


def check_whole(dag):
    """What can only be said when the DAG is complete."""
    check_cycle(dag)
    check_setups(dag)
    check_groups(dag)
    if dag.schedule is not None:
        missing = [name for name, param in dag.params.params() if not param.has_value]
        if missing:
            from .exceptions import ParamValidationError

            raise ParamValidationError(
                "DAG Schedule must be None, if there are any required params without default values: "
                + ", ".join(missing)
            )
    for task in dag.task_dict.values():
        if task.is_teardown and task.is_setup:
            raise ValueError(f"Cannot mark task '{task.task_id}' as setup; task is already a teardown.")
