"""`S3KeySensor`: parses with all its parameters; dagdeck waits itself, unless a callable must be asked."""
from .operator import DEFERRABLE
from .sensor import BaseSensorOperator


class S3KeySensor(BaseSensorOperator):
    """Waits for an object of a bucket."""

    __module__ = "airflow.providers.amazon.aws.sensors.s3"
    template_fields = ("aws_conn_id", "region_name", "verify", "bucket_key", "bucket_name")

    def __init__(self, *, bucket_key, bucket_name=None, wildcard_match=False, check_fn=None, aws_conn_id="aws_default",
                 verify=None, deferrable=DEFERRABLE, use_regex=False, metadata_keys=None, region_name=None,
                 botocore_config=None, api_params=None, **kwargs):
        self.deferrable = deferrable
        super().__init__(**kwargs)
        self.bucket_key, self.bucket_name, self.wildcard_match = bucket_key, bucket_name, wildcard_match
        self.check_fn, self.aws_conn_id, self.verify = check_fn, aws_conn_id, verify
        self.use_regex, self.metadata_keys, self.region_name = use_regex, metadata_keys, region_name
        self.botocore_config = botocore_config

    def poke(self, context):
        from .exceptions import AirflowFailException

        raise AirflowFailException("S3KeySensor is not built into this version of dagdeck")


class S3KeysUnchangedSensor(BaseSensorOperator):
    """Waits until the objects below a prefix no longer change."""

    __module__ = "airflow.providers.amazon.aws.sensors.s3"
    template_fields = ("aws_conn_id", "region_name", "verify", "bucket_name", "prefix")

    def __init__(self, *, bucket_name, prefix, aws_conn_id="aws_default", verify=None, inactivity_period=3600,
                 min_objects=1, previous_objects=None, allow_delete=True, deferrable=DEFERRABLE, region_name=None, **kwargs):
        self.deferrable = deferrable
        super().__init__(**kwargs)
        self.bucket_name, self.prefix, self.aws_conn_id, self.verify = bucket_name, prefix, aws_conn_id, verify
        self.inactivity_period, self.min_objects, self.allow_delete = inactivity_period, min_objects, allow_delete
        self.previous_objects, self.region_name = previous_objects, region_name

    def poke(self, context):
        from .exceptions import AirflowFailException

        raise AirflowFailException("S3KeysUnchangedSensor is not built into this version of dagdeck")
