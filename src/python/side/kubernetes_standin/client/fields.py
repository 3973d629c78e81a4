"""Fields of the objects that pods and jobs are made of, as data (client 36.0). A line per class: `name:type`, no type is text.

`!` after a name: it must be given. `=NAME`: how the API spells it where that isn't the camel case of the name. `[T]` is a
list, `{T}` a dict with text keys, `object` anything. The program reads this file too.
"""
FIELDS = """
CoreV1ResourceClaim name! request
V1AWSElasticBlockStoreVolumeSource fs_type partition:int read_only:bool volume_id!=volumeID
V1Affinity node_affinity:V1NodeAffinity pod_affinity:V1PodAffinity pod_anti_affinity:V1PodAntiAffinity
V1AppArmorProfile localhost_profile type!
V1AzureDiskVolumeSource caching_mode disk_name! disk_uri!=diskURI fs_type kind read_only:bool
V1AzureFileVolumeSource read_only:bool secret_name! share_name!
V1CSIVolumeSource driver! fs_type node_publish_secret_ref:V1LocalObjectReference read_only:bool
  volume_attributes:{str}
V1Capabilities add:[str] drop:[str]
V1CephFSVolumeSource monitors!:[str] path read_only:bool secret_file secret_ref:V1LocalObjectReference user
V1CinderVolumeSource fs_type read_only:bool secret_ref:V1LocalObjectReference volume_id!=volumeID
V1ClusterTrustBundleProjection label_selector:V1LabelSelector name optional:bool path! signer_name
V1ConfigMap api_version binary_data:{str} data:{str} immutable:bool kind metadata:V1ObjectMeta
V1ConfigMapEnvSource name optional:bool
V1ConfigMapKeySelector key! name optional:bool
V1ConfigMapProjection items:[V1KeyToPath] name optional:bool
V1ConfigMapVolumeSource default_mode:int items:[V1KeyToPath] name optional:bool
V1Container args:[str] command:[str] env:[V1EnvVar] env_from:[V1EnvFromSource] image image_pull_policy
  lifecycle:V1Lifecycle liveness_probe:V1Probe name! ports:[V1ContainerPort] readiness_probe:V1Probe
  resize_policy:[V1ContainerResizePolicy] resources:V1ResourceRequirements restart_policy
  restart_policy_rules:[V1ContainerRestartRule] security_context:V1SecurityContext startup_probe:V1Probe stdin:bool
  stdin_once:bool termination_message_path termination_message_policy tty:bool volume_devices:[V1VolumeDevice]
  volume_mounts:[V1VolumeMount] working_dir
V1ContainerPort container_port!:int host_ip=hostIP host_port:int name protocol
V1ContainerResizePolicy resource_name! restart_policy!
V1ContainerRestartRule action! exit_codes:V1ContainerRestartRuleOnExitCodes
V1ContainerRestartRuleOnExitCodes operator! values:[int]
V1ContainerState running:V1ContainerStateRunning terminated:V1ContainerStateTerminated waiting:V1ContainerStateWaiting
V1ContainerStateRunning started_at:datetime
V1ContainerStateTerminated container_id=containerID exit_code!:int finished_at:datetime message reason signal:int
  started_at:datetime
V1ContainerStateWaiting message reason
V1ContainerStatus allocated_resources:{str} allocated_resources_status:[object] container_id=containerID image!
  image_id!=imageID last_state:V1ContainerState name! ready!:bool resources:V1ResourceRequirements restart_count!:int
  started:bool state:V1ContainerState stop_signal user:object volume_mounts:[object]
V1DownwardAPIProjection items:[V1DownwardAPIVolumeFile]
V1DownwardAPIVolumeFile field_ref:V1ObjectFieldSelector mode:int path! resource_field_ref:V1ResourceFieldSelector
V1DownwardAPIVolumeSource default_mode:int items:[V1DownwardAPIVolumeFile]
V1EmptyDirVolumeSource medium size_limit
V1EnvFromSource config_map_ref:V1ConfigMapEnvSource prefix secret_ref:V1SecretEnvSource
V1EnvVar name! value value_from:V1EnvVarSource
V1EnvVarSource config_map_key_ref:V1ConfigMapKeySelector field_ref:V1ObjectFieldSelector
  file_key_ref:V1FileKeySelector resource_field_ref:V1ResourceFieldSelector secret_key_ref:V1SecretKeySelector
V1EphemeralContainer args:[str] command:[str] env:[V1EnvVar] env_from:[V1EnvFromSource] image image_pull_policy
  lifecycle:V1Lifecycle liveness_probe:V1Probe name! ports:[V1ContainerPort] readiness_probe:V1Probe
  resize_policy:[V1ContainerResizePolicy] resources:V1ResourceRequirements restart_policy
  restart_policy_rules:[V1ContainerRestartRule] security_context:V1SecurityContext startup_probe:V1Probe stdin:bool
  stdin_once:bool target_container_name termination_message_path termination_message_policy tty:bool
  volume_devices:[V1VolumeDevice] volume_mounts:[V1VolumeMount] working_dir
V1EphemeralVolumeSource volume_claim_template:V1PersistentVolumeClaimTemplate
V1ExecAction command:[str]
V1FCVolumeSource fs_type lun:int read_only:bool target_wwns=targetWWNs:[str] wwids:[str]
V1FileKeySelector key! optional:bool path! volume_name!
V1FlexVolumeSource driver! fs_type options:{str} read_only:bool secret_ref:V1LocalObjectReference
V1FlockerVolumeSource dataset_name dataset_uuid=datasetUUID
V1GCEPersistentDiskVolumeSource fs_type partition:int pd_name! read_only:bool
V1GRPCAction port!:int service
V1GitRepoVolumeSource directory repository! revision
V1GlusterfsVolumeSource endpoints! path! read_only:bool
V1HTTPGetAction host http_headers:[V1HTTPHeader] path port!:object scheme
V1HTTPHeader name! value!
V1HostAlias hostnames:[str] ip!
V1HostIP ip
V1HostPathVolumeSource path! type
V1ISCSIVolumeSource chap_auth_discovery:bool chap_auth_session:bool fs_type initiator_name iqn! iscsi_interface
  lun!:int portals:[str] read_only:bool secret_ref:V1LocalObjectReference target_portal!
V1ImageVolumeSource pull_policy reference
V1Job api_version kind metadata:V1ObjectMeta spec:V1JobSpec status:V1JobStatus
V1JobCondition last_probe_time:datetime last_transition_time:datetime message reason status! type!
V1JobSpec active_deadline_seconds:int backoff_limit:int backoff_limit_per_index:int completion_mode completions:int
  managed_by manual_selector:bool max_failed_indexes:int parallelism:int pod_failure_policy:V1PodFailurePolicy
  pod_replacement_policy selector:V1LabelSelector success_policy:V1SuccessPolicy suspend:bool
  template!:V1PodTemplateSpec ttl_seconds_after_finished:int
V1JobStatus active:int completed_indexes completion_time:datetime conditions:[V1JobCondition] failed:int failed_indexes
  ready:int start_time:datetime succeeded:int terminating:int
  uncounted_terminated_pods:V1UncountedTerminatedPods
V1KeyToPath key! mode:int path!
V1LabelSelector match_expressions:[V1LabelSelectorRequirement] match_labels:{str}
V1LabelSelectorRequirement key! operator! values:[str]
V1Lifecycle post_start:V1LifecycleHandler pre_stop:V1LifecycleHandler stop_signal
V1LifecycleHandler _exec=exec:V1ExecAction http_get:V1HTTPGetAction sleep:V1SleepAction tcp_socket:V1TCPSocketAction
V1LocalObjectReference name
V1ManagedFieldsEntry api_version fields_type fields_v1:object manager operation subresource time:datetime
V1NFSVolumeSource path! read_only:bool server!
V1NodeAffinity preferred_during_scheduling_ignored_during_execution:[V1PreferredSchedulingTerm]
  required_during_scheduling_ignored_during_execution:V1NodeSelector
V1NodeSelector node_selector_terms!:[V1NodeSelectorTerm]
V1NodeSelectorRequirement key! operator! values:[str]
V1NodeSelectorTerm match_expressions:[V1NodeSelectorRequirement] match_fields:[V1NodeSelectorRequirement]
V1ObjectFieldSelector api_version field_path!
V1ObjectMeta annotations:{str} creation_timestamp:datetime deletion_grace_period_seconds:int
  deletion_timestamp:datetime finalizers:[str] generate_name generation:int labels:{str}
  managed_fields:[V1ManagedFieldsEntry] name namespace owner_references:[V1OwnerReference] resource_version self_link
  uid
V1OwnerReference api_version! block_owner_deletion:bool controller:bool kind! name! uid!
V1PersistentVolumeClaim api_version kind metadata:V1ObjectMeta spec:V1PersistentVolumeClaimSpec status:object
V1PersistentVolumeClaimSpec access_modes:[str] data_source:V1TypedLocalObjectReference
  data_source_ref:V1TypedObjectReference resources:V1VolumeResourceRequirements selector:V1LabelSelector
  storage_class_name volume_attributes_class_name volume_mode volume_name
V1PersistentVolumeClaimTemplate metadata:V1ObjectMeta spec!:V1PersistentVolumeClaimSpec
V1PersistentVolumeClaimVolumeSource claim_name! read_only:bool
V1PhotonPersistentDiskVolumeSource fs_type pd_id!=pdID
V1Pod api_version kind metadata:V1ObjectMeta spec:V1PodSpec status:V1PodStatus
V1PodAffinity preferred_during_scheduling_ignored_during_execution:[V1WeightedPodAffinityTerm]
  required_during_scheduling_ignored_during_execution:[V1PodAffinityTerm]
V1PodAffinityTerm label_selector:V1LabelSelector match_label_keys:[str] mismatch_label_keys:[str]
  namespace_selector:V1LabelSelector namespaces:[str] topology_key!
V1PodAntiAffinity preferred_during_scheduling_ignored_during_execution:[V1WeightedPodAffinityTerm]
  required_during_scheduling_ignored_during_execution:[V1PodAffinityTerm]
V1PodCertificateProjection certificate_chain_path credential_bundle_path key_path key_type! max_expiration_seconds:int
  signer_name! user_annotations:{str}
V1PodCondition last_probe_time:datetime last_transition_time:datetime message observed_generation:int reason status!
  type!
V1PodDNSConfig nameservers:[str] options:[V1PodDNSConfigOption] searches:[str]
V1PodDNSConfigOption name value
V1PodFailurePolicy rules!:[V1PodFailurePolicyRule]
V1PodFailurePolicyOnExitCodesRequirement container_name operator! values!:[int]
V1PodFailurePolicyOnPodConditionsPattern status type!
V1PodFailurePolicyRule action! on_exit_codes:V1PodFailurePolicyOnExitCodesRequirement
  on_pod_conditions:[V1PodFailurePolicyOnPodConditionsPattern]
V1PodIP ip
V1PodOS name!
V1PodReadinessGate condition_type!
V1PodResourceClaim name! resource_claim_name resource_claim_template_name
V1PodSchedulingGate name!
V1PodSchedulingGroup pod_group_name
V1PodSecurityContext app_armor_profile:V1AppArmorProfile fs_group:int fs_group_change_policy run_as_group:int
  run_as_non_root:bool run_as_user:int se_linux_change_policy se_linux_options:V1SELinuxOptions
  seccomp_profile:V1SeccompProfile supplemental_groups:[int] supplemental_groups_policy sysctls:[V1Sysctl]
  windows_options:V1WindowsSecurityContextOptions
V1PodSpec active_deadline_seconds:int affinity:V1Affinity automount_service_account_token:bool
  containers!:[V1Container] dns_config:V1PodDNSConfig dns_policy enable_service_links:bool
  ephemeral_containers:[V1EphemeralContainer] host_aliases:[V1HostAlias] host_ipc=hostIPC:bool host_network:bool
  host_pid=hostPID:bool host_users:bool hostname hostname_override image_pull_secrets:[V1LocalObjectReference]
  init_containers:[V1Container] node_name node_selector:{str} os:V1PodOS overhead:{str} preemption_policy priority:int
  priority_class_name readiness_gates:[V1PodReadinessGate] resource_claims:[V1PodResourceClaim]
  resources:V1ResourceRequirements restart_policy runtime_class_name scheduler_name
  scheduling_gates:[V1PodSchedulingGate] scheduling_group:V1PodSchedulingGroup security_context:V1PodSecurityContext
  service_account service_account_name set_hostname_as_fqdn=setHostnameAsFQDN:bool share_process_namespace:bool
  subdomain termination_grace_period_seconds:int tolerations:[V1Toleration]
  topology_spread_constraints:[V1TopologySpreadConstraint] volumes:[V1Volume]
V1PodStatus allocated_resources:{str} conditions:[V1PodCondition] container_statuses:[V1ContainerStatus]
  ephemeral_container_statuses:[V1ContainerStatus] extended_resource_claim_status:object host_ip=hostIP
  host_ips=hostIPs:[V1HostIP] init_container_statuses:[V1ContainerStatus] message nominated_node_name
  observed_generation:int phase pod_ip=podIP pod_ips=podIPs:[V1PodIP] qos_class reason resize
  resource_claim_statuses:[object] resources:V1ResourceRequirements start_time:datetime
V1PodTemplateSpec metadata:V1ObjectMeta spec:V1PodSpec
V1PortworxVolumeSource fs_type read_only:bool volume_id!=volumeID
V1PreferredSchedulingTerm preference!:V1NodeSelectorTerm weight!:int
V1Probe _exec=exec:V1ExecAction failure_threshold:int grpc:V1GRPCAction http_get:V1HTTPGetAction
  initial_delay_seconds:int period_seconds:int success_threshold:int tcp_socket:V1TCPSocketAction
  termination_grace_period_seconds:int timeout_seconds:int
V1ProjectedVolumeSource default_mode:int sources:[V1VolumeProjection]
V1QuobyteVolumeSource group read_only:bool registry! tenant user volume!
V1RBDVolumeSource fs_type image! keyring monitors!:[str] pool read_only:bool secret_ref:V1LocalObjectReference user
V1ResourceFieldSelector container_name divisor resource!
V1ResourceRequirements claims:[CoreV1ResourceClaim] limits:{str} requests:{str}
V1SELinuxOptions level role type user
V1ScaleIOVolumeSource fs_type gateway! protection_domain read_only:bool secret_ref!:V1LocalObjectReference
  ssl_enabled:bool storage_mode storage_pool system! volume_name
V1SeccompProfile localhost_profile type!
V1Secret api_version data:{str} immutable:bool kind metadata:V1ObjectMeta string_data:{str} type
V1SecretEnvSource name optional:bool
V1SecretKeySelector key! name optional:bool
V1SecretProjection items:[V1KeyToPath] name optional:bool
V1SecretVolumeSource default_mode:int items:[V1KeyToPath] optional:bool secret_name
V1SecurityContext allow_privilege_escalation:bool app_armor_profile:V1AppArmorProfile capabilities:V1Capabilities
  privileged:bool proc_mount read_only_root_filesystem:bool run_as_group:int run_as_non_root:bool run_as_user:int
  se_linux_options:V1SELinuxOptions seccomp_profile:V1SeccompProfile windows_options:V1WindowsSecurityContextOptions
V1ServiceAccountTokenProjection audience expiration_seconds:int path!
V1SleepAction seconds!:int
V1StorageOSVolumeSource fs_type read_only:bool secret_ref:V1LocalObjectReference volume_name volume_namespace
V1SuccessPolicy rules!:[V1SuccessPolicyRule]
V1SuccessPolicyRule succeeded_count:int succeeded_indexes
V1Sysctl name! value!
V1TCPSocketAction host port!:object
V1Toleration effect key operator toleration_seconds:int value
V1TopologySpreadConstraint label_selector:V1LabelSelector match_label_keys:[str] max_skew!:int min_domains:int
  node_affinity_policy node_taints_policy topology_key! when_unsatisfiable!
V1TypedLocalObjectReference api_group kind! name!
V1TypedObjectReference api_group kind! name! namespace
V1UncountedTerminatedPods failed:[str] succeeded:[str]
V1Volume aws_elastic_block_store:V1AWSElasticBlockStoreVolumeSource azure_disk:V1AzureDiskVolumeSource
  azure_file:V1AzureFileVolumeSource cephfs:V1CephFSVolumeSource cinder:V1CinderVolumeSource
  config_map:V1ConfigMapVolumeSource csi:V1CSIVolumeSource downward_api=downwardAPI:V1DownwardAPIVolumeSource
  empty_dir:V1EmptyDirVolumeSource ephemeral:V1EphemeralVolumeSource fc:V1FCVolumeSource
  flex_volume:V1FlexVolumeSource flocker:V1FlockerVolumeSource gce_persistent_disk:V1GCEPersistentDiskVolumeSource
  git_repo:V1GitRepoVolumeSource glusterfs:V1GlusterfsVolumeSource host_path:V1HostPathVolumeSource
  image:V1ImageVolumeSource iscsi:V1ISCSIVolumeSource name! nfs:V1NFSVolumeSource
  persistent_volume_claim:V1PersistentVolumeClaimVolumeSource
  photon_persistent_disk:V1PhotonPersistentDiskVolumeSource portworx_volume:V1PortworxVolumeSource
  projected:V1ProjectedVolumeSource quobyte:V1QuobyteVolumeSource rbd:V1RBDVolumeSource
  scale_io=scaleIO:V1ScaleIOVolumeSource secret:V1SecretVolumeSource storageos:V1StorageOSVolumeSource
  vsphere_volume:V1VsphereVirtualDiskVolumeSource
V1VolumeDevice device_path! name!
V1VolumeMount mount_path! mount_propagation name! read_only:bool recursive_read_only sub_path sub_path_expr
V1VolumeProjection cluster_trust_bundle:V1ClusterTrustBundleProjection config_map:V1ConfigMapProjection
  downward_api=downwardAPI:V1DownwardAPIProjection pod_certificate:V1PodCertificateProjection
  secret:V1SecretProjection service_account_token:V1ServiceAccountTokenProjection
V1VolumeResourceRequirements limits:{str} requests:{str}
V1VsphereVirtualDiskVolumeSource fs_type storage_policy_id=storagePolicyID storage_policy_name volume_path!
V1WeightedPodAffinityTerm pod_affinity_term!:V1PodAffinityTerm weight!:int
V1WindowsSecurityContextOptions gmsa_credential_spec gmsa_credential_spec_name host_process:bool run_as_user_name
"""


def parse(text):
    """Class name to its fields: name to (spelling in the API, type, must be given)."""
    made, fields = {}, None
    for word in text.split():
        if word[:1].isupper():
            fields = made[word] = {}
            continue
        rest, _, kind = word.partition(":")
        rest, _, spelling = rest.partition("=")
        name = rest.rstrip("!")
        fields[name] = spelling or camel(name), kind or "str", rest != name
    return made


def camel(name):
    """`api_version` to `apiVersion`."""
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


CLASSES = parse(FIELDS)
SPELLED = {name: field[0] for fields in CLASSES.values() for name, field in fields.items()}
