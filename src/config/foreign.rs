//! Airflow's options that have no effect here, and why: so that nobody sets one and waits for it (`config lint`, `info`).
//!
//! Sections and keys are those of Airflow 3.3.2's `config.yml`; of older Airflows what is still often set.

/// Options of one section that share a reason.
struct Foreign {
    section: &'static str,
    /// Keys; none: the whole section.
    keys: &'static [&'static str],
    why: &'static str,
}

const fn of(section: &'static str, keys: &'static [&'static str], why: &'static str) -> Foreign {
    Foreign { section, keys, why }
}

const HEARTBEAT: &str = "nothing is found out by heartbeats: the kernel tells whether a process is alive";
const REACHED: &str =
    "config_file says how the cluster is reached, else the service account of dagdeck's own pod, else KUBECONFIG";
const EVENTS: &str = "the scheduler is woken by what happens instead of looking again and again";
const WEB: &str = "there is no web server; the console is `dagdeck`";
const FORKING: &str = "every Python task gets an interpreter of its own";
const STATSD: &str = "no metrics are sent";
const BUNDLES: &str = "there is one folder of DAG files, [core] dags_folder";
const PARSED_ON_CHANGE: &str = "a file is parsed when it is saved, and only then";
const REMOTE_LOGS: &str = "logs are kept in [logging] base_log_folder only";
const LOG_FORM: &str = "logs of tries have one form; `dagdeck logs` and the console show them";
const BACKENDS: &str =
    "variables and connections come from the environment, then from the store; no other backend is asked";

const FOREIGN: &[Foreign] = &[
    of("core", &["hostname_callable"], "everything runs on this machine, under its own name"),
    of("core", &["might_contain_dag_callable"], "[core] dag_discovery_safe_mode decides alone"),
    of("core", &["mp_start_method", "mp_forkserver_preload", "execute_tasks_new_python_interpreter"], FORKING),
    of(
        "core",
        &["auth_manager", "multi_team", "team_name_cache_ttl"],
        "who may do what is decided by the home's file modes",
    ),
    of(
        "core",
        &["simple_auth_manager_users", "simple_auth_manager_all_admins", "simple_auth_manager_passwords_file"],
        "who may do what is decided by the home's file modes",
    ),
    of("core", &["load_examples"], "there are no example DAGs to load"),
    of("core", &["fernet_key"], "Airflow's key opens Airflow's database; this store isn't sealed with it"),
    of(
        "core",
        &["dagbag_import_error_tracebacks", "dagbag_import_error_traceback_depth"],
        "import errors always show file, line and traceback",
    ),
    of("core", &["default_impersonation", "security"], "tasks run as the user that runs the scheduler"),
    of("core", &["unit_test_mode"], "`dagdeck dags test` needs no mode"),
    of("core", &["task_success_overtime"], "what a task leaves running is ended with its try"),
    of(
        "core",
        &["min_serialized_dag_update_interval", "compress_serialized_dags", "num_dag_runs_to_retain_rendered_fields"],
        "`dagdeck db clean` decides what is kept",
    ),
    of(
        "core",
        &["lazy_load_plugins", "lazy_discover_providers"],
        "plugins are imported when something of them is wanted",
    ),
    of("core", &["daemon_umask"], "[dagdeck] group decides who may read the home"),
    of("core", &["asset_manager_class", "asset_manager_kwargs"], "assets are kept by the scheduler itself"),
    of("core", &["execution_api_server_url"], "tasks talk to their supervisor over a private socket"),
    of("core", &["dag_concurrency", "max_active_tasks"], "an older name; write [core] max_active_tasks_per_dag"),
    of(
        "core",
        &["allow_double_dot_in_ids"],
        "ids are never used as paths without being escaped; `..` is taken as it is",
    ),
    of("core", &["sql_alchemy_conn"], "the store is dagdeck.db in the home"),
    of(
        "core",
        &["store_serialized_dags", "store_dag_code", "enable_xcom_pickling", "donot_pickle"],
        "gone from Airflow too",
    ),
    of("database", &[], "the store is dagdeck.db in the home"),
    of(
        "scheduler",
        &[
            "job_heartbeat_sec",
            "scheduler_heartbeat_sec",
            "task_instance_heartbeat_sec",
            "scheduler_health_check_threshold",
            "task_instance_heartbeat_timeout",
            "task_instance_heartbeat_timeout_detection_interval",
            "orphaned_tasks_check_interval",
            "scheduler_zombie_task_threshold",
            "zombie_detection_interval",
        ],
        HEARTBEAT,
    ),
    of(
        "scheduler",
        &[
            "num_runs",
            "only_idle",
            "scheduler_idle_sleep_time",
            "parsing_cleanup_interval",
            "max_tis_per_query",
            "use_row_level_locking",
            "max_dagruns_per_loop_to_schedule",
            "trigger_timeout_check_interval",
            "task_queued_timeout_check_interval",
        ],
        EVENTS,
    ),
    of("scheduler", &["task_queued_timeout"], "a try is started in the moment it is queued; none is lost on the way"),
    of(
        "scheduler",
        &["pool_metrics_interval", "ti_metrics_interval", "dagrun_metrics_interval", "enable_tracemalloc"],
        STATSD,
    ),
    of(
        "scheduler",
        &["enable_health_check", "scheduler_health_check_server_host", "scheduler_health_check_server_port"],
        "`dagdeck scheduler status` asks the scheduler itself",
    ),
    of("scheduler", &["dag_dir_list_interval"], "an older name; write [dag_processor] refresh_interval"),
    of("scheduler", &["min_file_process_interval"], PARSED_ON_CHANGE),
    of("scheduler", &["parsing_processes"], "an older place; write it under [dag_processor]"),
    of(
        "scheduler",
        &["create_delta_data_intervals"],
        "Airflow 3.3.2 doesn't read it for timedelta schedules either: [scheduler] create_cron_data_intervals counts",
    ),
    of(
        "scheduler",
        &["ignore_first_depends_on_past_by_default"],
        "Airflow 3 doesn't read it either; give it in default_args",
    ),
    of(
        "dag_processor",
        &["dag_bundle_storage_path", "dag_bundle_config_list", "bundle_refresh_check_interval"],
        BUNDLES,
    ),
    of(
        "dag_processor",
        &[
            "stale_bundle_cleanup_interval",
            "stale_bundle_cleanup_age_threshold",
            "stale_bundle_cleanup_min_versions",
            "disable_bundle_versioning",
        ],
        BUNDLES,
    ),
    of(
        "dag_processor",
        &["min_file_process_interval", "file_parsing_sort_mode", "stale_dag_threshold", "print_stats_interval"],
        PARSED_ON_CHANGE,
    ),
    of("dag_processor", &["max_callbacks_per_loop", "health_check_threshold"], EVENTS),
    of("dag_processor", &["parsing_pre_import_modules"], "each file is imported by a process of its own"),
    of(
        "dag_processor",
        &["dag_version_inflation_check_level"],
        "a file that gives another DAG at each look is not warned about",
    ),
    of("triggerer", &["default_capacity"], "an older name; write [triggerer] capacity"),
    of(
        "triggerer",
        &[
            "job_heartbeat_sec",
            "triggerer_health_check_threshold",
            "runner_health_check_threshold",
            "blocked_main_thread_warning_threshold",
            "max_trigger_to_select_per_loop",
            "on_kill_timeout",
        ],
        HEARTBEAT,
    ),
    of("triggerer", &["queues_enabled"], "there is one triggerer per interpreter, for all queues"),
    of(
        "triggerer",
        &["shared_stream_subscriber_queue_size", "shared_stream_ack_timeout", "shared_stream_cohort_grace_period"],
        "watchers of one stream don't share it",
    ),
    of(
        "operators",
        &["default_cpus", "default_ram", "default_disk", "default_gpus"],
        "Airflow hands them to no executor of today either",
    ),
    of(
        "logging",
        &[
            "remote_logging",
            "remote_log_conn_id",
            "delete_local_logs",
            "google_key_path",
            "remote_base_log_folder",
            "remote_task_handler_kwargs",
            "encrypt_s3_logs",
        ],
        REMOTE_LOGS,
    ),
    of(
        "logging",
        &[
            "celery_logging_level",
            "fab_logging_level",
            "uvicorn_logging_level",
            "json_logs",
            "logging_config_class",
            "colored_console_log",
            "log_format",
            "callsite_parameters",
            "simple_log_format",
            "log_formatter_class",
            "log_timestamp_format",
            "task_log_prefix_template",
            "log_filename_template",
            "task_log_reader",
            "extra_logger_names",
            "interleave_timestamp_parser",
            "celery_stdout_stderr_separation",
            "color_log_error_keywords",
            "color_log_warning_keywords",
            "log_processor_filename_template",
        ],
        LOG_FORM,
    ),
    of(
        "logging",
        &["dag_processor_log_target", "dag_processor_log_format", "dag_processor_child_process_log_directory"],
        "what parsing says is kept with the file: `dagdeck dags list-import-errors`",
    ),
    of("logging", &["min_length_masked_secret"], "secrets of five characters or more are masked"),
    of("logging", &["secret_mask_adapter"], "secrets are masked as they are"),
    of("logging", &["worker_log_server_port", "trigger_log_server_port"], WEB),
    of(
        "logging",
        &["file_task_handler_new_folder_permissions", "file_task_handler_new_file_permissions"],
        "[dagdeck] group decides who may read the home",
    ),
    of("secrets", &["backend", "backend_kwargs", "use_cache", "cache_ttl_seconds"], BACKENDS),
    of("workers", &["secrets_backend", "secrets_backend_kwargs"], BACKENDS),
    of("workers", &[], "tasks talk to their supervisor over a private socket"),
    of("metrics", &[], STATSD),
    of("traces", &[], STATSD),
    of("sentry", &[], STATSD),
    of("api", &[], WEB),
    of("api_auth", &[], WEB),
    of("execution_api", &[], WEB),
    of("webserver", &[], WEB),
    of("fab", &[], WEB),
    of("cli", &[], "the command line reads the store itself"),
    of("celery", &[], "there is no Celery executor"),
    of("kubernetes_executor", &["in_cluster"], REACHED),
    of("kubernetes_executor", &["verify_ssl", "ssl_ca_cert"], "the kubeconfig says which certificates are believed"),
    of(
        "kubernetes_executor",
        &["kube_client_request_args", "client_factory", "async_client_factory", "api_client_retry_configuration"],
        "dagdeck has its own client: requests have a time limit and are made again, with growing pauses",
    ),
    of(
        "kubernetes_executor",
        &["enable_tcp_keepalive", "tcp_keep_idle", "tcp_keep_intvl", "tcp_keep_cnt"],
        "a connection that says nothing is closed and opened again",
    ),
    of(
        "kubernetes_executor",
        &["async_pod_creation", "pod_creation_max_concurrency"],
        "worker_pods_creation_batch_size says how many pods are created at one time",
    ),
    of(
        "kubernetes_executor",
        &["task_publish_max_retries"],
        "a quota that is used up is waited for, and shown as the reason",
    ),
    of("kubernetes_executor", &["running_pod_log_lines"], "a task's log is copied whole while it is written"),
    of("kubernetes_executor", &["logs_task_metadata"], "the log's folders name the task"),
    of("celery_kubernetes_executor", &[], "there is no Celery executor"),
    of("dask", &[], "there is no Dask executor"),
    of("lineage", &[], "hooks report no lineage"),
    of("openlineage", &[], "hooks report no lineage"),
    of("kerberos", &[], "tasks run as the user that runs the scheduler"),
    of("profiling", &[], STATSD),
    of("email", &[], "no e-mail is sent"),
    of("smtp", &[], "no e-mail is sent"),
    of("sdk", &[], "tasks in other languages than Python are not run"),
    of("connection_test", &[], "`connections test` looks at once"),
    of("state_store", &[], "kept state is in the store, without an end"),
    of("callbacks", &["callback_execution_timeout"], "a callback has no time limit"),
];

/// Why an option of Airflow's has no effect; `None` for one that has, and for one that Airflow doesn't have.
pub fn why_without_effect(section: &str, key: &str) -> Option<&'static str> {
    let of_section = || FOREIGN.iter().filter(|row| row.section == section);
    of_section()
        .find(|row| row.keys.contains(&key))
        .or_else(|| of_section().find(|row| row.keys.is_empty()))
        .map(|row| row.why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::defaults::DEFAULTS;

    #[test]
    fn no_option_both_works_and_does_not() {
        for (section, key, _) in DEFAULTS {
            assert_eq!(why_without_effect(section, key), None, "[{section}] {key}");
        }
    }

    #[test]
    fn a_key_is_found_before_its_section() {
        assert_eq!(why_without_effect("workers", "secrets_backend"), Some(BACKENDS));
        assert_ne!(why_without_effect("workers", "execution_api_retries"), Some(BACKENDS));
        assert_eq!(why_without_effect("core", "parallelism"), None);
    }
}
