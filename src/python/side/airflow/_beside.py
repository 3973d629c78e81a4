"""Names that a module of Airflow has only since it uses them itself: some files import them from there.

Each is what it is in its own module; one that no other module of the table has belongs to Airflow's insides.
"""
from ._inside import table as read

PLACES = {
    "ArgNotSet": "state:NotSet", "SET_DURING_EXECUTION": "state:NOTSET", "LiteralValue": "compat:Literal_",
    "CronMixin": "timetables:CronTimetable", "DeltaMixin": "timetables:DeltaTimetable", "TI": "compat:TaskInstance",
    "airflow_conf": "configuration:conf",
}
"""Names that stand in no other module under this name."""

NAMES = """
airflow.configuration AirflowConfigException RemovedInAirflow4Warning WeightRule
    configure_parser_from_configuration_description import_string
airflow.decorators add_deprecated_classes
airflow.exceptions NodeNotFound PodMutationHookException PodReconciliationError
airflow.models.connection AirflowException AirflowNotFoundException AirflowSecretsBackendAccessDenied
    FernetFieldsMixin LoggingMixin call_secrets_backend_method get_fernet import_string mask_secret provide_session
    prune_dict
airflow.models.dag AirflowException AssetDagRunQueue AssetEvaluator AssetModel DagBundleModel DagRun DataInterval
    Encoding PartitionMapperInfo SerializedAssetUniqueKey StringID Team Timetable UtcDateTime airflow_conf
    encode_deadline_alert provide_session with_row_locks
airflow.models.dagrun AirflowException ArgNotSet Backfill DagCallbackRequest DagRunContext DagRunState
    DagRunTriggeredByType Deadline DeadlineAlertModel DepContext ExtendedJSON Log LogTemplate LoggingMixin NOTSET
    NotMapped SerializedReferenceModels SpanStatus State StringID TIH TaskInstanceState TaskMap TaskNotFound
    UtcDateTime airflow_conf chunks clear_task_instances get_dialect_name get_listener_manager get_random_string
    is_arg_set is_container new_dagrun_trace_carrier nulls_first override_ids provide_session prune_dict
    retry_db_transaction with_row_locks
airflow.models.variable AirflowSecretsBackendAccessDenied LoggingMixin MetastoreBackend build_upsert_stmt
    call_secrets_backend_method conf create_session ensure_secrets_loaded get_dialect_name get_fernet mask_secret
    provide_session
airflow.models.xcom LazySelectSequence TaskInstanceDependencies UtcDateTime XComDecoder XComEncoder is_container
    provide_session
airflow.models.xcom_arg DeprecatedImportWarning
airflow.partition_mappers.base is_rollup
airflow.partition_mappers.temporal make_aware parse_timezone
airflow.partition_mappers.wait_policy PartitionSatisfaction
airflow.plugins_manager AirflowPluginSource PluginsDirectorySource conf import_string is_valid_plugin qualname
airflow.providers.common.compat.assets AssetAliasDetails AssetDetails expand_alias_to_assets
airflow.providers.common.compat.sdk AirflowPlugin AssetLineageInfo ChainRetryPolicy DecoratedMappedOperator
    DecoratedOperator HookLineage HookLineageCollector HookLineageReader KeywordParameters NoOpCollector
    ResumableJobMixin SET_DURING_EXECUTION Stats TaskDecorator TaskInstanceKey context_merge context_to_airflow_vars
    create_module_getattr determine_kwargs get_hook_lineage_collector get_listener_manager get_unique_task_id
    poke_mode_only redact task_decorator_factory timeout
airflow.providers.common.sql.hooks.sql AirflowException AirflowOptionalProviderFeatureException
    AirflowProviderDeprecationWarning BaseHook ConnectorProtocol Dialect conf fetch_all_handler fetch_one_handler
    import_string resolve_dialects return_single_query_results send_sql_hook_lineage
airflow.providers.common.sql.operators.generic_transfer AirflowException BaseHook BaseOperator DbApiHook
    SQLExecuteQueryTrigger conf
airflow.providers.smtp.notifications.smtp BaseNotifier SmtpHook conf
airflow.providers.smtp.operators.smtp AirflowException BaseOperator SmtpHook
airflow.providers.standard.decorators.bash BashOperator DecoratedOperator SET_DURING_EXECUTION TaskDecorator
    context_merge determine_kwargs task_decorator_factory
airflow.providers.standard.decorators.branch_external_python BranchExternalPythonOperator task_decorator_factory
airflow.providers.standard.decorators.branch_python BranchPythonOperator task_decorator_factory
airflow.providers.standard.decorators.branch_virtualenv BranchPythonVirtualenvOperator task_decorator_factory
airflow.providers.standard.decorators.external_python ExternalPythonOperator task_decorator_factory
airflow.providers.standard.decorators.python DecoratedOperator PythonOperator task_decorator_factory
airflow.providers.standard.decorators.python_virtualenv PythonVirtualenvOperator task_decorator_factory
airflow.providers.standard.decorators.sensor PythonSensor get_unique_task_id task_decorator_factory
airflow.providers.standard.decorators.short_circuit ShortCircuitOperator task_decorator_factory
airflow.providers.standard.decorators.stub DecoratedOperator TaskDecorator task_decorator_factory
airflow.providers.standard.exceptions AirflowException
airflow.providers.standard.hooks.filesystem BaseHook
airflow.providers.standard.hooks.package_index BaseHook
airflow.providers.standard.hooks.subprocess BaseHook working_directory
airflow.providers.standard.operators.bash AirflowException AirflowSkipException BaseOperator SubprocessHook
    SubprocessResult context_to_airflow_vars working_directory
airflow.providers.standard.operators.branch BaseOperator SkipMixin
airflow.providers.standard.operators.datetime AirflowException BaseBranchOperator
airflow.providers.standard.operators.empty BaseOperator
airflow.providers.standard.operators.hitl AirflowOptionalProviderFeatureException AirflowProviderDeprecationWarning
    BaseNotifier BaseOperator BranchMixIn HITLRejectException HITLTimeoutError HITLTrigger HITLTriggerEventError
    HITLTriggerEventSuccessPayload ParamsDict SkipMixin TaskAwaitingInput conf upsert_hitl_detail utcnow
airflow.providers.standard.operators.latest_only BaseBranchOperator DagRunType
airflow.providers.standard.operators.python AirflowConfigException AirflowException AirflowProviderDeprecationWarning
    AirflowSkipException BaseAsyncOperator DeserializingResultError KeywordParameters PackageIndexHook Variable
    context_merge get_unique_dag_module_name is_async_callable prepare_virtualenv write_python_script
airflow.providers.standard.operators.smooth BaseOperator
airflow.providers.standard.operators.trigger_dagrun AirflowException AirflowSkipException ArgNotSet BaseOperator
    BaseOperatorLink DagModel DagNotFound DagRun DagRunAlreadyExists DagRunState DagRunType DagStateTrigger NOTSET
    SerializedDagModel XCom conf is_arg_set safe_inject_openlineage_properties_into_dagrun_conf trigger_dag
airflow.providers.standard.operators.weekday BaseBranchOperator WeekDay
airflow.providers.standard.sensors.bash AirflowFailException BaseSensorOperator
airflow.providers.standard.sensors.date_time BaseSensorOperator DateTimeTrigger StartTriggerArgs
airflow.providers.standard.sensors.external_task AirflowProviderDeprecationWarning AirflowSkipException BaseOperator
    BaseOperatorLink BaseSensorOperator DagBag DagModel DuplicateStateError EmptyOperator State TaskInstanceState
    WorkflowTrigger conf correct_maybe_zipped
airflow.providers.standard.sensors.filesystem AirflowException BaseSensorOperator FSHook FileTrigger StartTriggerArgs
    conf
airflow.providers.standard.sensors.python BaseSensorOperator PokeReturnValue context_merge determine_kwargs
airflow.providers.standard.sensors.time AirflowProviderDeprecationWarning BaseSensorOperator DateTimeTrigger
    StartTriggerArgs conf
airflow.providers.standard.sensors.time_delta AirflowProviderDeprecationWarning AirflowSkipException
    BaseSensorOperator DateTimeTrigger TimeDeltaTrigger conf
airflow.providers.standard.sensors.weekday BaseSensorOperator WeekDay
airflow.providers.standard.triggers.external_task BaseTrigger DagRun TriggerEvent
airflow.providers.standard.triggers.file BaseEventTrigger BaseTrigger TriggerEvent
airflow.providers.standard.triggers.temporal BaseTrigger TaskSuccessEvent TriggerEvent
airflow.providers.standard.utils.python_virtualenv conf write_python_script
airflow.providers.standard.utils.skipmixin AirflowException LoggingMixin
airflow.providers.standard.version_compat NOTSET get_base_airflow_version_tuple is_arg_set
airflow.sdk.bases.branch BaseOperator SkipMixin
airflow.sdk.bases.decorator Asset BaseOperator DagContext DictOfListsExpandInput EXPAND_INPUT_EMPTY
    ListOfDictsExpandInput MappedOperator NOTSET TaskGroupContext TriggerRule XComArg coerce_resources
    coerce_timedelta ensure_xcomarg_return_value get_merged_defaults is_decorated_task is_mappable parse_retries
    prevent_duplicates remove_task_decorator
airflow.sdk.bases.hook LoggingMixin
airflow.sdk.bases.notifier LoggingMixin Templater context_merge
airflow.sdk.bases.operator AbstractOperator DEFAULT_TRIGGER_RULE DEFAULT_WEIGHT_RULE DependencyMixin EdgeModifier
    NOTSET OperatorPartial ParamsDict RemovedInAirflow4Warning SetupTeardownContext TriggerRule conf event_loop
    fixup_decorator_warning_stack redact validate_instance_args validate_key validate_mapping_kwargs
airflow.sdk.bases.resumablejobmixin BaseOperatorMeta
airflow.sdk.bases.sensor AirflowException AirflowFailException AirflowRescheduleException AirflowSensorTimeout
    AirflowSkipException AirflowTaskTimeout BaseOperator TaskDeferralError TaskDeferralTimeout conf
airflow.sdk.bases.skipmixin AirflowException DownstreamTasksSkipped LoggingMixin
airflow.sdk.bases.xcom DeleteXCom GetXCom GetXComSequenceSlice SetXCom XComResult XComSequenceSliceResult
airflow.sdk.configuration AirflowSDKConfigParser clear_secrets_backends_cache
    configure_parser_from_configuration_description create_default_config_parser ensure_secrets_loaded expand_env_var
    get_airflow_config get_custom_secret_backend get_sdk_expansion_variables import_string initialize_config
    initialize_secrets_backends retrieve_configuration_description
airflow.sdk.definitions._internal.abstractoperator Context DAGNode DEFAULT_TRIGGER_RULE DEFAULT_WEIGHT_RULE
    DependencyMixin SetupTeardownContext Templater TriggerRule WeightRule conf
airflow.sdk.definitions._internal.node DependencyMixin GenericDAGNode validate_group_key validate_key
airflow.sdk.definitions._internal.setup_teardown AirflowException
airflow.sdk.definitions.asset AssetAliasEvent ProvidersManagerTaskRuntime conf normalize_noop
airflow.sdk.definitions.asset.decorators AirflowRuntimeError Asset AssetAll BaseAsset PythonOperator
airflow.sdk.definitions.callback import_string is_valid_dotpath
airflow.sdk.definitions.connection AirflowException AirflowNotFoundException AirflowRuntimeError ErrorType
    ProvidersManagerTaskRuntime
airflow.sdk.definitions.context render_template
airflow.sdk.definitions.dag AirflowDagCycleException ArgNotSet AssetAll AssetTriggeredTimetable BaseAsset BaseOperator
    BaseTimetable Context ContinuousTimetable DAGNode DagParam DeadlineAlert DuplicateTaskIdFound
    FailFastDagInvalidTriggerRule NOTSET NodeNotFound NullTimetable OnceTimetable ParamValidationError ParamsDict
    RemovedInAirflow4Warning TaskInstanceState TaskNotFound TriggerRule XComArg is_arg_set validate_key
airflow.sdk.definitions.deadline AirflowRuntimeError Callback DeadlineReferenceType Variable
airflow.sdk.definitions.decorators ProvidersManagerTaskRuntime is_decorated_task run_if setup_task skip_if
    teardown_task
airflow.sdk.definitions.decorators.condition AirflowSkipException Task combine_hooks wrap_skip
airflow.sdk.definitions.decorators.setup_teardown AirflowException BaseOperator SetupTeardownContext python_task
airflow.sdk.definitions.decorators.task_group DAGNode DictOfListsExpandInput ExpandableFactory ListOfDictsExpandInput
    MappedArgument MappedTaskGroup TaskGroup XComArg ensure_xcomarg_return_value prevent_duplicates
airflow.sdk.definitions.edges DependencyMixin
airflow.sdk.definitions.mappedoperator AbstractOperator BaseXCom DEFAULT_TRIGGER_RULE DEFAULT_WEIGHT_RULE
    DagAttributeTypes DictOfListsExpandInput ListOfDictsExpandInput NOTSET ensure_xcomarg_return_value is_mappable
    validate_mapping_kwargs
airflow.sdk.definitions.operator_resources conf
airflow.sdk.definitions.param NOTSET ParamValidationError ResolveMixin is_arg_set
airflow.sdk.definitions.partition_mappers.temporal parse_timezone
airflow.sdk.definitions.taskgroup AirflowDagCycleException DAGNode DuplicateTaskIdFound NodeNotFound
    TaskAlreadyInTaskGroup TaskGroupMixin TriggerRule validate_group_key
airflow.sdk.definitions.template LiteralValue
airflow.sdk.definitions.timetables.assets AssetAll BaseAsset BaseTimetable IdentityMapper PartitionedAssetTimetable
    PartitionedAtRuntime
airflow.sdk.definitions.timetables.events BaseTimetable
airflow.sdk.definitions.timetables.interval BaseTimetable CronMixin DeltaMixin
airflow.sdk.definitions.timetables.simple BaseTimetable
airflow.sdk.definitions.timetables.trigger BaseTimetable CronMixin DeltaMixin
airflow.sdk.definitions.variable NOTSET mask_secret
airflow.sdk.definitions.xcom_arg AbstractOperator AirflowException ArgNotSet BaseXCom DependencyMixin LazyXComSequence
    NOTSET ResolveMixin SetupTeardownContext TriggerRule XComNotFound get_task_map_length is_arg_set
    serialize_xcom_arg
airflow.sdk.exceptions AirflowSecretsBackendAccessDenied ErrorType NodeNotFound TaskAlreadyRunningError TriggerRule
airflow.sdk.io.fs ProvidersManagerTaskRuntime import_string
airflow.sdk.io.path stat_result
airflow.sdk.io.store ObjectStore
airflow.sdk.lineage Asset AssetLineageInfo ExtraLineageInfo HookLineage LoggingMixin NoOpCollector
    ProvidersManagerTaskRuntime conf
airflow.sdk.log configure_logging init_log_file load_remote_conn_id load_remote_log_handler logger_at_level
    logging_processors mask_logs redact relative_path_from_logger reset_logging upload_to_remote
airflow.sdk.observability.stats normalize_name_for_stats
airflow.sdk.plugins_manager ProvidersManagerTaskRuntime conf get_hook_lineage_readers_plugins import_string
    integrate_listener_plugins integrate_macros_plugins is_valid_plugin
airflow.sdk.timezone conf
airflow.sdk.types ArgNotSet BaseXCom NOTSET OutletEventAccessorProtocol OutletEventAccessorsProtocol WeightRule
    WeightRuleProtocol
airflow.task.priority_strategy WeightRule get_airflow_priority_weight_strategies
    get_weight_rule_from_priority_weight_strategy
airflow.timetables.assets AirflowTimetableInvalid AssetTriggeredTimetable DagRunType SerializedAsset
    SerializedAssetBase
airflow.timetables.base SerializedAssetBase compute_rollup_fingerprint qualname
airflow.timetables.events DagRunInfo DataInterval Timetable
airflow.timetables.interval CronMixin DagRunInfo DataInterval DeltaMixin Timetable coerce_datetime parse_timezone
    utcnow
airflow.timetables.simple BaseAsset DEFAULT_PARTITION_MAPPER DagRunInfo DataInterval IdentityMapper
    InvalidPartitionKeyError PartitionMapperInfo PartitionedAssetTimetable PartitionedAtRuntime SerializedAsset
    SerializedAssetAlias SerializedAssetAll SerializedAssetBase SerializedAssetNameRef SerializedAssetUriRef Timetable
    encode_asset_like encode_partition_mapper ensure_serialized_asset
airflow.timetables.trigger CronMixin DagRunInfo DataInterval DeltaMixin InvalidPartitionKeyError Timetable
    coerce_datetime get_random_string make_aware parse_timezone utcnow
airflow.triggers.base LoggingMixin TaskInstanceState Templater trigger_event_discriminator
airflow.triggers.callback BaseTrigger CallbackState TriggerEvent accepts_context import_string qualname
airflow.triggers.testing BaseTrigger TriggerEvent
airflow.utils.cli AirflowException ColorMode DagBundlesManager NonCachingFileHandler action_cli get_bagged_dag
    get_db_dag getuser is_terminal_support_colors print_banner process_subdir setup_locations setup_logging
    should_enable_hot_reload should_use_colors sigint_handler sigquit_handler suppress_logs_and_warning
    validate_dag_bundle_arg
airflow.utils.context AssetModel ConnectionAccessorSDK DeprecatedImportWarning OutletEventAccessorsSDK
    VariableAccessorSDK add_deprecated_classes create_session is_arg_set
airflow.utils.dates datetime_to_nano
airflow.utils.deprecation_tools add_deprecated_classes getattr_with_deprecation
airflow.utils.email AirflowException build_mime_message conf send_mime_email
airflow.utils.file conf correct_maybe_zipped find_dag_file_paths iter_airflow_imports might_contain_dag
    might_contain_dag_via_default_heuristic open_maybe_zipped
airflow.utils.helpers AirflowException build_airflow_dagrun_url conf is_arg_set log_filename_template_renderer
    prompt_with_timeout render_template
airflow.utils.log.logging_mixin ExternalLoggingMixin RedirectStdHandler SetContextPropagate StreamLogWriter
    remove_escape_codes set_context
airflow.utils.operator_helpers add_deprecated_classes
airflow.utils.process_utils AirflowException DeprecatedImportWarning check_if_pidfile_process_is_running conf
    execute_in_subprocess_with_kwargs execute_interactive kill_child_processes_by_pids reap_process_group
    resolve_mp_start_method set_component_mp_start_method set_new_process_group
airflow.utils.types add_deprecated_classes
"""


_found = {}


def find(module, name):
    """The place of a name that stands in no other table; None if Airflow doesn't have it there either. Asked last: most files
    never need it."""
    from ._modules import MODULES

    if not _found:
        _found.update(read(NAMES))
    if name not in _found.get(module, ()):
        return None
    if name in PLACES:
        return PLACES[name]
    places = (names[name] for names in MODULES.values() if name in names)
    return next((place for place in places if place != "inside" and place[0] != "~"), "inside")
