"""Retry policies: what follows a failure, by its exception."""
from dataclasses import dataclass
from enum import Enum

_MODULE = "airflow.sdk.definitions.retry_policy"


class RetryAction(Enum):
    RETRY = "retry"
    FAIL = "fail"
    DEFAULT = "default"


@dataclass(frozen=True)
class RetryDecision:
    """What a policy decided; without a delay, the task's own."""

    action: RetryAction = RetryAction.DEFAULT
    retry_delay: object = None
    reason: object = None

    @classmethod
    def fail(cls, reason=None):
        return cls(RetryAction.FAIL, None, reason)

    @classmethod
    def retry(cls, delay=None, reason=None):
        return cls(RetryAction.RETRY, delay, reason)

    @classmethod
    def default(cls):
        return cls(RetryAction.DEFAULT)


class RetryPolicy:
    """Subclasses define `evaluate`. Never asked about AirflowFailException and AirflowSensorTimeout."""

    def evaluate(self, exception, try_number, max_tries, context=None):
        raise NotImplementedError

    def serialize(self):
        raise NotImplementedError(f"{type(self).__name__} must implement serialize()")


def _path(cls):
    return f"{cls.__module__}.{cls.__qualname__}"


@dataclass
class RetryRule:
    """What to do for exceptions of a class, given itself or by its dotted path."""

    exception: object
    action: RetryAction = RetryAction.RETRY
    retry_delay: object = None
    reason: object = None
    match_subclasses: bool = True

    def __post_init__(self):
        for one in self._specs:
            if isinstance(one, str) and "." not in one:
                raise ValueError("RetryRule exception string must be a dotted import path "
                                 f"(e.g. 'builtins.ValueError'), got {one!r}")

    @property
    def _specs(self):
        return self.exception if isinstance(self.exception, list) else [self.exception]

    @property
    def exception_path(self):
        return ",".join(one if isinstance(one, str) else _path(one) for one in self._specs)

    def matches(self, exc):
        classes = type(exc).__mro__ if self.match_subclasses else (type(exc),)
        for one in self._specs:
            if one in classes:
                return True
            # A path may lead through a module that only passes the class on (`requests.exceptions`, `builtins`).
            if isinstance(one, str) and (any(_path(c) == one for c in classes) or _imported(one) in classes):
                return True
        return False


def _imported(path):
    """The class of a dotted path; None if it can't be imported."""
    module, _, name = path.rpartition(".")
    try:
        return getattr(__import__(module, fromlist=[name]), name)
    except (ImportError, AttributeError):
        return None


class ExceptionRetryPolicy(RetryPolicy):
    """The first rule that matches decides."""

    def __init__(self, rules, default=RetryAction.DEFAULT):
        self.rules, self.default = list(rules), default

    def evaluate(self, exception, try_number, max_tries, context=None):
        for rule in self.rules:
            if rule.matches(exception):
                return RetryDecision(rule.action, rule.retry_delay, rule.reason)
        return RetryDecision(self.default)


for _one in (RetryAction, RetryDecision, RetryPolicy, RetryRule, ExceptionRetryPolicy):
    _one.__module__ = _MODULE
