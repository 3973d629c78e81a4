"""Airflow's exceptions."""


class AirflowException(Exception):
    """Base of all."""

    status_code = 500


class AirflowBadRequest(AirflowException):
    status_code = 400


class AirflowNotFoundException(AirflowException):
    status_code = 404


class AirflowConfigException(AirflowException):
    pass


class AirflowSensorTimeout(AirflowException):
    pass


class AirflowRescheduleException(AirflowException):
    """Ends the try; the next poke is at `reschedule_date`."""

    def __init__(self, reschedule_date):
        super().__init__()
        self.reschedule_date = reschedule_date


class AirflowSkipException(AirflowException):
    pass


class AirflowFailException(AirflowException):
    pass


class AirflowInactiveAssetInInletOrOutletException(AirflowFailException):
    """The task names assets that don't count."""

    def __init__(self, inactive_asset_keys):
        self.inactive_asset_keys = inactive_asset_keys

    def __str__(self):
        names = ", ".join(f"Asset(name={key.name!r}, uri={key.uri!r})" for key in self.inactive_asset_keys)
        return f"Task has the following inactive assets in its inlets or outlets: {names}"


class AirflowTaskTimeout(BaseException):
    """Not an `Exception`, so that `except Exception` in a task doesn't swallow the time limit."""


class AirflowTaskTerminated(BaseException):
    pass


class AirflowOptionalProviderFeatureException(AirflowException):
    pass


class AirflowInternalRuntimeError(BaseException):
    pass


class AirflowRuntimeError(Exception):
    """What the supervisor answered when it could not do what was asked."""

    def __init__(self, error, detail=None):
        self.error = error
        super().__init__(f"{error}: {detail}" if detail is not None else str(error))


class AirflowTimetableInvalid(AirflowException):
    pass


class XComNotFound(AirflowException):
    def __init__(self, dag_id, task_id, key):
        super().__init__()
        self.dag_id, self.task_id, self.key = dag_id, task_id, key

    def __str__(self):
        return f'XComArg result from {self.task_id} at {self.dag_id} with key="{self.key}" is not found!'


class XComForMappingNotPushed(TypeError):
    def __str__(self):
        return "did not push XCom for task mapping"


class UnmappableXComTypePushed(TypeError):
    def __init__(self, value, *values):
        super().__init__(value, *values)

    def __str__(self):
        names = [type(v).__qualname__ for v in self.args]
        text = names[-1]
        for outer in reversed(names[:-1]):
            text = f"{outer}[{text}]"
        return f"unmappable return type {text!r}"


class UnmappableXComLengthPushed(ValueError):
    def __init__(self, value, max_length):
        super().__init__(value, max_length)
        self.max_length = max_length

    def __str__(self):
        return f"unmappable return value length: {len(self.args[0])} > {self.max_length}"


class AirflowDagCycleException(AirflowException):
    pass


class AirflowDagInconsistent(AirflowException):
    pass


class AirflowDagDuplicatedIdException(AirflowException):
    pass


class DuplicateTaskIdFound(AirflowException):
    pass


class TaskAlreadyInTaskGroup(AirflowException):
    pass


class TaskNotFound(AirflowNotFoundException):
    pass


class NodeNotFound(TaskNotFound, KeyError):
    """`dag["id"]` or `group["id"]` without such a task or group."""

    def __str__(self):
        return str(self.args[0]) if self.args else ""


class TaskAlreadyRunningError(AirflowException):
    pass


class AirflowSecretsBackendAccessDenied(PermissionError):
    """A secrets backend refuses: no other one is asked."""


class DagNotFound(AirflowNotFoundException):
    pass


class DagRunNotFound(AirflowNotFoundException):
    pass


class DagRunAlreadyExists(AirflowBadRequest):
    pass


class DagIsPaused(AirflowException):
    """`fail_when_dag_is_paused`, and it is."""

    def __init__(self, dag_id):
        super().__init__(f"Dag {dag_id} is paused")
        self.dag_id = dag_id


class DagInvalidTriggerRule(AirflowException):
    """A rule that `fail_fast` doesn't allow."""

    @classmethod
    def check(cls, *, dag, trigger_rule):
        if getattr(dag, "fail_fast", False) and trigger_rule not in ("all_success", "all_done_setup_success"):
            raise cls("A 'fail_fast' dag can only have all_success trigger rule")


class FailFastDagInvalidTriggerRule(DagInvalidTriggerRule):
    pass


class ParamValidationError(AirflowException):
    pass


class ConnectionNotUnique(AirflowException):
    pass


class PoolNotFound(AirflowNotFoundException):
    pass


class VariableNotUnique(AirflowException):
    pass


class TaskNotRunning(AirflowException):
    pass


class TaskDeferralError(AirflowException):
    pass


class TaskDeferralTimeout(AirflowException):
    pass


class AirflowFileParseException(AirflowException):
    pass


class SerializationError(AirflowException):
    pass


class ExternalTaskNotFoundError(AirflowException):
    pass


class ExternalTaskFailedError(AirflowException):
    pass


class ExternalTaskGroupNotFoundError(AirflowException):
    pass


class ExternalTaskGroupFailedError(AirflowException):
    pass


class ExternalDagNotFoundError(AirflowException):
    pass


class ExternalDagDeletedError(AirflowException):
    pass


class ExternalDagFailedError(AirflowException):
    pass


class ExternalTaskFailedError_(ExternalTaskFailedError):
    pass


class DownstreamTasksSkipped(AirflowException):
    """Ends a branch or short circuit: `tasks` are skipped."""

    def __init__(self, *, tasks):
        super().__init__()
        self.tasks = tasks


class DagRunTriggerException(AirflowException):
    """Ends `TriggerDagRunOperator.execute`: the run is made by the supervisor."""

    def __init__(self, **asked):
        super().__init__()
        self.__dict__.update(asked)


class TaskDeferred(BaseException):
    """Ends the try until `trigger` fires; then `method_name` is called."""

    def __init__(self, *, trigger, method_name, kwargs=None, timeout=None):
        super().__init__()
        self.trigger, self.method_name, self.kwargs, self.timeout = trigger, method_name, kwargs, timeout
        if isinstance(timeout, (int, float)) and timeout is not None:
            from datetime import timedelta

            self.timeout = timedelta(seconds=timeout)

    def __repr__(self):
        return f"<TaskDeferred trigger={self.trigger} method={self.method_name}>"


class TaskAwaitingInput(BaseException):
    """Ends the try until a person answers; then `method_name` is called."""

    def __init__(self, *, method_name, kwargs=None, timeout=None):
        super().__init__()
        self.method_name, self.kwargs, self.timeout = method_name, kwargs, timeout


class HITLTriggerEventError(Exception):
    """The answer can't be used."""


class HITLTimeoutError(HITLTriggerEventError):
    """No answer in time."""


class HITLRejectException(AirflowException):
    """Rejected, where that fails the task."""


class RemovedInAirflow4Warning(DeprecationWarning):
    deprecated_since = "3.0"


class RemovedInAirflow3Warning(DeprecationWarning):
    deprecated_since = "2.0"


class AirflowProviderDeprecationWarning(DeprecationWarning):
    deprecated_provider_since = None


class DeprecatedImportWarning(FutureWarning):
    pass


for _cls in list(globals().values()):
    if isinstance(_cls, type):
        _cls.__module__ = "airflow.sdk.exceptions"
del ExternalTaskFailedError_


class DeserializingResultError(ValueError):
    def __str__(self):
        return self.args[0] if self.args else (
            "Error deserializing result. Note that result deserialization is not supported across major Python versions.")


class AirflowClusterPolicyViolation(AirflowException):
    """A cluster policy refuses a DAG or task."""


class AirflowClusterPolicySkipDag(AirflowException):
    """A cluster policy leaves a DAG out."""


class AirflowClusterPolicyError(AirflowException):
    """A cluster policy is wrong."""


class InvalidPartitionKeyError(ValueError):
    """A partition's key is empty, too long, or not understood by the timetable."""


class PodMutationHookException(AirflowException):
    """`pod_mutation_hook` raised."""


class PodReconciliationError(AirflowException):
    """Parts of a pod can't be put together."""


def __getattr__(name):
    if name != "ErrorType":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import enum

    names = ("CONNECTION", "VARIABLE", "XCOM", "ASSET", "TASK_STORE", "ASSET_STORE")
    texts = [f"{one}_NOT_FOUND" for one in names] + ["DAGRUN_ALREADY_EXISTS", "PERMISSION_DENIED", "GENERIC_ERROR",
                                                     "API_SERVER_ERROR"]
    globals()[name] = enum.Enum(name, {text: text for text in texts}, module="airflow.sdk.exceptions")
    return globals()[name]
