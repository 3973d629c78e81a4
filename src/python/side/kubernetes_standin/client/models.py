"""`kubernetes.client.models`: one plain class per known name, made when it is asked for."""
from kubernetes_standin.client.fields import CLASSES

NAMES = frozenset("""
V1AWSElasticBlockStoreVolumeSource V1Affinity V1AggregationRule V1AppArmorProfile V1AttachedVolume
V1AzureDiskVolumeSource V1AzureFilePersistentVolumeSource V1AzureFileVolumeSource V1Binding V1BoundObjectReference
V1CSIDriver V1CSIDriverSpec V1CSINode V1CSINodeDriver V1CSINodeSpec V1CSIPersistentVolumeSource V1CSIVolumeSource
V1Capabilities V1CephFSPersistentVolumeSource V1CephFSVolumeSource V1CinderPersistentVolumeSource V1CinderVolumeSource
V1ClientIPConfig V1ClusterRole V1ClusterRoleBinding V1ClusterRoleBindingList V1ClusterRoleList
V1ClusterTrustBundleProjection V1ComponentCondition V1ComponentStatus V1Condition V1ConfigMap V1ConfigMapEnvSource
V1ConfigMapKeySelector V1ConfigMapList V1ConfigMapNodeConfigSource V1ConfigMapProjection V1ConfigMapVolumeSource
V1Container V1ContainerImage V1ContainerPort V1ContainerResizePolicy V1ContainerRestartRule
V1ContainerRestartRuleOnExitCodes V1ContainerState V1ContainerStateRunning V1ContainerStateTerminated
V1ContainerStateWaiting V1ContainerStatus V1ContainerUser V1ControllerRevision V1CronJob V1CronJobList V1CronJobSpec
V1CronJobStatus V1CrossVersionObjectReference V1CustomResourceDefinition V1DaemonEndpoint V1DaemonSet
V1DaemonSetCondition V1DaemonSetList V1DaemonSetSpec V1DaemonSetStatus V1DaemonSetUpdateStrategy V1DeleteOptions
V1Deployment V1DeploymentCondition V1DeploymentList V1DeploymentSpec V1DeploymentStatus V1DeploymentStrategy
V1DownwardAPIProjection V1DownwardAPIVolumeFile V1DownwardAPIVolumeSource V1EmptyDirVolumeSource V1Endpoint
V1EndpointConditions V1EndpointHints V1EndpointSlice V1Endpoints V1EndpointsList V1EnvFromSource V1EnvVar
V1EnvVarSource V1EphemeralContainer V1EphemeralVolumeSource V1EventSource V1Eviction V1ExecAction V1FCVolumeSource
V1FileKeySelector V1FlexPersistentVolumeSource V1FlexVolumeSource V1FlockerVolumeSource V1ForZone
V1GCEPersistentDiskVolumeSource V1GRPCAction V1GitRepoVolumeSource V1GlusterfsPersistentVolumeSource
V1GlusterfsVolumeSource V1GroupVersionForDiscovery V1HTTPGetAction V1HTTPHeader V1HTTPIngressPath
V1HTTPIngressRuleValue V1HorizontalPodAutoscaler V1HorizontalPodAutoscalerList V1HorizontalPodAutoscalerSpec
V1HorizontalPodAutoscalerStatus V1HostAlias V1HostIP V1HostPathVolumeSource V1IPBlock V1ISCSIPersistentVolumeSource
V1ISCSIVolumeSource V1ImageVolumeSource V1Ingress V1IngressBackend V1IngressClass V1IngressList V1IngressRule
V1IngressServiceBackend V1IngressSpec V1IngressStatus V1IngressTLS V1Job V1JobCondition V1JobList V1JobSpec V1JobStatus
V1JobTemplateSpec V1KeyToPath V1LabelSelector V1LabelSelectorRequirement V1Lease V1LeaseList V1LeaseSpec V1Lifecycle
V1LifecycleHandler V1LimitRange V1LimitRangeItem V1LimitRangeList V1LimitRangeSpec V1ListMeta V1LoadBalancerIngress
V1LoadBalancerStatus V1LocalObjectReference V1LocalSubjectAccessReview V1LocalVolumeSource V1ManagedFieldsEntry
V1ModifyVolumeStatus V1NFSVolumeSource V1Namespace V1NamespaceCondition V1NamespaceList V1NamespaceSpec
V1NamespaceStatus V1NetworkPolicy V1NetworkPolicyEgressRule V1NetworkPolicyIngressRule V1NetworkPolicyList
V1NetworkPolicyPeer V1NetworkPolicyPort V1NetworkPolicySpec V1Node V1NodeAddress V1NodeAffinity V1NodeCondition
V1NodeConfigSource V1NodeConfigStatus V1NodeDaemonEndpoints V1NodeFeatures V1NodeList V1NodeRuntimeHandler
V1NodeSelector V1NodeSelectorRequirement V1NodeSelectorTerm V1NodeSpec V1NodeStatus V1NodeSystemInfo
V1NonResourceAttributes V1NonResourceRule V1ObjectFieldSelector V1ObjectMeta V1ObjectReference V1Overhead
V1OwnerReference V1PersistentVolume V1PersistentVolumeClaim V1PersistentVolumeClaimCondition
V1PersistentVolumeClaimList V1PersistentVolumeClaimSpec V1PersistentVolumeClaimStatus V1PersistentVolumeClaimTemplate
V1PersistentVolumeClaimVolumeSource V1PersistentVolumeList V1PersistentVolumeSpec V1PersistentVolumeStatus
V1PhotonPersistentDiskVolumeSource V1Pod V1PodAffinity V1PodAffinityTerm V1PodAntiAffinity V1PodCertificateProjection
V1PodCondition V1PodDNSConfig V1PodDNSConfigOption V1PodDisruptionBudget V1PodDisruptionBudgetList
V1PodDisruptionBudgetSpec V1PodDisruptionBudgetStatus V1PodFailurePolicy
V1PodFailurePolicyOnExitCodesRequirement V1PodFailurePolicyOnPodConditionsPattern V1PodFailurePolicyRule V1PodIP
V1PodList V1PodOS V1PodReadinessGate V1PodResourceClaim V1PodResourceClaimStatus V1PodSchedulingGate
V1PodSecurityContext V1PodSpec V1PodStatus V1PodTemplate V1PodTemplateList V1PodTemplateSpec V1PolicyRule V1PortStatus
V1PortworxVolumeSource V1Preconditions V1PreferredSchedulingTerm V1PriorityClass V1PriorityClassList V1Probe
V1ProjectedVolumeSource V1QuobyteVolumeSource V1RBDPersistentVolumeSource V1RBDVolumeSource V1ReplicaSet
V1ReplicaSetCondition V1ReplicaSetList V1ReplicaSetSpec V1ReplicaSetStatus V1ReplicationController
V1ReplicationControllerSpec V1ResourceAttributes V1ResourceClaim V1ResourceFieldSelector V1ResourceHealth
V1ResourceQuota V1ResourceQuotaList V1ResourceQuotaSpec V1ResourceQuotaStatus V1ResourceRequirements V1ResourceStatus
V1Role V1RoleBinding V1RoleBindingList V1RoleList V1RoleRef V1RollingUpdateDaemonSet V1RollingUpdateDeployment
V1RollingUpdateStatefulSetStrategy V1RuntimeClass V1RuntimeClassList V1SELinuxOptions V1Scale
V1ScaleIOPersistentVolumeSource V1ScaleIOVolumeSource V1ScaleSpec V1ScaleStatus V1Scheduling V1ScopeSelector
V1ScopedResourceSelectorRequirement V1SeccompProfile V1Secret V1SecretEnvSource V1SecretKeySelector V1SecretList
V1SecretProjection V1SecretReference V1SecretVolumeSource V1SecurityContext V1SelfSubjectAccessReview V1Service
V1ServiceAccount V1ServiceAccountList V1ServiceAccountSubject V1ServiceAccountTokenProjection V1ServiceBackendPort
V1ServiceList V1ServicePort V1ServiceSpec V1ServiceStatus V1SessionAffinityConfig V1SleepAction V1StatefulSet
V1StatefulSetCondition V1StatefulSetList V1StatefulSetOrdinals V1StatefulSetPersistentVolumeClaimRetentionPolicy
V1StatefulSetSpec V1StatefulSetStatus V1StatefulSetUpdateStrategy V1Status V1StatusCause V1StatusDetails V1StorageClass
V1StorageClassList V1StorageOSPersistentVolumeSource V1StorageOSVolumeSource V1Subject V1SubjectAccessReview
V1SuccessPolicy V1SuccessPolicyRule V1Sysctl V1TCPSocketAction V1Taint V1Toleration V1TopologySelectorLabelRequirement
V1TopologySelectorTerm V1TopologySpreadConstraint V1TypedLocalObjectReference V1TypedObjectReference
V1UncountedTerminatedPods V1Volume V1VolumeAttachment V1VolumeDevice V1VolumeMount V1VolumeMountStatus
V1VolumeNodeAffinity V1VolumeProjection V1VolumeResourceRequirements V1VsphereVirtualDiskVolumeSource V1WatchEvent
V1WeightedPodAffinityTerm V1WindowsSecurityContextOptions V2HorizontalPodAutoscaler V2MetricSpec V2ResourceMetricSource
V2MetricTarget CoreV1Event CoreV1EventList CoreV1EndpointPort DiscoveryV1EndpointPort EventsV1Event RbacV1Subject
StorageV1TokenRequest AuthenticationV1TokenRequest VersionInfo V1alpha1PodCertificateRequest
""".split()) | frozenset(CLASSES)


def check(name, given):
    """Refuses what the real class refuses, in its words."""
    fields = CLASSES[name]
    for key in given:
        if key not in fields:
            import difflib

            near = difflib.get_close_matches(key, fields, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise TypeError(f"{name}.__init__() got an unexpected keyword argument {key!r}{hint}")
    for key, (_, _, required) in fields.items():
        if required and given.get(key) is None:
            raise ValueError(f"Invalid value for `{key}`, must not be `None`")


class Model:
    """An object of the API: keeps what it was given, in the order written."""

    def __init__(self, **kwargs):
        kwargs.pop("local_vars_configuration", None)
        name = type(self).__name__
        if name in CLASSES:
            check(name, kwargs)
        self.__dict__.update(kwargs)

    def _given(self):
        return dict(self.__dict__)

    def __getattr__(self, name):
        # A field that wasn't given.
        if name in CLASSES.get(type(self).__name__, ()):
            return None
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def to_dict(self):
        def plain(value):
            if isinstance(value, Model):
                return value.to_dict()
            if isinstance(value, (list, tuple)):
                return [plain(v) for v in value]
            if isinstance(value, dict):
                return {k: plain(v) for k, v in value.items()}
            return value

        return {k: plain(v) for k, v in self._given().items()}

    def to_str(self):
        import pprint

        return pprint.pformat(self.to_dict())

    def __repr__(self):
        return self.to_str()

    def __eq__(self, other):
        return type(self) is type(other) and self.to_dict() == other.to_dict()

    __hash__ = None

    def __ne__(self, other):
        return not self == other


def __getattr__(name):
    if name not in NAMES:
        if name[:2] != "__":
            import difflib

            near = difflib.get_close_matches(name, NAMES, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise AttributeError(f"module 'kubernetes.client.models' has no attribute {name!r}{hint}")
        raise AttributeError(name)
    made = type(name, (Model,), {"__module__": "kubernetes.client.models"})
    globals()[name] = made
    return made


def __dir__():
    return sorted(NAMES)
