"""Checks of task arguments, and the old spellings that are understood."""
from . import state

RENAMED = {"task_concurrency": "max_active_tis_per_dag", "provide_context": None, "apply_defaults": None,
           "adhoc": None, "run_as_owner": None, "retry_handler": None, "depends_on_past_": None}
REMOVED_RULES = {"dummy": "always", "none_failed_or_skipped": "none_failed_min_one_success"}
TIMES = ("execution_timeout", "retry_delay", "max_retry_delay")


def trigger_rule(task, rule):
    """The rule's modern name, or Airflow's error."""
    from .enums import TriggerRule

    text = getattr(rule, "value", rule)
    if text in REMOVED_RULES:
        modern = REMOVED_RULES[text]
        state.warn(f"trigger_rule={text!r} was removed from Airflow; {modern!r} is meant",
                   f'trigger_rule="{modern}"')
        text = modern
    if text not in TriggerRule._by_value:
        raise ValueError(
            f"The trigger_rule must be one of {[str(r) for r in TriggerRule]},"
            f"'{task.dag_id}.{task.task_id}'; received {text!r}."
        )
    if state.parsing:
        if getattr(task._dag, "fail_fast", False) and text not in ("all_success", "all_done_setup_success"):
            from .exceptions import FailFastDagInvalidTriggerRule

            raise FailFastDagInvalidTriggerRule("A 'fail_fast' dag can only have all_success trigger rule")
    return TriggerRule._by_value[text]


def task_argument(task, task_id, key, value):
    """Checks and converts one argument of `BaseOperator`."""
    if value is None:
        return None
    if key in TIMES and not hasattr(value, "total_seconds"):
        if key == "execution_timeout":
            raise ValueError(
                f"execution_timeout must be timedelta object but passed as type: {type(value)}"
            )
        from datetime import timedelta

        return timedelta(seconds=value)
    if task._defaults and task._defaults.get(key) is value and key in ("sla", "email"):
        return value  # the DAG has been warned about
    if key == "sla":
        state.warn("sla= does nothing since Airflow 3.0", "use DAG(deadline=DeadlineAlert(...))")
    elif key in ("email", "email_on_failure", "email_on_retry"):
        if key == "email":
            state.warn("email= on a task is deprecated", "use on_failure_callback=SmtpNotifier(...)")
    elif key == "retries":
        if not isinstance(value, int):
            try:
                value = int(value)
            except (TypeError, ValueError):
                raise ValueError(f"'retries' type must be int, not {type(value).__name__}") from None
    elif key == "pool_slots":
        if value < 1:
            dag = task._place[0]
            where = f" in dag {dag.dag_id}" if dag is not None else ""
            raise ValueError(f"pool slots for {task_id}{where} cannot be less than 1")
    elif key == "priority_weight":
        if not isinstance(value, int):
            raise TypeError(f"'priority_weight' type must be int, not {type(value).__name__}")
    elif key == "weight_rule":
        if isinstance(value, str):
            from .enums import WeightRule

            if value not in WeightRule._by_value and state.parsing:
                from .weights import strategy_of

                strategy_of(value)
    elif key in ("inlets", "outlets"):
        return list(value) if isinstance(value, (list, tuple, set)) else [value]
    return value


def old_task_argument(task, task_id, key, value, kwargs):
    """True if `key` was an argument in some version; raises Airflow's error otherwise."""
    if key in RENAMED:
        modern = RENAMED[key]
        if modern is None:
            state.warn(f"{key}= was removed from Airflow; it has no effect", f"remove {key}=")
        else:
            state.warn(f"{key}= was removed from Airflow; {modern}= is meant", f"{modern}={value!r}")
            setattr(task, modern, value)
        return True
    import difflib

    from .operator import BASE_PARAMS

    rest = {k: v for k, v in kwargs.items() if k not in BASE_PARAMS and k not in RENAMED}
    error = TypeError(
        f"Invalid arguments were passed to {type(task).__name__} (task_id: {task_id}). "
        f"Invalid arguments were:\n**kwargs: {rest}"
    )
    known = set(BASE_PARAMS)
    for cls in type(task).__mro__:
        known.update(getattr(cls.__dict__.get("__init__"), "_dagdeck_names", ()))
    near = difflib.get_close_matches(key, known, 1)
    if near:
        error.hint = f"did you mean {near[0]}=?"
    raise error
