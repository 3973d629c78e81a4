"""Hooks: the base class for an author's own, and the few that need nothing installed."""


class BaseHook:
    """Base of hooks."""

    __module__ = "airflow.sdk.bases.hook"
    conn_name_attr = default_conn_name = conn_type = hook_name = ""

    def __init__(self, logger_name=None, **kwargs):
        self._logger_name = logger_name

    @classmethod
    def get_connection(cls, conn_id):
        from .variables import find_connection

        return find_connection(conn_id)

    @classmethod
    def get_connections(cls, conn_id):
        return [cls.get_connection(conn_id)]

    @classmethod
    def get_hook(cls, conn_id, hook_params=None):
        return cls.get_connection(conn_id).get_hook(hook_params=hook_params)

    @classmethod
    async def aget_connection(cls, conn_id):
        """`get_connection` for code of triggers and async tasks."""
        import asyncio

        return await asyncio.get_running_loop().run_in_executor(None, cls.get_connection, conn_id)

    @classmethod
    async def aget_hook(cls, conn_id, hook_params=None):
        return (await cls.aget_connection(conn_id)).get_hook(hook_params=hook_params)

    def get_conn(self):
        raise NotImplementedError()

    @property
    def log(self):
        import logging

        return logging.getLogger(self._logger_name_or())

    def _logger_name_or(self):
        return getattr(self, "_logger_name", None) or type(self).__module__ + "." + type(self).__name__

    @classmethod
    def get_connection_form_widgets(cls):
        return {}

    @classmethod
    def get_ui_field_behaviour(cls):
        return {}


class FSHook(BaseHook):
    """A folder named by a connection."""

    __module__ = "airflow.providers.standard.hooks.filesystem"
    conn_type = "fs"

    def __init__(self, fs_conn_id="fs_default", **kwargs):
        super().__init__(**kwargs)
        try:
            self.conn = self.get_connection(fs_conn_id)
            self.basepath = self.conn.extra_dejson.get("path", "")
        except Exception:
            # fs_default means "/" wherever nobody defined it
            if fs_conn_id != "fs_default":
                raise
            self.conn, self.basepath = None, "/"

    def get_conn(self):
        return self.conn

    def get_path(self):
        return self.basepath


class PackageIndexHook(BaseHook):
    """The URL of a package index, with the login of a connection."""

    __module__ = "airflow.providers.standard.hooks.package_index"
    conn_name_attr, default_conn_name, conn_type = "pi_conn_id", "package_index_default", "package_index"
    hook_name = "Package Index (Python)"

    def __init__(self, pi_conn_id="package_index_default", **kwargs):
        super().__init__(**kwargs)
        self.pi_conn_id = pi_conn_id
        self.conn = None

    def get_conn(self):
        return self.get_connection_url()

    def get_connection_url(self):
        conn = self.get_connection(self.pi_conn_id)
        url = conn.host or "https://pypi.org/simple"
        if conn.login:
            password = f":{conn.password}" if conn.password else ""
            url = url.replace("://", f"://{conn.login}{password}@", 1)
        return url


class working_directory:  # noqa: N801  Airflow's name
    """`with working_directory(cwd) as folder:` gives the folder, or one that is removed afterwards."""

    def __init__(self, cwd=None):
        self.cwd, self.made = cwd, None

    def __enter__(self):
        if self.cwd is not None:
            return self.cwd
        import tempfile

        self.made = tempfile.TemporaryDirectory(prefix="airflowtmp")
        return self.made.name

    def __exit__(self, kind, value, trace):
        if self.made is not None:
            self.made.cleanup()


class SubprocessResult(tuple):
    """(exit_code, output)."""

    def __new__(cls, exit_code, output):
        return super().__new__(cls, (exit_code, output))

    exit_code = property(lambda self: self[0])
    output = property(lambda self: self[1])


class SubprocessHook(BaseHook):
    """Runs a command."""

    __module__ = "airflow.providers.standard.hooks.subprocess"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.sub_process = None

    def run_command(self, command, env=None, output_encoding="utf-8", cwd=None):
        import os
        import subprocess

        self.sub_process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=cwd,
                                            env=env if env or env == {} else dict(os.environ), start_new_session=True)
        line = ""
        for raw in iter(self.sub_process.stdout.readline, b""):
            line = raw.decode(output_encoding, "backslashreplace").rstrip()
            self.log.info("%s", line)
        return SubprocessResult(self.sub_process.wait(), line)

    def send_sigterm(self):
        import os

        if self.sub_process is not None and self.sub_process.poll() is None:
            os.killpg(self.sub_process.pid, 15)


class S3Hook(BaseHook):
    """Parses; using it says that it isn't built in."""

    __module__ = "airflow.providers.amazon.aws.hooks.s3"
    conn_type = "aws"
    instead = "boto3"

    def __init__(self, aws_conn_id="aws_default", *args, **kwargs):
        super().__init__()
        self.aws_conn_id = aws_conn_id

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        from .exceptions import AirflowFailException

        raise AirflowFailException(f"{type(self).__name__}.{name} is not built into this version of dagdeck; use "
                                   f"{self.instead}")


class SmtpHook(S3Hook):
    """Parses; using it says that it isn't built in."""

    __module__ = "airflow.providers.smtp.hooks.smtp"
    conn_type = "smtp"
    instead = "smtplib"

    def __init__(self, smtp_conn_id="smtp_default", *args, **kwargs):
        BaseHook.__init__(self)
        self.smtp_conn_id = smtp_conn_id
