"""Which names each module of `airflow` has: `file` or `file:attribute` of `airflow.standin`.

A place that starts with `~modern.module ` is an old path of that module. `OLD` holds modules that moved as a whole.
"""

_ASSETS = dict.fromkeys(
    ("Asset", "AssetAlias", "AssetAll", "AssetAny", "AssetWatcher", "AssetRef", "Dataset", "DatasetAlias",
     "DatasetAll", "DatasetAny", "Metadata", "BaseAsset", "Model", "AssetUniqueKey", "AssetNameRef",
     "AssetUriRef", "AssetAccessControl", "AssetAliasUniqueKey", "AssetBooleanCondition"), "assets")
_MAPPERS = dict.fromkeys(
    ("AllowedKeyMapper", "ChainMapper", "FanOutMapper", "FixedKeyMapper", "IdentityMapper", "PartitionMapper",
     "ProductMapper", "RollupMapper", "StartOfHourMapper", "StartOfDayMapper", "StartOfWeekMapper",
     "StartOfMonthMapper", "StartOfQuarterMapper", "StartOfYearMapper", "Window", "HourWindow", "DayWindow",
     "WeekWindow", "MonthWindow", "QuarterWindow", "YearWindow", "SegmentWindow", "WaitPolicy", "WaitForAll",
     "MinimumCount"), "partitions")
_TIMETABLES = dict.fromkeys(
    ("CronDataIntervalTimetable", "CronTriggerTimetable", "DeltaDataIntervalTimetable", "DeltaTriggerTimetable",
     "MultipleCronTriggerTimetable", "EventsTimetable", "AssetOrTimeSchedule", "NullTimetable", "OnceTimetable",
     "ContinuousTimetable", "CronPartitionTimetable", "PartitionedAssetTimetable", "PartitionedAtRuntime",
     "AssetTriggeredTimetable", "BaseTimetable"), "timetables")
_RETRY = dict.fromkeys(("ExceptionRetryPolicy", "RetryRule", "RetryAction", "RetryPolicy", "RetryDecision"), "retry_policy")
_NODES = dict.fromkeys(("chain", "chain_linear", "cross_downstream", "Label", "EdgeModifier"), "node")
_SDK = {
    "DAG": "dag", "dag": "dag", "task": "decorators", "setup": "decorators", "teardown": "decorators",
    "task_group": "groups", "TaskGroup": "taskgroup", "BaseOperator": "operator",
    "BaseSensorOperator": "sensor", "PokeReturnValue": "sensor", "BaseHook": "hooks", "BaseNotifier": "notifier",
    "BaseBranchOperator": "op_python", "SkipMixin": "skipping", "BranchMixIn": "op_python",
    "BaseOperatorLink": "compat", "BaseXCom": "compat", "XCom": "compat", "BaseAsyncOperator": "compat",
    "Param": "param", "ParamsDict": "param", "DagParam": "param", "Variable": "variables", "Connection": "variables",
    "XComArg": "xcom_arg", "get_current_context": "current", "get_parsing_context": "current", "Context": "current",
    "TriggerRule": "enums:SdkTriggerRule", "WeightRule": "enums:SdkWeightRule",
    "TaskInstanceState": "enums:SdkTaskInstanceState", "DagRunState": "enums:SdkDagRunState",
    "DagRunTriggeredByType": "enums", "DagRunType": "enums", "DeadlineAlert": "deadline",
    "DeadlineReference": "deadline", "AsyncCallback": "deadline", "SyncCallback": "deadline", "literal": "compat",
    "macros": "module:airflow.standin.macros", "timezone": "module:airflow.standin.timezones",
    "mask_secret": "compat", "asset": "asset_decorator", "ObjectStoragePath": "objectstore", "result": "compat", "MappedOperator": "mapped",
    **_RETRY,
    "deadline_reference": "deadline", "VariableInterval": "deadline", "NOTSET": "state", "conf": "configuration",
    "exceptions": "module:airflow.standin.exceptions", "EventsTimetable": "timetables",
    "AssetOrTimeSchedule": "timetables", "RuntimeTaskInstance": "compat",
    **_ASSETS, **_TIMETABLES, **_NODES, **_MAPPERS,
}
_EXCEPTIONS = dict.fromkeys((
    "AirflowException", "AirflowBadRequest", "AirflowNotFoundException", "AirflowConfigException",
    "AirflowSensorTimeout", "AirflowRescheduleException", "AirflowSkipException", "AirflowFailException",
    "AirflowTaskTimeout", "AirflowTaskTerminated", "AirflowOptionalProviderFeatureException",
    "AirflowInternalRuntimeError", "AirflowRuntimeError", "AirflowTimetableInvalid", "XComNotFound",
    "XComForMappingNotPushed", "UnmappableXComTypePushed", "UnmappableXComLengthPushed", "AirflowDagCycleException",
    "AirflowDagInconsistent", "AirflowDagDuplicatedIdException", "DuplicateTaskIdFound", "TaskAlreadyInTaskGroup",
    "TaskNotFound", "DagNotFound", "DagRunNotFound", "DagRunAlreadyExists", "DagInvalidTriggerRule",
    "FailFastDagInvalidTriggerRule", "ParamValidationError", "ConnectionNotUnique", "PoolNotFound", "TaskDeferralError",
    "TaskDeferralTimeout", "TaskAwaitingInput", "AirflowFileParseException", "SerializationError", "DownstreamTasksSkipped",
    "DeserializingResultError",
    "DagRunTriggerException", "TaskDeferred", "RemovedInAirflow4Warning", "RemovedInAirflow3Warning",
    "AirflowProviderDeprecationWarning", "DeprecatedImportWarning", "TaskNotRunning", "VariableNotUnique",
    "AirflowInactiveAssetInInletOrOutletException",
), "exceptions")
_STAYED = {"AirflowException", "AirflowRescheduleException", "AirflowNotFoundException", "AirflowConfigException",
           "AirflowBadRequest", "AirflowTimetableInvalid", "AirflowOptionalProviderFeatureException", "AirflowRuntimeError",
           "ParamValidationError", "DagRunAlreadyExists", "RemovedInAirflow4Warning", "DagNotFound", "DagRunNotFound",
           "AirflowInternalRuntimeError", "DagRunTriggerException", "DeprecatedImportWarning"}
_STATES = {"State": "enums", "TaskInstanceState": "enums", "DagRunState": "enums", "IntermediateTIState": "enums:State",
           "TerminalTIState": "enums:State"}
_P = "airflow.providers."
_STD = _P + "standard."
_PYTHON = dict.fromkeys((
    "PythonOperator", "BranchPythonOperator", "ShortCircuitOperator", "PythonVirtualenvOperator",
    "ExternalPythonOperator", "BranchPythonVirtualenvOperator", "BranchExternalPythonOperator", "BaseBranchOperator",
    "BranchMixIn", "is_venv_installed"), "op_python")
_PYTHON.update({"get_current_context": "current", "SkipMixin": "skipping", "task": "decorators"})
_EXTERNAL = {"ExternalTaskSensor": "sensor_external", "ExternalTaskMarker": "sensor_external",
             "ExternalDagLink": "compat:BaseOperatorLink"}
_EXTERNAL_ERRORS = dict.fromkeys((
    "ExternalTaskNotFoundError", "ExternalTaskFailedError", "ExternalTaskGroupNotFoundError",
    "ExternalTaskGroupFailedError", "ExternalDagNotFoundError", "ExternalDagDeletedError",
    "ExternalDagFailedError"), "exceptions")
_TIME_ZONE = dict.fromkeys((
    "utcnow", "utc_epoch", "convert_to_utc", "make_aware", "make_naive", "datetime", "parse", "coerce_datetime", "utc",
    "is_localized", "is_naive", "from_timestamp", "td_format", "parse_timezone", "local_timezone",
    "initialize", "convert_to_local"), "timezones")
_MACROS = dict.fromkeys((
    "ds_add", "ds_format", "ds_format_locale", "datetime_diff_for_humans", "random", "json", "dateutil", "time", "uuid",
    "datetime", "timedelta", "yaml"), "macros")
_DECORATORS = {"dag": "dag", "task": "decorators", "task_group": "groups", "setup": "decorators",
               "teardown": "decorators"}
_TRIGGERS = {"BaseTrigger": "triggers", "TriggerEvent": "triggers", "BaseEventTrigger": "triggers",
             "TaskSuccessEvent": "triggers", "TaskFailedEvent": "triggers", "TaskSkippedEvent": "triggers",
             "StartTriggerArgs": "triggers", "BaseTaskEndEvent": "triggers"}

MODULES = {
    "airflow": {"DAG": "dag", "Asset": "assets", "XComArg": "xcom_arg", "Dataset": "~airflow.sdk assets"},
    "airflow.sdk": _SDK,
    "airflow.sdk.exceptions": _EXCEPTIONS,
    "airflow.sdk.timezone": _TIME_ZONE,
    "airflow.sdk.types": {"RuntimeTaskInstanceProtocol": "compat:RuntimeTaskInstance", "DagRunProtocol": "compat:DagRun",
                          "TaskInstanceProtocol": "compat:RuntimeTaskInstance", "Operator": "operator:BaseOperator"},
    "airflow.sdk.log": {"mask_secret": "compat"},
    "airflow.sdk.serde": {"serialize": "compat", "deserialize": "compat"},
    "airflow.sdk.io": {"ObjectStoragePath": "objectstore"},
    "airflow.sdk.io.path": {"ObjectStoragePath": "objectstore"},
    "airflow.sdk.configuration": {"conf": "configuration"},
    "airflow.sdk.observability.stats": {"Stats": "compat"},
    "airflow.sdk.bases.operator": {k: _SDK[k] for k in ("BaseOperator", "chain", "chain_linear", "cross_downstream")},
    "airflow.sdk.bases.sensor": {"BaseSensorOperator": "sensor", "PokeReturnValue": "sensor"},
    "airflow.sdk.bases.hook": {"BaseHook": "hooks"},
    "airflow.sdk.bases.notifier": {"BaseNotifier": "notifier"},
    "airflow.sdk.bases.operatorlink": {"BaseOperatorLink": "compat"},
    "airflow.sdk.bases.xcom": {"BaseXCom": "compat"},
    "airflow.sdk.bases.branch": {"BaseBranchOperator": "op_python", "BranchMixIn": "op_python"},
    "airflow.sdk.bases.skipmixin": {"SkipMixin": "skipping"},
    "airflow.sdk.bases.decorator": {"DecoratedOperator": "decorators", "TaskDecorator": "decorators"},
    "airflow.sdk.definitions.asset": _ASSETS,
    "airflow.sdk.definitions.asset.access_control": {"AssetAccessControl": "assets"},
    "airflow.sdk.definitions.asset.decorators": dict.fromkeys(
        ("asset", "AssetDefinition", "MultiAssetDefinition", "_AssetMainOperator"), "asset_decorator"),
    **{package + name: _MAPPERS for package in ("airflow.sdk.definitions.partition_mappers", "airflow.partition_mappers")
       for name in ("", ".base", ".identity", ".temporal", ".window", ".wait_policy", ".chain", ".product", ".fixed_key",
                    ".allowed_key")},
    "airflow.sdk.definitions.asset.metadata": {"Metadata": "assets"},
    "airflow.sdk.definitions.connection": {"Connection": "variables"},
    "airflow.sdk.definitions.context": {"Context": "current", "get_current_context": "current",
                                        "get_parsing_context": "current"},
    "airflow.sdk.definitions.dag": {"DAG": "dag", "dag": "dag"},
    "airflow.sdk.definitions.deadline": dict.fromkeys(
        ("DeadlineAlert", "DeadlineReference", "AsyncCallback", "SyncCallback", "BaseDeadlineReference",
         "VariableInterval", "deadline_reference", "DagRunLogicalDateDeadline", "DagRunQueuedAtDeadline",
         "FixedDatetimeDeadline", "AverageRuntimeDeadline"), "deadline"),
    "airflow.sdk.definitions.callback": dict.fromkeys(("Callback", "AsyncCallback", "SyncCallback"), "deadline"),
    "airflow.models.deadline": {"ReferenceModels": "module:airflow.standin.deadline"},
    "airflow.sdk.definitions.decorators": _DECORATORS,
    "airflow.sdk.definitions.edges": {"Label": "node", "EdgeModifier": "node"},
    "airflow.sdk.definitions.mappedoperator": {"MappedOperator": "mapped", "OperatorPartial": "mapped"},
    "airflow.sdk.definitions.param": {"Param": "param", "ParamsDict": "param", "DagParam": "param"},
    "airflow.sdk.definitions.retry_policy": _RETRY,
    "airflow.sdk.definitions.taskgroup": {"TaskGroup": "taskgroup", "MappedTaskGroup": "taskgroup"},
    "airflow.sdk.definitions.template": {"literal": "compat"},
    "airflow.sdk.definitions.variable": {"Variable": "variables"},
    "airflow.sdk.definitions.xcom_arg": {"XComArg": "xcom_arg", "PlainXComArg": "xcom_arg",
                                         "MapXComArg": "xcom_arg", "ZipXComArg": "xcom_arg"},
    "airflow.sdk.definitions._internal.node": {"DAGNode": "node"},
    "airflow.sdk.definitions._internal.abstractoperator": {"AbstractOperator": "operator"},
    "airflow.sdk.definitions._internal.setup_teardown": {"SetupTeardownContext": "setups"},
    "airflow.sdk.execution_time.xcom": {"XCom": "compat"},
    "airflow.sdk.execution_time.macros": _MACROS,
    "airflow.sdk.execution_time.context": {"NEVER_EXPIRE": "state_store", "InletEventsAccessors": "compat:DagRun", "context_to_airflow_vars": "compat"},
    "airflow.sdk.api.datamodels._generated": {
        **{k: _SDK[k] for k in ("TriggerRule", "WeightRule", "TaskInstanceState", "DagRunState")}, "DagRunType": "enums"},
    "airflow.exceptions": {name: place if name in _STAYED else "~airflow.sdk.exceptions exceptions"
                           for name, place in _EXCEPTIONS.items()},
    "airflow.configuration": {"conf": "configuration", "AirflowConfigParser": "configuration"},
    "airflow.settings": {"AIRFLOW_HOME": "configuration", "TIMEZONE": "configuration", "Session": "compat:no_session",
                         "DAGS_FOLDER": "configuration", "timezone": "configuration:TIMEZONE"},
    "airflow.models": {
        "DAG": "dag", "Variable": "variables", "Connection": "variables", "BaseOperator": "operator", "XCom": "compat",
        "Param": "param", "TaskInstance": "compat", "DagRun": "compat", "DagModel": "compat", "DagBag": "compat",
        "Pool": "compat", "BaseOperatorLink": "compat", "SkipMixin": "skipping", "MappedOperator": "mapped",
        "DagTag": "compat:DagModel", "Log": "compat:DagModel", "Trigger": "compat:DagModel"},
    "airflow.models.variable": {"Variable": "variables"},
    "airflow.models.connection": {"Connection": "variables"},
    "airflow.models.taskinstance": {"TaskInstance": "compat", "get_current_context": "~airflow.sdk current",
                                    "TaskInstanceKey": "compat", "clear_task_instances": "compat:no_session"},
    "airflow.models.dagrun": {"DagRun": "compat", "DagRunType": "enums"},
    "airflow.models.pool": {"Pool": "compat"},
    "airflow.models.crypto": {"get_fernet": "compat:no_session"},
    "airflow.models.taskmixin": {"DAGNode": "node", "TaskMixin": "node:DependencyMixin",
                                 "DependencyMixin": "node"},
    "airflow.utils.state": _STATES,
    "airflow.utils.types": {"DagRunType": "enums", "DagRunTriggeredByType": "enums", "NOTSET": "state"},
    "airflow.utils.edgemodifier": {"Label": "node", "EdgeModifier": "node"},
    "airflow.utils.email": {"send_email": "compat", "send_email_smtp": "compat:send_email"},
    "airflow.utils.session": {"provide_session": "compat", "create_session": "compat:no_session", "NEW_SESSION": "compat"},
    "airflow.utils.db": {"provide_session": "compat", "create_session": "compat:no_session"},
    "airflow.utils.helpers": {"chain": "~airflow.sdk node", "cross_downstream": "~airflow.sdk node",
                              "validate_key": "state:check_key", "parse_template_string": "compat"},
    "airflow.utils.dates": {"days_ago": "~airflow.sdk.timezone timezones", "parse_execution_date":
                            "~airflow.sdk.timezone timezones:parse", "cron_presets": "timetables:PRESETS",
                            "round_time": "timezones", "date_range": "timezones"},
    "airflow.utils.decorators": {"apply_defaults": "~airflow.sdk compat"},
    "airflow.utils.file": {"list_py_file_paths": "compat", "TemporaryDirectory": "compat"},
    "airflow.utils.log.logging_mixin": {"LoggingMixin": "compat"},
    "airflow.utils.log.secrets_masker": {"mask_secret": "compat"},
    "airflow.utils.operator_helpers": {"determine_kwargs": "op_python", "context_to_airflow_vars": "compat"},
    "airflow.utils.process_utils": {"execute_in_subprocess": "compat"},
    "airflow.utils.yaml": {"safe_load": "compat:yaml_load"},
    "airflow.utils.hashlib_wrapper": {"md5": "compat"},
    "airflow.utils.module_loading": {"import_string": "compat"},
    "airflow.utils.strings": {"to_boolean": "compat", "get_random_string": "compat"},
    "airflow.utils.deprecation_tools": {"DeprecatedImportWarning": "exceptions"},
    "airflow.plugins_manager": {"AirflowPlugin": "compat"},
    "airflow.policies": {"hookimpl": "compat"},
    "airflow.listeners": {"hookimpl": "compat"},
    "airflow.stats": {"Stats": "compat"},
    "airflow.secrets": {"BaseSecretsBackend": "compat"},
    "airflow.security.permissions": {k: "compat:PERMISSIONS" for k in ("ACTION_CAN_READ", "ACTION_CAN_EDIT")},
    "airflow.typing_compat": {k: "compat" for k in ("Literal", "TypedDict", "Protocol", "ParamSpec", "Self", "TypeAlias",
                                                     "TypeGuard", "Unpack")},
    "airflow.version": {"version": "configuration"},
    "airflow.task.trigger_rule": {"TriggerRule": "enums"},
    "airflow.task.weight_rule": {"WeightRule": "enums"},
    "airflow.task.priority_strategy": {"PriorityWeightStrategy": "compat"},
    "airflow.ti_deps.deps.base_ti_dep": {"BaseTIDep": "compat:DagModel"},
    "airflow.timetables.base": {k: "timetables" for k in ("Timetable", "DataInterval", "DagRunInfo",
                                                          "TimeRestriction")},
    "airflow.timetables.interval": {k: "timetables" for k in ("CronDataIntervalTimetable",
                                                              "DeltaDataIntervalTimetable")},
    "airflow.timetables.trigger": {k: "timetables" for k in ("CronTriggerTimetable", "DeltaTriggerTimetable",
                                                             "MultipleCronTriggerTimetable",
                                                             "CronPartitionTimetable")},
    "airflow.timetables.events": {"EventsTimetable": "timetables"},
    "airflow.timetables.assets": {"AssetOrTimeSchedule": "timetables"},
    "airflow.timetables.simple": {k: "timetables" for k in ("NullTimetable", "OnceTimetable", "ContinuousTimetable",
                                                            "AssetTriggeredTimetable")},
    "airflow.triggers.base": _TRIGGERS,
    "airflow.serialization.serde": {"serialize": "compat", "deserialize": "compat"},
    "airflow.lineage.entities": {"File": "compat:DagModel"},
    _STD + "operators.python": _PYTHON,
    _STD + "operators.bash": {"BashOperator": "op_bash"},
    _STD + "operators.empty": {"EmptyOperator": "op_simple"},
    _STD + "operators.smooth": {"SmoothOperator": "op_simple"},
    _STD + "operators.latest_only": {"LatestOnlyOperator": "op_simple"},
    _STD + "operators.branch": {"BaseBranchOperator": "op_python", "BranchMixIn": "op_python"},
    _STD + "operators.datetime": {"BranchDateTimeOperator": "op_simple", "target_times_as_dates": "op_simple"},
    _STD + "operators.weekday": {"BranchDayOfWeekOperator": "op_simple"},
    _STD + "operators.trigger_dagrun": {"TriggerDagRunOperator": "op_trigger", "TriggerDagRunLink":
                                        "compat:BaseOperatorLink", "DagIsPaused": "exceptions"},
    _STD + "operators.hitl": dict.fromkeys(("HITLOperator", "ApprovalOperator", "HITLBranchOperator",
                                            "HITLEntryOperator"), "hitl"),
    _STD + "sensors.python": {"PythonSensor": "sensors"},
    _STD + "sensors.bash": {"BashSensor": "sensors"},
    _STD + "sensors.filesystem": {"FileSensor": "sensors"},
    _STD + "sensors.date_time": {"DateTimeSensor": "sensors", "DateTimeSensorAsync": "sensors"},
    _STD + "sensors.time_delta": {"TimeDeltaSensor": "sensors", "TimeDeltaSensorAsync": "sensors",
                                  "WaitSensor": "sensors"},
    _STD + "sensors.time": {"TimeSensor": "sensors", "TimeSensorAsync": "sensors"},
    _STD + "sensors.weekday": {"DayOfWeekSensor": "sensors"},
    _STD + "sensors.external_task": {**_EXTERNAL, **_EXTERNAL_ERRORS},
    _STD + "exceptions": {**_EXTERNAL_ERRORS, **dict.fromkeys(
        ("HITLTriggerEventError", "HITLTimeoutError", "HITLRejectException"), "exceptions")},
    _STD + "decorators.python": {"python_task": "decorators:task", "_PythonDecoratedOperator": "decorators"},
    _STD + "decorators.bash": {"bash_task": "decorators_more", "_BashDecoratedOperator": "decorators_more"},
    _STD + "decorators.sensor": {"sensor_task": "decorators_more", "DecoratedSensorOperator": "decorators_more"},
    _STD + "hooks.filesystem": {"FSHook": "hooks"},
    _STD + "hooks.subprocess": {"SubprocessHook": "hooks", "SubprocessResult": "hooks"},
    _STD + "hooks.package_index": {"PackageIndexHook": "hooks"},
    _STD + "triggers.temporal": dict.fromkeys(("DateTimeTrigger", "TimeDeltaTrigger"), "triggers_standard"),
    _STD + "triggers.file": dict.fromkeys(("FileTrigger", "FileDeleteTrigger", "DirectoryFileDeleteTrigger"),
                                          "triggers_standard"),
    _STD + "triggers.external_task": dict.fromkeys(("WorkflowTrigger", "DagStateTrigger"), "triggers_standard"),
    _STD + "utils.weekday": {"WeekDay": "op_simple"},
    _STD + "utils.skipmixin": {"SkipMixin": "skipping"},
    _P + "cncf.kubernetes.operators.pod": {"KubernetesPodOperator": "op_pod"},
    _P + "cncf.kubernetes.operators.job": dict.fromkeys((
        "KubernetesJobOperator", "KubernetesDeleteJobOperator", "KubernetesPatchJobOperator"), "op_job"),
    _P + "cncf.kubernetes.operators.pod_exec": {"KubernetesPodExecOperator": "op_job"},
    _P + "cncf.kubernetes.operators.kueue": {"KubernetesStartKueueJobOperator": "op_job"},
    _P + "cncf.kubernetes.operators.resource": dict.fromkeys((
        "KubernetesCreateResourceOperator", "KubernetesDeleteResourceOperator"), "op_job"),
    _P + "cncf.kubernetes.decorators.kubernetes": {"kubernetes_task": "op_pod_decorated"},
    _P + "cncf.kubernetes.decorators.kubernetes_cmd": {"kubernetes_cmd_task": "op_pod_decorated"},
    _P + "cncf.kubernetes.secret": {"Secret": "op_pod"},
    _P + "cncf.kubernetes.hooks.kubernetes": {"KubernetesHook": "hooks:BaseHook"},
    _P + "cncf.kubernetes.callbacks": {"KubernetesPodOperatorCallback": "op_pod", "ExecutionMode": "op_pod"},
    _P + "cncf.kubernetes.utils.xcom_sidecar": {"PodDefaults": "op_pod"},
    _P + "cncf.kubernetes.utils.pod_manager": {"OnFinishAction": "op_pod", "OnKillAction": "op_pod",
                                               "PodPhase": "op_pod"},
    _P + "cncf.kubernetes.kube_config": {"KubeConfig": "compat:DagModel"},
    _P + "amazon.aws.sensors.s3": {"S3KeySensor": "sensor_s3", "S3KeysUnchangedSensor": "sensor_s3"},
    _P + "amazon.aws.hooks.s3": {"S3Hook": "hooks"},
    _P + "smtp.operators.smtp": {"EmailOperator": "op_simple"},
    _P + "smtp.notifications.smtp": {"SmtpNotifier": "notifier", "send_smtp_notification": "notifier:SmtpNotifier"},
    _P + "slack.notifications.slack": {"SlackNotifier": "notifier", "send_slack_notification":
                                       "notifier:SlackNotifier"},
    _P + "slack.notifications.slack_webhook": {"SlackWebhookNotifier": "notifier",
                                               "send_slack_webhook_notification": "notifier:SlackWebhookNotifier"},
    _P + "pagerduty.notifications.pagerduty": {"PagerdutyNotifier": "notifier"},
    _P + "opsgenie.notifications.opsgenie": {"OpsgenieNotifier": "notifier"},
    _P + "discord.notifications.discord": {"DiscordNotifier": "notifier"},
    _P + "telegram.notifications.telegram": {"TelegramNotifier": "notifier"},
    _P + "apprise.notifications.apprise": {"AppriseNotifier": "notifier"},
    _P + "amazon.aws.notifications.sns": {"SnsNotifier": "notifier"},
    _P + "amazon.aws.notifications.sqs": {"SqsNotifier": "notifier"},
    _P + "amazon.aws.notifications.chime": {"ChimeNotifier": "notifier"},
    _P + "http.operators.http": {"HttpOperator": "op_simple", "SimpleHttpOperator": "op_simple:HttpOperator"},
    _P + "http.sensors.http": {"HttpSensor": "sensors"},
    _P + "common.compat.sdk": {**_SDK, **_EXCEPTIONS},
    _P + "common.compat.assets": _ASSETS,
}

OLD = {
    "airflow.decorators": "airflow.sdk",
    "airflow.decorators.base": "airflow.sdk.bases.decorator",
    "airflow.datasets": "airflow.sdk", "airflow.datasets.metadata": "airflow.sdk", "airflow.assets": "airflow.sdk",
    "airflow.models.dag": "airflow.sdk", "airflow.models.baseoperator": "airflow.sdk",
    "airflow.models.param": "airflow.sdk", "airflow.models.xcom": "airflow.sdk", "airflow.models.xcom_arg": "airflow.sdk",
    "airflow.models.abstractoperator": "airflow.sdk.definitions._internal.abstractoperator",
    "airflow.models.mappedoperator": "airflow.sdk.definitions.mappedoperator",
    "airflow.models.baseoperatorlink": "airflow.sdk", "airflow.models.skipmixin": "airflow.sdk",
    "airflow.models.dagbag": "airflow.models", "airflow.models.taskgroup": "airflow.sdk",
    "airflow.models.operator": "airflow.sdk", "airflow.models.asset": "airflow.sdk", "airflow.models.dataset": "airflow.sdk",
    "airflow.hooks.base": "airflow.sdk", "airflow.hooks.base_hook": "airflow.sdk",
    "airflow.hooks.filesystem": _STD + "hooks.filesystem", "airflow.hooks.subprocess": _STD + "hooks.subprocess",
    "airflow.hooks.package_index": _STD + "hooks.package_index",
    "airflow.notifications.basenotifier": "airflow.sdk",
    "airflow.macros": "airflow.sdk.execution_time.macros", "airflow.io.path": "airflow.sdk", "airflow.io": "airflow.sdk",
    "airflow.utils.trigger_rule": "airflow.task.trigger_rule", "airflow.utils.weight_rule": "airflow.task.weight_rule",
    "airflow.utils.task_group": "airflow.sdk", "airflow.utils.timezone": "airflow.sdk.timezone",
    "airflow.utils.context": "airflow.sdk", "airflow.utils.setup_teardown":
        "airflow.sdk.definitions._internal.setup_teardown", "airflow.utils.dag_parsing_context": "airflow.sdk",
    "airflow.utils.xcom": "airflow.models.xcom_keys", "airflow.utils.task_group_": "airflow.sdk",
    "airflow.timetables.datasets": "airflow.sdk",
    "airflow.triggers.temporal": _STD + "triggers.temporal", "airflow.triggers.file": _STD + "triggers.file",
    "airflow.triggers.external_task": _STD + "triggers.external_task",
    "airflow.operators.python": _STD + "operators.python", "airflow.operators.python_operator": _STD + "operators.python",
    "airflow.operators.bash": _STD + "operators.bash", "airflow.operators.bash_operator": _STD + "operators.bash",
    "airflow.operators.empty": _STD + "operators.empty", "airflow.operators.dummy": _STD + "operators.empty",
    "airflow.operators.dummy_operator": _STD + "operators.empty",
    "airflow.operators.email": _P + "smtp.operators.smtp", "airflow.operators.email_operator": _P + "smtp.operators.smtp",
    "airflow.operators.trigger_dagrun": _STD + "operators.trigger_dagrun",
    "airflow.operators.dagrun_operator": _STD + "operators.trigger_dagrun",
    "airflow.operators.latest_only": _STD + "operators.latest_only",
    "airflow.operators.latest_only_operator": _STD + "operators.latest_only",
    "airflow.operators.branch": "airflow.sdk.bases.branch", "airflow.operators.branch_operator": "airflow.sdk.bases.branch",
    "airflow.operators.datetime": _STD + "operators.datetime", "airflow.operators.weekday": _STD + "operators.weekday",
    "airflow.operators.smooth": _STD + "operators.smooth", "airflow.sensors.base": "airflow.sdk",
    "airflow.sensors.base_sensor_operator": "airflow.sdk",
    "airflow.sensors.python": _STD + "sensors.python", "airflow.sensors.bash": _STD + "sensors.bash",
    "airflow.sensors.filesystem": _STD + "sensors.filesystem",
    "airflow.sensors.external_task": _STD + "sensors.external_task",
    "airflow.sensors.external_task_sensor": _STD + "sensors.external_task",
    "airflow.sensors.date_time": _STD + "sensors.date_time", "airflow.sensors.time_delta": _STD + "sensors.time_delta",
    "airflow.sensors.time_sensor": _STD + "sensors.time", "airflow.sensors.weekday": _STD + "sensors.weekday",
    "airflow.sensors.s3_key_sensor": _P + "amazon.aws.sensors.s3",
    _P + "amazon.aws.sensors.s3_key": _P + "amazon.aws.sensors.s3",
    _P + "cncf.kubernetes.operators.kubernetes_pod": _P + "cncf.kubernetes.operators.pod",
    "airflow.contrib.operators.kubernetes_pod_operator": _P + "cncf.kubernetes.operators.pod",
    "airflow.kubernetes.secret": _P + "cncf.kubernetes.secret",
    "airflow.sdk.execution_time.secrets_masker": "airflow.sdk.log",
    "airflow.secrets.base_secrets": "airflow.secrets",
}

OLD_NAMES = {
    ("airflow.operators.python", "get_current_context"): "airflow.sdk",
    ("airflow.decorators", "get_current_context"): "airflow.sdk",
}
for _old in ("airflow.operators.dummy", "airflow.operators.dummy_operator"):
    MODULES[_old] = {"DummyOperator": "~" + _STD + "operators.empty op_simple:EmptyOperator"}
MODULES["airflow.timetables.datasets"] = {
    "DatasetOrTimeSchedule": "~airflow.sdk timetables:AssetOrTimeSchedule"}
MODULES["airflow.models.xcom"] = {"XCOM_RETURN_KEY": "~airflow.sdk compat"}
MODULES["airflow.models.xcom_keys"] = MODULES["airflow.utils.xcom"] = {"XCOM_RETURN_KEY": "compat"}

BETTER = {
    "days_ago": "give a fixed date: pendulum.datetime(2026, 1, 1)",
    "apply_defaults": "remove it: it isn't needed",
}

from . import _inside, _modules_more  # noqa: E402  they add to what is above

_modules_more.merge(MODULES)
_inside.merge(MODULES)

PACKAGES = set()
for _name in (*MODULES, *OLD):
    _parent = _name.rpartition(".")[0]
    while _parent:
        PACKAGES.add(_parent)
        _parent = _parent.rpartition(".")[0]


def hint(module, name):
    """What to write instead of `module` or `module.name`, if that is known."""
    from .standin.hints import hint as find

    return find(module, name)
