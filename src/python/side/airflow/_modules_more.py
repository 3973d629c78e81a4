"""More of the table of `_modules.py`: the rest of what a DAG file may import from the SDK, the standard provider and utils."""

_STD = "airflow.providers.standard."
_SKIP_KEYS = {"XCOM_SKIPMIXIN_KEY": "skipping", "XCOM_SKIPMIXIN_FOLLOWED": "skipping", "XCOM_SKIPMIXIN_SKIPPED": "skipping"}
_WEIGHTS = {"DB_SAFE_MINIMUM": "small", "DB_SAFE_MAXIMUM": "small", "db_safe_priority": "small"}
_RESOURCES = dict.fromkeys(("Resource", "Resources", "CpuResource", "RamResource", "DiskResource", "GpuResource", "MB",
                            "GB", "TB", "PB", "EB"), "small")
_LISTS = dict.fromkeys(("as_flattened_list", "at_most_one", "chunks", "convert_camel_to_snake", "exactly_one",
                        "is_container", "merge_dicts", "partition", "prune_dict", "ask_yesno",
                        "render_template_to_string", "render_template_as_native"), "small")
_RETRY = dict.fromkeys(("RetryAction", "RetryDecision", "RetryRule", "RetryPolicy", "ExceptionRetryPolicy"), "compat")
_VENV = {"prepare_virtualenv": "venv"}
_SECRETS = {"BaseSecretsBackend": "compat"}

MORE = {
    "airflow": {"__version__": "configuration:version"},
    "airflow.sdk": {
        "RetryDecision": "compat", "TaskInstance": "compat:RuntimeTaskInstance", "NEVER_EXPIRE": "small",
        "ResumableJobMixin": "resumable", "BaseDeadlineReference": "deadline", "SecretCache": "small",
        "lineage": "module:airflow.sdk.lineage", "__version__": "configuration:sdk_version",
    },
    "airflow.sdk.exceptions": dict.fromkeys(("NodeNotFound", "ErrorType", "AirflowSecretsBackendAccessDenied",
                                             "TaskAlreadyRunningError"), "exceptions"),
    "airflow.sdk.definitions._internal.contextmanager": dict.fromkeys(("DagContext", "TaskGroupContext"), "building"),
    "airflow.sdk.definitions._internal.expandinput": {"is_mappable": "building", "OperatorExpandArgument": "inside"},
    "airflow.sdk.definitions._internal.templater": {"Templater": "templater", "LiteralValue": "compat:Literal_"},
    "airflow.sdk.definitions._internal.types": {"ArgNotSet": "state:NotSet", "is_arg_set": "building",
                                                "SET_DURING_EXECUTION": "state:NOTSET", "NOTSET": "state"},
    "airflow.sdk.api.datamodels._generated": dict.fromkeys(("DEFAULT_TRIGGER_RULE", "DEFAULT_WEIGHT_RULE"), "enums"),
    "airflow.sdk.bases.operator": {
        **_WEIGHTS, "partial": "inside", "BaseAsyncOperator": "compat", "BaseOperatorMeta": "operator:OperatorMeta", "coerce_timedelta": "small",
        "coerce_resources": "small", "parse_retries": "small", "get_merged_defaults": "small", "ExecutorSafeguard": "small",
    },
    "airflow.sdk.bases.sensor": {"poke_mode_only": "small"},
    "airflow.sdk.bases.skipmixin": _SKIP_KEYS,
    "airflow.sdk.bases.secrets_backend": _SECRETS,
    "airflow.sdk.bases.timetable": {"BaseTimetable": "timetables"},
    "airflow.sdk.bases.xcom": {"XCom": "compat"},
    "airflow.sdk.bases.resumablejobmixin": {"ResumableJobMixin": "resumable"},
    "airflow.sdk.bases.decorator": {
        "determine_kwargs": "op_python", "task_decorator_factory": "decorators", "is_async_callable": "small",
        "is_decorated_task": "building", "get_unique_task_id": "decorators:unique_task_id", "unwrap_partial": "small", "unwrap_callable": "small",
    },
    "airflow.sdk.definitions.callback": {"AsyncCallback": "deadline", "SyncCallback": "deadline"},
    "airflow.sdk.definitions.deadline": {"BaseDeadlineReference": "deadline", "VariableInterval": "deadline",
                                         "deadline_reference": "deadline"},
    "airflow.sdk.definitions.decorators": {"TaskDecorator": "decorators", "TaskDecoratorCollection":
                                           "decorators:TaskDecorators", "result": "compat"},
    "airflow.sdk.definitions.decorators.condition": {"run_if": "decorators_more", "skip_if": "decorators_more"},
    "airflow.sdk.definitions._internal.setup_teardown": {"BaseSetupTeardownContext": "setups"},
    "airflow.decorators.setup_teardown": {"context_wrapper": "setups", "ContextWrapper": "setups",
                                          "setup_task": "decorators:setup", "teardown_task": "decorators:teardown"},
    "airflow.sdk.definitions.decorators.setup_teardown": {"context_wrapper": "setups", "ContextWrapper": "setups",
        "setup_task": "decorators:setup",
                                                          "teardown_task": "decorators:teardown"},
    "airflow.sdk.definitions.decorators.task_group": {"task_group": "groups"},
    "airflow.sdk.definitions.operator_resources": _RESOURCES,
    "airflow.sdk.definitions.param": {"process_params": "small"},
    "airflow.sdk.definitions.retry_policy": _RETRY,
    "airflow.sdk.definitions.xcom_arg": {"ConcatXComArg": "xcom_arg", "get_references": "xcom_arg:references"},
    "airflow.sdk.definitions.context": {"context_merge": "small", "AirflowParsingContext": "current:ParsingContext",
                                        "render_template_to_string": "small", "render_template_as_native": "small"},
    "airflow.sdk.definitions.mappedoperator": {"is_mappable_value": "mapped:is_expandable",
                                               "prevent_duplicates": "mapped"},
    "airflow.sdk.execution_time.context": {
        "NEVER_EXPIRE": "small", "ConnectionAccessor": "accessors", "MacrosAccessor": "accessors",
        "OutletEventAccessors": "asset_events", "VariableAccessor": "accessors", "InletEventsAccessors": "asset_events",
        "TriggeringAssetEventsAccessor": "asset_events"},
    "airflow.sdk.execution_time.lazy_sequence": {"LazyXComSequence": "small"},
    "airflow.sdk.execution_time.timeout": {"timeout": "small", "TimeoutPosix": "small:timeout"},
    "airflow.sdk.execution_time.task_runner": {"RuntimeTaskInstance": "compat"},
    "airflow.sdk.execution_time.cache": {"SecretCache": "small"},
    "airflow.sdk.io.fs": {"has_fs": "objectstore", "get_fs": "objectstore"},
    "airflow.sdk.io": {"attach": "objectstore", "get_fs": "objectstore", "has_fs": "objectstore"},
    "airflow.sdk.io.store": {"attach": "objectstore"},
    "airflow.sdk.lineage": {k: "small" for k in ("HookLineageReader", "HookLineageCollector", "get_hook_lineage_collector")},
    "airflow.sdk.log": {"amask_secret": "compat:mask_secret"},
    "airflow.sdk.observability.stats": {k: "small:ignored" for k in ("incr", "decr", "gauge", "timing", "timer")},
    "airflow.sdk.types": {"TaskInstance": "compat:RuntimeTaskInstance", "TaskInstanceKey": "compat",
                          "Context": "current"},
    "airflow.sdk.yaml": {"safe_load": "compat:yaml_load", "dump": "small:yaml_dump"},
    "airflow.sdk.plugins_manager": {"AirflowPlugin": "compat"},
    "airflow.exceptions": {
        **dict.fromkeys(("NodeNotFound", "InvalidPartitionKeyError", "PodMutationHookException", "PodReconciliationError"),
                        "exceptions"),
        "DeserializingResultError": "~airflow.sdk.exceptions exceptions", **{k: "exceptions" for k in (
            "AirflowClusterPolicyViolation", "AirflowClusterPolicySkipDag", "AirflowClusterPolicyError")}},
    "airflow.models": {"BaseXCom": "~airflow.sdk compat", "Operator": "operator:BaseOperator"},
    "airflow.models.taskinstancekey": {"TaskInstanceKey": "compat"},
    "airflow.models.xcom": {"XCom": "~airflow.sdk compat", "BaseXCom": "~airflow.sdk compat"},
    "airflow.models.variable": {"Variable": "variables"},
    "airflow.providers.standard": {"__version__": "configuration:standard_version"},
    _STD + "decorators.branch_external_python": {"branch_external_python_task": "decorators_more"},
    _STD + "decorators.branch_python": {"branch_task": "decorators_more"},
    _STD + "decorators.branch_virtualenv": {"branch_virtualenv_task": "decorators_more"},
    _STD + "decorators.external_python": {"external_python_task": "decorators_more"},
    _STD + "decorators.python_virtualenv": {"virtualenv_task": "decorators_more"},
    _STD + "decorators.python": {"python_task": "decorators_more"},
    _STD + "decorators.short_circuit": {"short_circuit_task": "decorators_more"},
    _STD + "decorators.stub": {"stub": "decorators_more:stub_task"},
    _STD + "utils.python_virtualenv": _VENV,
    _STD + "utils.skipmixin": _SKIP_KEYS,
    _STD + "utils.weekday": {"WeekDay": "op_simple"},
    _STD + "version_compat": {k: "small:TRUE" for k in ("AIRFLOW_V_3_0_PLUS", "AIRFLOW_V_3_1_PLUS", "AIRFLOW_V_3_2_PLUS",
                                                        "AIRFLOW_V_3_3_PLUS")},
    "airflow.providers.common.io.operators.file_transfer": {"FileTransferOperator": "op_transfer"},
    "airflow.providers.common.io.xcom.backend": {"XComObjectStorageBackend": "xcom_storage"},
    "airflow.providers.common.sql.operators.sql": {"SQLExecuteQueryOperator": "op_simple"},
    "airflow.providers.smtp.hooks.smtp": {"SmtpHook": "hooks"},
    _STD + "hooks.subprocess": {"working_directory": "hooks"},
    _STD + "triggers.hitl": dict.fromkeys(("HITLTrigger", "HITLTriggerEventFailurePayload", "HITLTriggerEventSuccessPayload"),
                                          "inside"),
    _STD + "utils.openlineage": {"safe_inject_openlineage_properties_into_dagrun_conf": "inside"},
    "airflow.providers.common.sql.operators.generic_transfer": {"GenericTransfer": "op_simple"},
    "airflow.operators.generic_transfer": {
        "GenericTransfer": "~airflow.providers.common.sql.operators.generic_transfer op_simple"},
    "airflow.hooks.dbapi": {"DbApiHook": "inside"},
    "airflow.providers.common.sql.hooks.sql": {"DbApiHook": "inside"},
    "airflow.utils.cli": {"get_dag": "inside", "get_dag_by_file_location": "inside", "get_dags": "inside"},
    "airflow.triggers.external_task": {"TaskStateTrigger": "~airflow.providers.standard.triggers.external_task "
                                                           "triggers_standard:WorkflowTrigger"},
    "airflow.secrets.base_secrets": _SECRETS,
    "airflow.task.priority_strategy": {"validate_and_load_priority_weight_strategy": "weights"},
    "airflow.utils.helpers": _LISTS,
    "airflow.utils.operator_resources": _RESOURCES,
    "airflow.utils.net": {"get_hostname": "small", "getfqdn": "small:get_hostname", "get_host_ip_address": "small"},
    "airflow.utils.timeout": {"timeout": "~airflow.sdk.execution_time.timeout small"},
    "airflow.utils.weight_rule": {**{k: "~airflow.sdk.bases.operator small" for k in _WEIGHTS},
                                  "WeightRule": "~airflow.sdk enums"},
    "airflow.utils.dag_cycle_tester": {"check_cycle": "dag_checks"},
    "airflow.utils.decorators": {"remove_task_decorator": "small", "fixup_decorator_warning_stack": "inside"},
    "airflow.utils.email": {"get_email_address_list": "small"},
    "airflow.utils.file": {"get_unique_dag_module_name": "small"},
    "airflow.utils.operator_helpers": {"make_kwargs_callable": "small"},
    "airflow.utils.process_utils": {"patch_environ": "small"},
    "airflow.utils.thread_safe_dict": {"ThreadSafeDict": "small"},
    "airflow.utils.yaml": {"dump": "small:yaml_dump"},
    "airflow.example_dags.libs.helper": {"print_stuff": "small"},
}


def merge(modules):
    """Adds what isn't in the table yet."""
    # the SDK's timetables are in modules of the same names
    same = {f"airflow.sdk.definitions.timetables.{part}": modules["airflow.timetables." + part]
            for part in ("events", "interval", "simple", "trigger")}
    same["airflow.sdk.definitions.timetables.assets"] = {"AssetOrTimeSchedule": "timetables", "AssetTriggeredTimetable": "timetables"}
    for module, names in (*same.items(), *MORE.items()):
        have = modules.setdefault(module, {})
        for name, place in names.items():
            have.setdefault(name, place)
