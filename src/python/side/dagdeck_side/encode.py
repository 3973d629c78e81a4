"""DAG objects to the JSON that dagdeck stores; forms of values are described with the program's mapping model."""
import datetime as dt
import os
import re

from airflow.standin import state
from airflow.standin.mapped import MappedOperator
from airflow.standin.node import DAGNode
from airflow.standin.operator import BASE_PARAMS, CALLBACKS, AbstractOperator, setting
from airflow.standin.param import Param
from airflow.standin.taskgroup import TaskGroup
from airflow.standin.times import seconds, utc_text, zone_name, zone_of
from airflow.standin.xcom_arg import ConcatXComArg, MapXComArg, PlainXComArg, XComArg, ZipXComArg

from .listeners import listen_to_tasks, wanted_of_dags

MARK = "__dagdeck__"
ADDRESS = re.compile(r" at 0x[0-9a-f]+")
DEFAULT_RETRY_DELAY = float(setting("core", "default_task_retry_delay") or 300)


def callable_name(value):
    while hasattr(value, "func") and not hasattr(value, "__name__"):
        value = value.func
    return getattr(value, "__qualname__", None) or getattr(value, "__name__", None) or type(value).__name__


def value(item, depth=0):
    """Any value an author can write."""
    if item is None or isinstance(item, (bool, int)):
        return item
    if isinstance(item, float):
        return item if item == item and abs(item) != float("inf") else _object(item)
    if isinstance(item, str):
        return str.__str__(item) if type(item) is str else str(getattr(item, "value", item))
    if depth > 40:
        return _object(item)
    depth += 1
    if isinstance(item, dict) and type(item).__name__ != "ParamsDict":
        return {str(getattr(k, "value", k)): value(v, depth) for k, v in item.items()}
    if isinstance(item, list):
        return [value(v, depth) for v in item]
    if isinstance(item, tuple):
        return {MARK: "tuple", "value": [value(v, depth) for v in item]}
    if isinstance(item, (set, frozenset)):
        return {MARK: "set", "value": sorted((value(v, depth) for v in item), key=repr)}
    if isinstance(item, (XComArg, DAGNode)):
        return xcom_arg(item, depth)
    if isinstance(item, dt.datetime):
        return {MARK: "datetime", "value": item.isoformat()}
    if isinstance(item, dt.time):
        return {MARK: "time", "value": item.isoformat()}
    if isinstance(item, dt.timedelta):
        return {MARK: "timedelta", "value": item.total_seconds()}
    if type(item).__module__.startswith("kubernetes"):
        from .pods import TEMPLATED, plain

        found = plain(item)
        if found is not item:
            made = value(found, depth)
            kind = type(item).__name__
            return {MARK: "v1", "model": kind, "value": made} if kind in TEMPLATED else made
    if type(item).__name__ == "Secret" and hasattr(item, "deploy_type"):
        return value(item._given(), depth)
    if hasattr(item, "as_expression"):
        return {MARK: "asset", **item.as_model()}
    if type(item).__name__ == "ParamsDict" or type(item).__name__ == "Param":
        return value(item.dump(), depth)
    if type(item).__name__ == "DagParam":
        return str(item)
    if callable(item) and not hasattr(item, "template_fields"):
        return {MARK: "callable", "name": callable_name(item)}
    return _object(item)


def _object(item):
    text = ADDRESS.sub("", repr(item))  # else each parse would look like a new version of the DAG
    made = {MARK: "object", "class": type(item).__qualname__, "repr": text[:1000]}
    fields = getattr(item, "template_fields", None)
    if isinstance(fields, (list, tuple)) and not isinstance(item, type):
        made["fields"] = {f: value(getattr(item, f, None)) for f in fields}
    return made


def xcom_arg(item, depth=0):
    if isinstance(item, DAGNode):
        item = PlainXComArg(item)
    if isinstance(item, PlainXComArg):
        return {MARK: "xcom", "task_id": item.operator.task_id, "key": item.key}
    if isinstance(item, MapXComArg):
        return {MARK: "map", "of": value(item.arg, depth), "callables": [callable_name(f) for f in item.callables]}
    if isinstance(item, ZipXComArg):
        made = {MARK: "zip", "of": [value(a, depth) for a in item.args]}
        if item.fillvalue is not state.NOTSET:
            made["fillvalue"] = value(item.fillvalue, depth)
        return made
    if isinstance(item, ConcatXComArg):
        return {MARK: "concat", "of": [value(a, depth) for a in item.args]}
    return {MARK: "group_argument", "key": item.key, "of": value(item.source, depth)}


def expand(expand_input):
    """The model's `Expand`."""
    if expand_input is None:
        return None
    kind, given = expand_input
    if kind == "expand":
        return {"kind": "expand", "args": {k: _expandable(v) for k, v in given.items()}}
    return {"kind": "expand_kwargs", "value": _expandable(given)}


def _expandable(given):
    """Literal sequences are JSON lists, whatever their type."""
    if isinstance(given, (tuple, list)):
        return [value(v) for v in given]
    return value(given)


def _args(task):
    cls = task.operator_class_of()
    mapped = isinstance(task, MappedOperator)
    given = task.partial_kwargs if mapped else task._init_kwargs
    made = {}
    own = []
    for one in cls.__mro__:
        init = one.__dict__.get("__init__")
        if one.__name__ == "BaseOperator":
            break
        own += [n for n in getattr(init, "_dagdeck_names", ()) if n not in own]
    names = [n for n in own if n not in BASE_PARAMS and n[0] != "_"]
    names += [n for n in given if n not in names and n not in BASE_PARAMS and n[0] != "_"]
    for name in names:
        if mapped:
            if name not in given:
                continue
            item = given[name]
        else:
            item = getattr(task, name, state.NOTSET)
            if item is state.NOTSET or hasattr(item, "__func__"):
                if name not in given:
                    continue
                item = given[name]
            if item is None and name not in given:
                continue
        if name in ("op_args", "skip_on_exit_code") and isinstance(item, tuple):
            item = list(item)
        made[name] = value(item)
    for name in ("executor_config", "resources", "run_as_user"):
        if getattr(task, name, None):
            made[name] = value(getattr(task, name))
    return made


def _word(given):
    """The text of an enumeration's member, which may print as another one, or of whatever else was given."""
    return str(getattr(given, "value", given))


def _backoff(given):
    if given is True:
        return 2.0
    return float(given or 0)


def task(item, dag, zone):
    """The model's `Task`."""
    cls = item.operator_class_of()
    group = item.task_group
    made = {
        "task_id": item.task_id, "operator": cls.__name__, "module": cls.__module__,
        "bases": [c.__name__ for c in cls.__mro__[1:] if c is not object],
        "args": _args(item), "upstream_task_ids": sorted(item.upstream_task_ids),
        "downstream_task_ids": sorted(item.downstream_task_ids),
        "task_group": group.group_id if group is not None else None,
        "owner": str(item.owner), "retries": max(0, int(item.__dict__.get("retries", AbstractOperator.retries) or 0)),
        "retry_exponential_backoff": _backoff(item.retry_exponential_backoff),
        "trigger_rule": _word(item.trigger_rule), "pool": item.pool, "pool_slots": int(item.pool_slots),
        "priority_weight": int(item.priority_weight), **_weight(item),
        "template_fields": list(cls.template_fields), "template_ext": list(item.template_ext or ()),
        "line": item.line,
    }
    if getattr(item, "email", None):
        made["email"] = [item.email] if isinstance(item.email, str) else [str(one) for one in item.email]
    delay = item.retry_delay
    made["retry_delay"] = DEFAULT_RETRY_DELAY if delay is None else seconds(delay)
    for name in ("max_retry_delay", "execution_timeout"):
        made[name] = seconds(getattr(item, name))
    for name in ("depends_on_past", "wait_for_downstream", "ignore_first_depends_on_past",
                 "wait_for_past_depends_before_skipping", "do_xcom_push", "multiple_outputs", "is_setup", "is_teardown",
                 "on_failure_fail_dagrun"):
        made[name] = bool(getattr(item, name))
    for name in ("max_active_tis_per_dag", "max_active_tis_per_dagrun", "map_index_template", "executor"):
        made[name] = getattr(item, name)
    made["queue"] = None if item.queue == "default" else item.queue
    made["doc_md"] = next((str(d) for d in (item.doc_md, item.doc, item.doc_rst) if d), None)
    for name in ("start_date", "end_date"):
        made[name] = utc_text(getattr(item, name), zone)
    made["callbacks"] = [n for n in CALLBACKS if getattr(item, n)]
    # those of a task that waits for a person are its form, which may lack values until then
    is_form = hasattr(cls, "serialized_params")
    made["params"] = {k: value(getattr(v, "value", v) if isinstance(v, Param) else v) if is_form else task_param(v)
                      for k, v in dict(item.params or {}).items()}
    made["outlets"] = [value(v) for v in item.outlets or ()]
    made["inlets"] = [value(v) for v in (item.inlets if isinstance(item.inlets, (list, tuple)) else [item.inlets])]
    if isinstance(item, MappedOperator):
        made["expand"] = expand(item.expand_input)
        # as Airflow does it: the same for each instance, whatever is mapped
        begins, begin = item.partial_kwargs.get("start_from_trigger", cls.start_from_trigger), cls.start_trigger_args
    else:
        begins, begin = item.start_from_trigger, item.start_trigger_args
    if begins and begin:
        made["start_trigger"] = start_trigger(begin, item.execution_timeout)
    return made


def _weight(item):
    """The rule; for a strategy of the author's own also its name and what it says of a first try."""
    rule = _word(item.weight_rule)
    if rule in ("downstream", "upstream", "absolute"):
        return {"weight_rule": rule}
    from airflow.standin.weights import strategy_of, weight

    found = strategy_of(item.weight_rule)
    return {"weight_rule": "absolute",
            "weight_strategy": {"name": type(found).__name__, "weight": weight(found, item)}}


def start_trigger(given, limit):
    """The deferral that a task begins with; it ends at the task's own time limit, too."""
    from .xcom import serialize

    times = [seconds(one) for one in (given.timeout, limit) if one is not None]
    return {"classpath": given.trigger_cls, "trigger_kwargs": serialize(given.trigger_kwargs or {}),
            "next_method": given.next_method, "next_kwargs": serialize(given.next_kwargs or {}),
            "timeout": min(times) if times else None}


def group(item):
    """The model's `TaskGroup`."""
    parent = item.parent_group
    made = {
        "group_id": item.group_id, "parent": parent.group_id if parent is not None else None,
        "tooltip": item.tooltip or "", "prefix_group_id": bool(item.prefix_group_id),
        "expand": expand(item.expand_input), "children": list(item.children),
    }
    for name in ("upstream_group_ids", "downstream_group_ids", "upstream_task_ids", "downstream_task_ids"):
        made[name] = sorted(i for i in getattr(item, name) if i is not None)
    return made


def param(item):
    """The model's `Param`."""
    return {"value": value(None if not item.has_value else item.value), "required": not item.has_value,
            "description": item.description, "schema": value(item.schema)}


def task_param(item):
    """A param of a task: a plain value, or a `Param` with its schema."""
    if not isinstance(item, Param):
        return value(item)
    made = param(item)
    return {k: made[k] for k in ("value", "schema", "required")} if item.schema or made["required"] else made["value"]


def deadlines(given):
    """A DAG has none, one or a list."""
    if given is None:
        return []
    return list(given) if isinstance(given, (list, tuple)) else [given]


def deadline(item):
    """The model's `DeadlineAlert`."""
    from .xcom import serialize

    interval = item.interval
    call = item.callback
    return {
        "name": item.name, "reference": item.reference.serialize_reference(),
        "interval": {"variable": interval.key} if hasattr(interval, "key") else interval.total_seconds(),
        "callback": {"path": call.path, "kwargs": serialize(call.kwargs), "is_async": type(call).__name__ == "AsyncCallback"},
    }


def dag(item):
    """The model's `Dag`, without warnings."""
    zone = zone_name(zone_of(item))
    tasks = item.task_dict
    start = utc_text(item.start_date, zone)
    if start is None:
        starts = [utc_text(t.start_date, zone) for t in tasks.values() if t.start_date is not None]
        if item.default_args.get("start_date") is not None:
            starts.append(utc_text(item.default_args["start_date"], zone))
        start = min(starts) if starts else None
    end = utc_text(item.end_date, zone)
    if end is None and item.default_args.get("end_date") is not None:
        end = utc_text(item.default_args["end_date"], zone)
    groups = {}

    def walk(one):
        for child in one.children.values():
            if isinstance(child, TaskGroup):
                groups[child.group_id] = group(child)
                walk(child)

    walk(item.task_group)
    made_tasks = {}
    for task_id, one in tasks.items():
        row = made_tasks[task_id] = task(one, item, zone)
        # a date that a task only has from default_args is the DAG's
        for name, whole in (("start_date", start), ("end_date", end)):
            if row[name] == whole:
                row[name] = None
    return {
        "dag_id": item.dag_id, "fileloc": item.fileloc, "dag_display_name": item.dag_display_name,
        "description": item.description, "doc_md": item.doc_md, "schedule": item.timetable.as_schedule(item),
        "timezone": zone, "start_date": start, "end_date": end, "catchup": item.catchup,
        "max_active_runs": item.max_active_runs, "max_active_tasks": item.max_active_tasks,
        "max_consecutive_failed_dag_runs": item.max_consecutive_failed_dag_runs or 0,
        "dagrun_timeout": seconds(item.dagrun_timeout), "fail_fast": bool(item.fail_fast),
        "rerun_with_latest_version": item.rerun_with_latest_version,
        "allowed_run_types": item.allowed_run_types,
        "tags": sorted(item.tags), "params": {k: param(p) for k, p in item.params.params()},
        "is_paused_upon_creation": item.is_paused_upon_creation,
        "render_template_as_native_obj": bool(item.render_template_as_native_obj),
        "template_searchpath": item.template_searchpath,
        "has_user_macros": bool(item.user_defined_macros or item.user_defined_filters or own_xcom_backend()
                                or listen_to_tasks()),
        "deadlines": [deadline(one) for one in deadlines(item.deadline)],
        "callbacks": sorted({n for n in ("on_success_callback", "on_failure_callback") if getattr(item, n)}
                            | set(wanted_of_dags())),
        "tasks": made_tasks, "task_groups": groups, "children": list(item.task_group.children),
        "edge_labels": {u: {d: info["label"] for d, info in downs.items() if info.get("label")}
                        for u, downs in item.edge_info.items()},
        "warnings": [], "line": item.line, "timetable_answers": timetable_answers(item),
    }


def own_xcom_backend():
    """Values of XComs can only be read with the author's class: native operators run in Python then."""
    from airflow.standin.configuration import conf

    return not conf.get("core", "xcom_backend").endswith(".BaseXCom")


def timetable_answers(item):
    """What a timetable class of the author's own says; the program's rules need no answers."""
    schedule = item.timetable.as_schedule(item)
    if (schedule.get("time") or schedule)["kind"] != "custom":
        return {"asked_at": None, "next": []}
    from airflow.standin.timetable_answers import answers

    catchup = item.catchup
    if catchup is None:
        catchup = os.environ.get("AIRFLOW__SCHEDULER__CATCHUP_BY_DEFAULT", "").lower() in ("true", "t", "1")
    return answers(item, state.last_intervals.get(item.dag_id), catchup)
