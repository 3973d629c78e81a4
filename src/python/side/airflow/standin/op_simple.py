"""Operators that need little or no Python of their own."""
from . import state
from .op_python import BaseBranchOperator
from .op_empty import EmptyOperator
from .operator import BaseOperator

_STANDARD = "airflow.providers.standard.operators."


class SmoothOperator(BaseOperator):
    __module__ = _STANDARD + "smooth"

    def execute(self, context):
        self.log.info("Enjoy Sade - Smooth Operator: https://www.youtube.com/watch?v=4TYv2PhG89A")


class LatestOnlyOperator(BaseBranchOperator):
    """Runs are only followed if they are the latest."""

    __module__ = _STANDARD + "latest_only"

    def choose_branch(self, context):
        run = context["dag_run"]
        if run.run_type == "manual" or run.run_type == "operator_triggered":
            return list(self.downstream_task_ids)
        from datetime import datetime, timezone

        now = datetime.now(timezone.utc)
        start, end = run.data_interval_start, run.data_interval_end
        if start is None or end is None:
            return list(self.downstream_task_ids)
        step = end - start
        if step.total_seconds() == 0:
            answer = state.channel.ask({"type": "GetNextInterval", "dag_id": run.dag_id, "run_id": run.run_id},
                                       quiet=True)
            left = end
            right = (answer or {}).get("data_interval_end")
            if right is None:
                return list(self.downstream_task_ids)
            from .timezones import parse

            right = parse(right)
        else:
            left, right = end, end + step
        return list(self.downstream_task_ids) if left < now <= right else []


class WeekDay(int):
    """Days of the week, Monday = 1."""

    NAMES = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
    name = property(lambda self: self.NAMES[self - 1])
    value = property(int)

    def __repr__(self):
        return f"<WeekDay.{self.name}: {int(self)}>"

    def __str__(self):
        return str(int(self))

    @classmethod
    def get_weekday_number(cls, week_day_str):
        name = str(week_day_str).upper()
        if name not in cls.NAMES:
            raise AttributeError(f'Invalid Week Day passed: "{week_day_str}"')
        return getattr(cls, name)

    @classmethod
    def convert(cls, day):
        return day if isinstance(day, WeekDay) else cls.get_weekday_number(day)

    @classmethod
    def validate_week_day(cls, week_day):
        """The days of a name, a day, or several."""
        if isinstance(week_day, (str, WeekDay)):
            return {cls.convert(week_day)}
        if not hasattr(week_day, "__iter__"):
            raise TypeError(f"Unsupported Type for week_day parameter: {type(week_day)}. Input should be iterable type: "
                            "str, set, list, dict or Weekday enum type")
        return {cls.convert(one) for one in week_day}


for _number, _name in enumerate(WeekDay.NAMES, 1):
    setattr(WeekDay, _name, WeekDay(_number))


def day_names(given):
    """Days by name, as operators keep them: one or several."""
    if isinstance(given, WeekDay):
        return given.name
    if isinstance(given, (list, tuple, set, frozenset, dict)):
        return type(given)(map(day_names, given)) if not isinstance(given, dict) else list(map(day_names, given))
    return given


class BranchDayOfWeekOperator(BaseBranchOperator):
    """Follows by the day of the week."""

    __module__ = _STANDARD + "weekday"

    def __init__(self, *, follow_task_ids_if_true, follow_task_ids_if_false, week_day, use_task_logical_date=False,
                 **kwargs):
        super().__init__(**kwargs)
        self.follow_task_ids_if_true = follow_task_ids_if_true
        self.follow_task_ids_if_false = follow_task_ids_if_false
        self.week_day = day_names(week_day)
        self.use_task_logical_date = use_task_logical_date
        if isinstance(week_day, str) or not hasattr(week_day, "operator"):
            WeekDay.validate_week_day(week_day)

    def choose_branch(self, context):
        from datetime import datetime, timezone

        now = context["logical_date"] if self.use_task_logical_date else datetime.now(timezone.utc)
        if now.isoweekday() in WeekDay.validate_week_day(self.week_day):
            return self.follow_task_ids_if_true
        return self.follow_task_ids_if_false


class BranchDateTimeOperator(BaseBranchOperator):
    """Follows by whether now is in a window."""

    __module__ = _STANDARD + "datetime"

    def __init__(self, *, follow_task_ids_if_true, follow_task_ids_if_false, target_lower, target_upper,
                 use_task_logical_date=False, **kwargs):
        super().__init__(**kwargs)
        if target_lower is None and target_upper is None:
            from .exceptions import AirflowException

            raise AirflowException(
                "Both target_upper and target_lower are None. At least one must be defined to be compared to the current datetime."
            )
        self.target_lower, self.target_upper = target_lower, target_upper
        self.follow_task_ids_if_true = follow_task_ids_if_true
        self.follow_task_ids_if_false = follow_task_ids_if_false
        self.use_task_logical_date = use_task_logical_date

    def choose_branch(self, context):
        from datetime import datetime, timezone

        now = context["logical_date"] if self.use_task_logical_date else datetime.now(timezone.utc)
        now = now.astimezone(timezone.utc).replace(tzinfo=None)
        lower, upper = target_times_as_dates(now, self.target_lower, self.target_upper)
        inside = (upper is None or now <= upper) and (lower is None or now >= lower)
        return self.follow_task_ids_if_true if inside else self.follow_task_ids_if_false


def target_times_as_dates(base_date, lower, upper):
    """Times of day become datetimes of `base_date`; an upper before the lower is the next day's."""
    from datetime import datetime, timedelta

    def full(value):
        if value is None:
            return None
        if not isinstance(value, datetime):
            value = datetime.combine(base_date, value)
        return value.replace(tzinfo=None)

    lower, upper = full(lower), full(upper)
    if lower is not None and upper is not None and upper < lower:
        upper += timedelta(days=1)
    return lower, upper


class _NotYet(BaseOperator):
    """Parses with any arguments; running it says that it isn't built in."""

    takes_anything = True

    def __init__(self, *, task_id, **kwargs):
        from .operator import BASE_PARAMS

        own = {k: kwargs.pop(k) for k in list(kwargs) if k not in BASE_PARAMS}
        super().__init__(task_id=task_id, **kwargs)
        for key, value in own.items():
            setattr(self, key, value)

    def execute(self, context):
        from .exceptions import AirflowFailException

        raise AirflowFailException(f"{type(self).__name__} is not built into this version of dagdeck")


class EmailOperator(_NotYet):
    __module__ = "airflow.providers.smtp.operators.smtp"
    template_fields = ("to", "subject", "html_content", "files", "from_email", "cc", "bcc")


class GenericTransfer(_NotYet):
    __module__ = "airflow.providers.common.sql.operators.generic_transfer"
    template_fields = ("source_conn_id", "destination_conn_id", "sql", "destination_table", "preoperator", "insert_args")
    template_ext = (".sql", ".hql")


class SQLExecuteQueryOperator(_NotYet):
    __module__ = "airflow.providers.common.sql.operators.sql"
    template_fields = ("sql", "parameters", "database", "hook_params")
    template_ext = (".sql", ".json")


class HttpOperator(_NotYet):
    __module__ = "airflow.providers.http.operators.http"
    template_fields = ("endpoint", "data", "headers")


__all__ = ["EmptyOperator"]
