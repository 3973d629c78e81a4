"""Airflow's enumerations as light `str` classes: the standard `enum` module is slow to import."""


class Names(type):
    """Metaclass: upper-case string attributes become members, as in `enum.Enum`."""

    def __new__(mcs, name, bases, namespace):
        raw = {k: v for k, v in namespace.items() if k[0] != "_" and k.upper() == k and isinstance(v, str)}
        cls = super().__new__(mcs, name, bases, {k: v for k, v in namespace.items() if k not in raw})
        cls.__members__ = {}
        cls._by_value = {}
        for key, text in raw.items():
            member = str.__new__(cls, text)
            member.name, member.value = key, text
            setattr(cls, key, member)
            cls.__members__[key] = member
            cls._by_value[text] = member
        return cls

    def __call__(cls, value):
        try:
            return cls._by_value[value]
        except (KeyError, TypeError):
            raise ValueError(f"{value!r} is not a valid {cls.__name__}") from None

    def __iter__(cls):
        return iter(cls.__members__.values())

    def __len__(cls):
        return len(cls.__members__)

    def __getitem__(cls, key):
        return cls.__members__[key]

    def __contains__(cls, value):
        return value in cls._by_value


class Name(str, metaclass=Names):
    """A member; compares equal to its text."""

    def __repr__(self):
        return f"<{type(self).__name__}.{self.name}: {self.value!r}>"

    def __str__(self):
        return self.value

    def __reduce__(self):
        return (type(self), (self.value,))

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self


class LongName(Name):
    """Prints as `Class.MEMBER`, as the classes of Airflow's task API do."""

    def __str__(self):
        return f"{type(self).__name__}.{self.name}"

    def __format__(self, spec):
        return format(str(self), spec)


class TriggerRule(Name):
    ALL_SUCCESS = "all_success"
    ALL_FAILED = "all_failed"
    ALL_DONE = "all_done"
    ALL_DONE_MIN_ONE_SUCCESS = "all_done_min_one_success"
    ALL_DONE_SETUP_SUCCESS = "all_done_setup_success"
    ONE_SUCCESS = "one_success"
    ONE_FAILED = "one_failed"
    ONE_DONE = "one_done"
    NONE_FAILED = "none_failed"
    NONE_SKIPPED = "none_skipped"
    ALWAYS = "always"
    NONE_FAILED_MIN_ONE_SUCCESS = "none_failed_min_one_success"
    ALL_SKIPPED = "all_skipped"

    @classmethod
    def is_valid(cls, trigger_rule):
        return trigger_rule in cls

    @classmethod
    def all_triggers(cls):
        return set(cls._by_value)


class WeightRule(Name):
    DOWNSTREAM = "downstream"
    UPSTREAM = "upstream"
    ABSOLUTE = "absolute"

    @classmethod
    def is_valid(cls, weight_rule):
        return weight_rule in cls

    @classmethod
    def all_weight_rules(cls):
        return set(cls._by_value)


class TaskInstanceState(Name):
    REMOVED = "removed"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    RESTARTING = "restarting"
    FAILED = "failed"
    UP_FOR_RETRY = "up_for_retry"
    UP_FOR_RESCHEDULE = "up_for_reschedule"
    UPSTREAM_FAILED = "upstream_failed"
    SKIPPED = "skipped"
    DEFERRED = "deferred"
    AWAITING_INPUT = "awaiting_input"


class RunningState(LongName):
    """What `ti.state` is: prints as `TaskInstanceState.RUNNING`."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"
    UP_FOR_RETRY = "up_for_retry"
    UP_FOR_RESCHEDULE = "up_for_reschedule"
    DEFERRED = "deferred"
    UPSTREAM_FAILED = "upstream_failed"
    REMOVED = "removed"


RunningState.__name__ = RunningState.__qualname__ = "TaskInstanceState"


class DagRunState(Name):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"


class DagRunType(LongName):
    BACKFILL_JOB = "backfill"
    SCHEDULED = "scheduled"
    MANUAL = "manual"
    OPERATOR_TRIGGERED = "operator_triggered"
    ASSET_TRIGGERED = "asset_triggered"
    ASSET_MATERIALIZATION = "asset_materialization"


class DagRunTriggeredByType(LongName):
    CLI = "cli"
    OPERATOR = "operator"
    REST_API = "rest_api"
    UI = "ui"
    TEST = "test"
    TIMETABLE = "timetable"
    ASSET = "asset"
    BACKFILL = "backfill"


class State:
    """All states as plain attributes, as `airflow.utils.state.State`."""

    NONE = None
    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    SCHEDULED = "scheduled"
    REMOVED = "removed"
    RESTARTING = "restarting"
    UP_FOR_RETRY = "up_for_retry"
    UP_FOR_RESCHEDULE = "up_for_reschedule"
    UPSTREAM_FAILED = "upstream_failed"
    SKIPPED = "skipped"
    DEFERRED = "deferred"
    AWAITING_INPUT = "awaiting_input"
    finished = frozenset(("success", "failed", "skipped", "upstream_failed", "removed"))
    unfinished = frozenset((None, "scheduled", "queued", "running", "restarting", "up_for_retry", "up_for_reschedule",
                            "deferred", "awaiting_input"))
    finished_dr_states, unfinished_dr_states = frozenset(("success", "failed")), frozenset(("queued", "running"))
    failed_states = frozenset(("failed", "upstream_failed"))
    success_states = frozenset(("success", "skipped"))
    task_states = (None, *TaskInstanceState)
    dag_states = tuple(DagRunState)

DEFAULT_TRIGGER_RULE = TriggerRule.ALL_SUCCESS
DEFAULT_WEIGHT_RULE = WeightRule.DOWNSTREAM


def _long(short):
    """The SDK's class of the same members: it prints as `Class.MEMBER`, where the server's prints the value."""
    return Names(short.__name__, (LongName,), {name: one.value for name, one in short.__members__.items()})


SdkTriggerRule, SdkWeightRule = _long(TriggerRule), _long(WeightRule)
SdkTaskInstanceState, SdkDagRunState = _long(TaskInstanceState), _long(DagRunState)
