"""`kubernetes.config`: loading a configuration needs the real package."""


def _missing(*args, **kwargs):
    raise ImportError("kubernetes.config needs the real package: pip install kubernetes")


load_kube_config = load_incluster_config = load_config = _missing
