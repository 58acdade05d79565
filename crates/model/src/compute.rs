//! Compute resources: clusters, and the one around each host outside a cluster.
//!
//! Their summaries are derived from their hosts ([`crate::derive`]).

use vim25::{
    DataType, MoRef, MoRefs, Obj, Str,
    mo::{ClusterComputeResource, ComputeResource, EnvironmentBrowser},
    types::*,
};

use crate::{
    entity::entity,
    kit::{some, text},
};

/// The objects that belong to a compute resource.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Its root resource pool.
    pub pool: MoRef,
    /// Tells what its hosts offer.
    pub browser: MoRef,
    /// Networks of its hosts.
    pub networks: Vec<MoRef>,
    /// Datastores of its hosts.
    pub datastores: Vec<MoRef>,
    /// Its hosts.
    pub hosts: Vec<MoRef>,
}

fn common(name: impl Into<Str>, parent: MoRef, parts: &Parts) -> ComputeResource {
    ComputeResource::with(|c| {
        c.base = entity(name, Some(parent));
        c.resource_pool = Some(parts.pool.clone());
        c.host = Some(parts.hosts.clone().into());
        c.datastore = Some(parts.datastores.clone().into());
        c.network = Some(parts.networks.clone().into());
        c.environment_browser = Some(parts.browser.clone());
        c.lifecycle_managed = Some(false);
        c.config_manager_enabled = Some(false);
    })
}

/// The compute resource around one host.
pub fn standalone(name: impl Into<Str>, parent: MoRef, parts: &Parts) -> ComputeResource {
    let mut made = common(name, parent, parts);
    made.configuration_ex = swap_with_machine().into();
    made.summary.overall_status = ManagedEntityStatus::Green;
    made
}

/// A cluster with DRS on, as resource pools need it, and HA off.
pub fn cluster(name: impl Into<Str>, parent: MoRef, parts: &Parts) -> ClusterComputeResource {
    let summary: Obj<ClusterComputeResourceSummary> = cluster_summary().into();
    ClusterComputeResource::with(|c| {
        c.base = common(name, parent, parts);
        c.base.configuration_ex = configuration_ex().into();
        c.base.summary = summary.clone().up();
        c.summary_ex = summary;
        c.configuration = ClusterConfigInfo {
            das_config: availability().into(),
            das_vm_config: Some(vec![]),
            drs_config: balancing().into(),
            drs_vm_config: Some(vec![]),
            rule: Some(vec![]),
        }
        .into();
        c.recommendation = Some(vec![]);
        c.drs_recommendation = Some(vec![]);
        c.migration_history = Some(vec![]);
        c.action_history = Some(vec![]);
        c.drs_fault = Some(vec![]);
    })
}

/// The browser of the options that a compute resource offers.
pub(crate) fn environment_browser(datastore_browser: Option<MoRef>) -> EnvironmentBrowser {
    EnvironmentBrowser { datastore_browser }
}

fn swap_with_machine() -> ComputeResourceConfigInfo {
    ComputeResourceConfigInfo {
        vm_swap_placement: text("vmDirectory"),
        spbm_enabled: Some(false),
        ..Default::default()
    }
}

fn cluster_summary() -> ClusterComputeResourceSummary {
    ClusterComputeResourceSummary::with(|s| {
        s.base.overall_status = ManagedEntityStatus::Green;
        s.num_vmotions = 0;
        s.drs_score = Some(100);
        s.num_vms_per_drs_score_bucket = Some(vec![0; 5]);
        s.cluster_maintenance_mode_status = some("notInMaintenanceMode");
    })
}

fn configuration_ex() -> ClusterConfigInfoEx {
    ClusterConfigInfoEx::with(|c| {
        c.base = swap_with_machine();
        c.das_config = availability().into();
        c.das_vm_config = Some(vec![]);
        c.drs_config = balancing().into();
        c.drs_vm_config = Some(vec![]);
        c.rule = Some(vec![]);
        c.orchestration = Some(orchestration().into());
        c.vm_orchestration = Some(vec![]);
        c.dpm_config_info = Some(power().into());
        c.dpm_host_config = Some(vec![]);
        c.vsan_config_info = Some(VsanClusterConfigInfo { enabled: Some(false), ..Default::default() }.into());
        c.vsan_host_config = Some(vec![]);
        c.group = Some(vec![]);
        c.infra_update_ha_config = Some(
            ClusterInfraUpdateHaConfigInfo {
                enabled: Some(false),
                behavior: some("Manual"),
                moderate_remediation: some("QuarantineMode"),
                severe_remediation: some("QuarantineMode"),
                providers: Some(vec![]),
            }
            .into(),
        );
        c.proactive_drs_config = Some(ClusterProactiveDrsConfigInfo { enabled: Some(false) }.into());
        c.crypto_config = Some(ClusterCryptoConfigInfo { crypto_mode: some("onDemand"), ..Default::default() }.into());
    })
}

fn balancing() -> ClusterDrsConfigInfo {
    ClusterDrsConfigInfo {
        enabled: Some(true),
        enable_vm_behavior_overrides: Some(true),
        default_vm_behavior: Some(DrsBehavior::FullyAutomated),
        vmotion_rate: Some(3),
        scale_descendants_shares: some("disabled"),
        option: Some(vec![]),
    }
}

fn power() -> ClusterDpmConfigInfo {
    ClusterDpmConfigInfo {
        enabled: Some(false),
        default_dpm_behavior: Some(DpmBehavior::Automated),
        host_power_action_rate: Some(3),
        option: Some(vec![]),
    }
}

fn orchestration() -> ClusterOrchestrationInfo {
    let readiness = ClusterVmReadiness { ready_condition: some("none"), post_ready_delay: Some(0) };
    ClusterOrchestrationInfo { default_vm_readiness: Some(readiness.into()) }
}

fn availability() -> ClusterDasConfigInfo {
    let policy = ClusterFailoverResourcesAdmissionControlPolicy::with(|p| {
        p.base.resource_reduction_to_tolerate_percent = Some(100);
        p.base.p_mem_admission_control_enabled = Some(false);
        p.cpu_failover_resources_percent = 50;
        p.memory_failover_resources_percent = 50;
        p.failover_level = Some(1);
        p.auto_compute_percentages = Some(true);
    });
    ClusterDasConfigInfo::with(|d| {
        d.enabled = Some(false);
        d.vm_monitoring = some("vmMonitoringDisabled");
        d.host_monitoring = some("enabled");
        d.vm_component_protecting = some("disabled");
        d.failover_level = Some(1);
        d.admission_control_policy = Some(policy.into());
        d.admission_control_enabled = Some(true);
        d.default_vm_settings = Some(restart().into());
        d.option = Some(vec![]);
        d.heartbeat_datastore = Some(MoRefs::new());
        d.h_b_datastore_candidate_policy = some("allFeasibleDsWithUserPreference");
    })
}

fn restart() -> ClusterDasVmSettings {
    ClusterDasVmSettings::with(|s| {
        s.restart_priority = some("medium");
        s.restart_priority_timeout = Some(600);
        s.isolation_response = some("none");
        s.vm_tools_monitoring_settings = Some(
            ClusterVmToolsMonitoringSettings::with(|t| {
                t.enabled = Some(false);
                t.vm_monitoring = some("vmMonitoringDisabled");
                t.cluster_settings = Some(false);
                t.failure_interval = Some(30);
                t.min_up_time = Some(120);
                t.max_failures = Some(3);
                t.max_failure_window = Some(-1);
            })
            .into(),
        );
        s.vm_component_protection_settings = Some(
            ClusterVmComponentProtectionSettings::with(|p| {
                p.vm_storage_protection_for_apd = some("disabled");
                p.enable_apd_timeout_for_hosts = Some(false);
                p.vm_terminate_delay_for_apd_sec = Some(180);
                p.vm_reaction_on_apd_cleared = some("none");
                p.vm_storage_protection_for_pdl = some("disabled");
            })
            .into(),
        );
    })
}
