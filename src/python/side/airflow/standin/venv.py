"""Virtual environments, and running a function's source with another interpreter."""
import os
import sys

from . import state

_child = None
LOGGER = "airflow.providers.standard.utils.python_virtualenv"


def source_of(function):
    """A function's source: moved to the left, and without decorators that make it a task."""
    import ast
    import inspect
    import textwrap

    text = textwrap.dedent(inspect.getsource(function))
    lines = text.splitlines()
    definition = ast.parse(text).body[0]
    for one in reversed(getattr(definition, "decorator_list", ())):
        call = one.func if isinstance(one, ast.Call) else one
        while isinstance(call, ast.Attribute):
            call = call.value
        if isinstance(call, ast.Name) and call.id in ("task", "setup", "teardown"):
            del lines[one.lineno - 1:one.end_lineno]
    return "\n".join(lines) + "\n"


def run_command(command, env=None, folder=None):
    """Runs a program whose output goes to the task's log; gives its exit code."""
    global _child
    import logging
    import shlex
    import subprocess

    log = logging.getLogger(LOGGER)
    log.info("Executing cmd: %s", " ".join(shlex.quote(c) for c in command))
    fds = [state.channel.fd] if state.channel is not None else []
    _child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              cwd=folder, env=env, pass_fds=fds)
    try:
        for raw in _child.stdout:
            log.info("%s", raw.decode("utf-8", "backslashreplace").rstrip())
        return _child.wait()
    except BaseException:
        end_child()
        raise
    finally:
        _child.stdout.close()
        _child = None


def end_child():
    """Ends the program that runs now."""
    if _child is not None and _child.poll() is None:
        _child.kill()
        _child.wait()


def must(command, env=None):
    """Runs a program that has to succeed."""
    import subprocess

    code = run_command(command, env)
    if code:
        raise subprocess.CalledProcessError(code, command)


def requirements_of(operator, older=False):
    """Lines of requirements, sorted."""
    wanted = [str(line) for line in operator.requirements]
    if not operator.system_site_packages and operator.serializer != "pickle" and operator.serializer not in wanted \
            and not (older and operator.serializer == "cloudpickle"):
        wanted.append(operator.serializer)
    return sorted(wanted)


def make(operator, folder):
    """Makes the operator's virtual environment in a folder."""
    requirements = os.path.join(folder, "requirements.txt")
    with open(requirements, "w") as file:
        file.write("\n".join(requirements_of(operator)))
    prepare_virtualenv(
        folder, f"python{operator.python_version}" if operator.python_version else sys.executable,
        operator.system_site_packages, requirements_file_path=requirements if requirements_of(operator) else None,
        pip_install_options=operator.pip_install_options, index_urls=operator.index_urls)


def prepare_virtualenv(venv_directory, python_bin, system_site_packages, requirements=None, requirements_file_path=None,
                       pip_install_options=None, index_urls=None):
    """Makes a virtual environment, with uv where it is installed, and gives its interpreter."""
    if requirements is not None and requirements_file_path is not None:
        raise ValueError("Either requirements OR requirements_file_path has to be passed, but not both")
    env = dict(os.environ)
    if index_urls is not None:
        with open(os.path.join(venv_directory, "pip.conf"), "w") as file:
            file.write("[global]\n")
            if not index_urls:
                file.write("no-index = true\n")
            for name, urls in (("index-url", index_urls[:1]), ("extra-index-url", index_urls[1:])):
                if urls:
                    file.write(f"{name} = {' '.join(urls)}\n")
        if index_urls:
            env["UV_DEFAULT_INDEX"] = index_urls[0]
            env.update({"UV_INDEX": " ".join(index_urls[1:])} if index_urls[1:] else {})
    python = os.path.join(venv_directory, "bin", "python")
    site = ["--system-site-packages"] if system_site_packages else []
    what = ["-r", requirements_file_path] if requirements_file_path else list(requirements or ())
    options = list(pip_install_options or ())
    if _use_uv():
        must(["uv", "venv", "--allow-existing", "--seed", "--python", python_bin, *site, venv_directory], env)
        install = ["uv", "pip", "install", "--python", python]
    else:
        must([python_bin, "-m", "venv", venv_directory, *site], env)
        install = [os.path.join(venv_directory, "bin", "pip"), "install"]
    if what:
        must([*install, *options, *what], env)
    return python


def _use_uv():
    import shutil

    from .configuration import conf

    method = conf.get("standard", "venv_install_method", fallback="auto").lower()
    return method == "uv" or method == "auto" and shutil.which("uv") is not None


def cache_hash(operator, older=False):
    """(folder suffix, what it was made of)."""
    import hashlib
    import json

    from .variables import Variable

    text = json.dumps({
        "requirements_list": requirements_of(operator, older), "pip_install_options": operator.pip_install_options,
        "index_urls": operator.index_urls,
        "cache_key": str(Variable.get("python_virtualenv_operator_cache_key", "")),
        "python_version": operator.python_version, "system_site_packages": operator.system_site_packages,
    }, sort_keys=True)
    return hashlib.md5(text.encode()).hexdigest()[:8], text


def cached(operator, base):
    """The kept virtual environment of the same requirements; made once, also if several tries want it."""
    import fcntl
    import shutil

    suffix, text = cache_hash(operator)
    folder = os.path.join(base, f"venv-{suffix}")
    mark = os.path.join(folder, "install_complete_marker.json")
    operator.log.info("Python virtual environment will be cached in %s", folder)
    os.makedirs(base, exist_ok=True)
    with open(folder + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.isfile(mark):
            with open(mark, encoding="utf-8") as file:
                if file.read() == text:
                    operator.log.info("Reusing cached Python virtual environment in %s", folder)
                    return folder
        if os.path.exists(folder):
            operator.log.warning("Found a previous (probably partial installed) virtual environment in %s, deleting and "
                                 "re-creating.", folder)
            shutil.rmtree(folder)
        try:
            os.makedirs(folder)
            make(operator, folder)
            with open(mark, "w", encoding="utf-8") as file:
                file.write(text)
        except Exception as error:
            from .exceptions import AirflowException

            shutil.rmtree(folder, ignore_errors=True)
            raise AirflowException(f"Unable to create new virtual environment in {folder}") from error
    operator.log.info("New Python virtual environment created in %s", folder)
    return folder


def library(name):
    """The pickling module; plain pickle where this interpreter lacks the one asked for (it reads what that one wrote
    for ordinary values)."""
    try:
        return __import__(name)
    except ImportError:
        import pickle

        return pickle


def write_arguments(operator, path):
    """Pickles the arguments; the error names those that can't be."""
    from dagdeck_venv import native

    pickling = library(operator.serializer)
    args = native(list(operator.op_args))
    kwargs = {k: native(plain(v)) for k, v in operator.op_kwargs.items()}
    if operator.templates_dict is not None and "templates_dict" not in kwargs and takes(operator, "templates_dict"):
        kwargs["templates_dict"] = native(operator.templates_dict)
    bad = []
    for key in list(kwargs):
        try:
            pickling.dumps(kwargs[key])
        except Exception:
            # what only came along with **kwargs isn't missed
            if key in CONTEXT and key not in names_of(operator.python_callable):
                del kwargs[key]
            else:
                bad.append(key)
    if bad:
        from .exceptions import AirflowException

        raise AirflowException(
            f"Failed to serialize op_kwargs. The following keys contain objects that cannot be pickled: {bad}. "
            "Pass the values that the function needs, e.g. '{{ ti.task_id }}' or '{{ ti.run_id }}'.")
    with open(path, "wb") as file:
        file.write(pickling.dumps({"args": args, "kwargs": kwargs}))


CONTEXT = frozenset(("dag", "task", "dag_run", "macros", "conf", "inlets", "outlets", "params",
                     "triggering_asset_events"))


def plain(value):
    """The value behind one that is asked for late."""
    return value._value() if type(value).__name__ == "Proxy" else value


def names_of(function):
    code = function.__code__
    return code.co_varnames[:code.co_argcount + code.co_kwonlyargcount]


def takes(operator, name):
    function = operator.python_callable
    return name in names_of(function) or bool(function.__code__.co_flags & 8)


def run(operator, python):
    """Runs the operator's function with an interpreter and gives its result."""
    import json
    import pickle
    import tempfile

    from dagdeck_side.load import module_name
    from dagdeck_venv import pendulum_version

    from .exceptions import AirflowException, AirflowSkipException

    runner = os.path.join(state.SIDE, "dagdeck_venv.py")
    with tempfile.TemporaryDirectory(prefix="venv-call") as folder:
        def file_of(name):
            return os.path.join(folder, name)

        write_arguments(operator, file_of("script.in"))
        with open(file_of("function.py"), "w", encoding="utf-8") as file:
            file.write("from __future__ import annotations\n" + operator.get_python_source())
        request = {
            "serializer": operator.serializer, "function": operator.python_callable.__name__, "side": state.SIDE,
            "airflow": bool(operator.expect_airflow), "string_args": [str(s) for s in operator.string_args],
            "module": module_name(operator.dag.fileloc), "pendulum": pendulum_version(),
        }
        with open(file_of("request.json"), "w") as file:
            json.dump(request, file)
        code = run_command([python, runner, folder], environment(operator))
        if code in operator.skip_on_exit_code:
            raise AirflowSkipException(f"Process exited with code {code}. Skipping.")
        if code:
            try:
                with open(file_of("termination.log"), encoding="utf-8") as file:
                    why = file.read()
            except OSError:
                why = ""
            if not why:
                import subprocess

                raise subprocess.CalledProcessError(code, [python, runner, folder])
            raise AirflowException(f"Process returned non-zero exit status {code}.\n{why}")
        if os.path.getsize(file_of("script.out")) == 0:
            return None
        with open(file_of("script.out"), "rb") as file:
            try:
                return library(operator.serializer).load(file)
            except (ValueError, pickle.UnpicklingError, ImportError, AttributeError) as error:
                from .exceptions import DeserializingResultError

                raise DeserializingResultError(
                    f"Error deserializing result. Note that result deserialization is not supported across major Python "
                    f"versions. {type(error).__name__}: {error}") from error


def environment(operator):
    """The environment of the other interpreter; DAG folder and channel included."""
    env = dict(os.environ) if operator.inherit_env else {}
    env.update(operator.env_vars or {})
    folder = state.dags_folder or os.path.dirname(operator.dag.fileloc)
    env["PYTHONPATH"] = os.pathsep.join(filter(None, (env.get("PYTHONPATH"), folder)))
    env["PYTHON_OPERATORS_VIRTUAL_ENV_MODE"] = "1"
    if state.channel is not None:
        env["DAGDECK_FD"] = str(state.channel.fd)
    return env
