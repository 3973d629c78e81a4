"""`BashOperator` in Python: for subclasses, `output_processor` and `@task.bash`."""
import os

from . import state
from .operator import BaseOperator


class BashOperator(BaseOperator):
    """Runs a command with `bash -c`; the last line of its output is the XCom."""

    __module__ = "airflow.providers.standard.operators.bash"
    template_fields = ("bash_command", "env", "cwd")
    template_fields_renderers = {"bash_command": "bash", "env": "json"}
    template_ext = (".sh", ".bash")
    ui_color = "#f0ede4"

    def __init__(self, *, bash_command, env=None, append_env=False, output_encoding="utf-8", skip_on_exit_code=99,
                 cwd=None, output_processor=None, **kwargs):
        super().__init__(**kwargs)
        self.bash_command = bash_command
        self.env = env
        self.append_env = append_env
        self.output_encoding = output_encoding
        self.skip_on_exit_code = (
            skip_on_exit_code if hasattr(skip_on_exit_code, "__iter__")
            else [skip_on_exit_code] if skip_on_exit_code is not None else []
        )
        self.cwd = cwd
        self.output_processor = output_processor
        self._process = None

    def get_env(self, context):
        """The command's environment."""
        base = {k: v for k, v in os.environ.items() if k.startswith("AIRFLOW_CTX_")}
        if self.env is None:
            return dict(os.environ)
        if self.append_env:
            return {**os.environ, **self.env}
        return {**base, **self.env}

    def execute(self, context):
        from .exceptions import AirflowException, AirflowSkipException

        if self.cwd is not None:
            if not os.path.exists(self.cwd):
                raise AirflowException(f"Can not find the cwd: {self.cwd}")
            if not os.path.isdir(self.cwd):
                raise AirflowException(f"The cwd {self.cwd} must be a directory")
        if not isinstance(self.bash_command, str):
            raise AttributeError(f"{type(self.bash_command).__name__!r} object has no attribute 'endswith': bash_command "
                                 "must be one text")
        code, last = self.run_command(self.bash_command, self.get_env(context), self.cwd)
        if code in self.skip_on_exit_code:
            raise AirflowSkipException(f"Bash command returned exit code {code}. Skipping.")
        if code != 0:
            raise AirflowException(f"Bash command failed. The command returned a non-zero exit code {code}.")
        return self.output_processor(last) if self.output_processor is not None else last

    def run_command(self, command, env, cwd):
        """Runs it in a process group of its own, so that a kill reaches everything; gives exit code and last line."""
        import subprocess
        import tempfile

        log = state.channel.log if state.channel is not None else lambda *a: None
        name = "airflow.task.hooks.airflow.providers.standard.hooks.subprocess.SubprocessHook"
        with tempfile.TemporaryDirectory(prefix="airflowtmp") as folder:
            self._process = subprocess.Popen(
                ["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=cwd or folder, env=env,
                start_new_session=True,
            )
            line = ""
            for raw in iter(self._process.stdout.readline, b""):
                line = raw.decode(self.output_encoding, errors="backslashreplace").rstrip()
                log("info", name, line)
            code = self._process.wait()
        return code, line

    def on_kill(self):
        process = self._process
        if process is not None and process.poll() is None:
            try:
                os.killpg(process.pid, 15)
            except ProcessLookupError:
                pass
