"""Priority weight strategies: what an author's own class answers, asked while the file is parsed."""

BUILT_IN = ("downstream", "upstream", "absolute")


class AskedInstance:
    """What a strategy sees of a task instance: a new one."""

    def __init__(self, task):
        self.task, self.try_number = task, 0
        self.task_id, self.dag_id = task.task_id, task.dag.dag_id
        self.priority_weight, self.pool, self.queue = task.priority_weight, task.pool, task.queue
        self.map_index, self.run_id, self.state, self.max_tries = -1, None, None, task.retries or 0


def strategy_of(rule):
    """The strategy object of what an author gave as `weight_rule=`: an instance, a class, or the class's full name."""
    if not isinstance(rule, str):
        return rule() if isinstance(rule, type) else rule
    from .compat import import_string

    try:
        return import_string(rule)()
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        found = ValueError(f"Unknown priority strategy {rule!r}")
        found.hint = f"downstream, upstream, absolute, or a class of your own: an instance or its full name ({error})"
        raise found from None


def validate_and_load_priority_weight_strategy(rule):
    """Airflow's name for `strategy_of`; the built-in rules stay words."""
    return rule or "absolute" if rule is None or rule in BUILT_IN else strategy_of(rule)


def weight(strategy, task):
    """The weight of a new instance."""
    from .small import db_safe_priority

    return db_safe_priority(int(strategy.get_weight(AskedInstance(task))))
