"""What tasks have whose author said nothing: Airflow's defaults, unless the configuration says otherwise."""
import os


def _given(section, key):
    return os.environ.get(f"AIRFLOW__{section}__{key}".upper()) or None


def _length(key):
    """A `timedelta` of seconds; None where nothing is configured."""
    given = _given("core", key)
    if given is None:
        return None
    import datetime as dt

    return dt.timedelta(seconds=float(given))


def _longest_delay():
    given = _given("core", "max_task_retry_delay")
    return None if given is None else float(given)


OWNER = _given("operators", "default_owner") or "airflow"
QUEUE = _given("operators", "default_queue") or "default"
DEFERRABLE = (_given("operators", "default_deferrable") or "").lower() in ("true", "t", "1", "yes", "on")
RETRIES = int(_given("core", "default_task_retries") or 0)
RETRY_DELAY = _length("default_task_retry_delay")
LONGEST_DELAY = _longest_delay()
EXECUTION_TIMEOUT = _length("default_task_execution_timeout")
WEIGHT_RULE = _given("core", "default_task_weight_rule") or "downstream"
SENSOR_TIMEOUT = float(_given("sensors", "default_timeout") or 604800)
