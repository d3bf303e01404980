//! The objects of SARIF 2.1.0 that are emitted, with the properties that are.

use serde::Serialize;

/// §3.13 `sarifLog`.
#[derive(Serialize)]
pub(super) struct Log {
    #[serde(rename = "$schema")]
    pub(super) schema: &'static str,
    pub(super) version: &'static str,
    pub(super) runs: [Run; 1],
}

/// §3.14 `run`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run {
    pub(super) tool: Tool,
    pub(super) invocations: [Invocation; 1],
    pub(super) automation_details: AutomationDetails,
    pub(super) original_uri_base_ids: UriBases,
    /// §3.14.17: what a column counts.
    pub(super) column_kind: &'static str,
    pub(super) results: Vec<Result>,
}

/// §3.17 `runAutomationDetails`; the part of the id before the last `/` is GitHub's category.
#[derive(Serialize)]
pub(super) struct AutomationDetails {
    pub(super) id: &'static str,
}

/// §3.14.14 `originalUriBaseIds`: the root has a meaning and, so that no absolute path gets out, no address.
#[derive(Serialize)]
pub(super) struct UriBases {
    #[serde(rename = "SRCROOT")]
    pub(super) root: UriBase,
}

/// §3.4 `artifactLocation`, of a base.
#[derive(Serialize)]
pub(super) struct UriBase {
    pub(super) description: Message,
}

/// §3.18 `tool`.
#[derive(Serialize)]
pub(super) struct Tool {
    pub(super) driver: Driver,
}

/// §3.19 `toolComponent`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Driver {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    pub(super) semantic_version: &'static str,
    pub(super) rules: Vec<Descriptor>,
}

/// §3.49 `reportingDescriptor`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    pub(super) id: String,
    pub(super) short_description: Message,
    pub(super) full_description: Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) help_uri: Option<String>,
    pub(super) help: Message,
    pub(super) default_configuration: Configuration,
    pub(super) properties: RuleProperties,
}

/// §3.50 `reportingConfiguration`.
#[derive(Serialize)]
pub(super) struct Configuration {
    pub(super) enabled: bool,
    pub(super) level: &'static str,
}

/// §3.8 `propertyBag` of a rule: the names that GitHub code scanning reads.
#[derive(Serialize)]
pub(super) struct RuleProperties {
    pub(super) precision: &'static str,
    #[serde(rename = "problem.severity")]
    pub(super) problem_severity: &'static str,
    pub(super) tags: Vec<String>,
}

/// §3.11 `message`, and §3.12 `multiformatMessageString`, which has the same two properties.
#[derive(Clone, Serialize)]
pub(super) struct Message {
    pub(super) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) markdown: Option<String>,
}

/// §3.20 `invocation`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invocation {
    pub(super) execution_successful: bool,
    pub(super) exit_code: u8,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_execution_notifications: Vec<Notification>,
}

/// §3.58 `notification`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Notification {
    pub(super) associated_rule: DescriptorReference,
    pub(super) level: &'static str,
    pub(super) message: Message,
    pub(super) locations: Vec<Location>,
}

/// §3.52 `reportingDescriptorReference`.
#[derive(Serialize)]
pub(super) struct DescriptorReference {
    pub(super) id: String,
    pub(super) index: usize,
}

/// §3.27 `result`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Result {
    pub(super) rule_id: String,
    pub(super) rule_index: usize,
    pub(super) level: &'static str,
    pub(super) message: Message,
    pub(super) locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) related_locations: Vec<Location>,
    pub(super) partial_fingerprints: Fingerprints,
    /// §3.27.23: on every result of a run, empty for those that count, or on none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) suppressions: Option<Vec<Suppression>>,
    /// §3.27.24: on every result of a run, or on none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) baseline_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) fixes: Vec<Fix>,
    pub(super) properties: ResultProperties,
}

/// §3.27.17 `partialFingerprints`.
#[derive(Serialize)]
pub(super) struct Fingerprints {
    #[serde(rename = "primaryLocationLineHash", skip_serializing_if = "Option::is_none")]
    pub(super) line_hash: Option<String>,
    #[serde(rename = "ddlint/v1")]
    pub(super) own: String,
}

/// §3.8 `propertyBag` of a result.
#[derive(Serialize)]
pub(super) struct ResultProperties {
    pub(super) confidence: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) operation: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) table: Option<String>,
}

/// §3.28 `location`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names are those of the specification")]
pub(super) struct Location {
    /// §3.28.2: from 1 where a message could refer to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<usize>,
    pub(super) physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<Message>,
}

/// §3.29 `physicalLocation`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhysicalLocation {
    pub(super) artifact_location: ArtifactLocation,
    pub(super) region: Region,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) context_region: Option<Region>,
}

/// §3.4 `artifactLocation`.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArtifactLocation {
    pub(super) uri: String,
    pub(super) uri_base_id: &'static str,
}

/// §3.30 `region`; 1-based, the end column exclusive.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Region {
    pub(super) start_line: usize,
    pub(super) start_column: usize,
    pub(super) end_line: usize,
    pub(super) end_column: usize,
}

/// §3.35 `suppression`.
#[derive(Serialize)]
pub(super) struct Suppression {
    /// §3.35.2: `inSource` for a comment, `external` for the baseline.
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) justification: Option<String>,
}

/// §3.55 `fix`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fix {
    pub(super) description: Message,
    pub(super) artifact_changes: Vec<ArtifactChange>,
}

/// §3.56 `artifactChange`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArtifactChange {
    pub(super) artifact_location: ArtifactLocation,
    pub(super) replacements: Vec<Replacement>,
}

/// §3.57 `replacement`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Replacement {
    pub(super) deleted_region: Region,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) inserted_content: Option<Content>,
}

/// §3.3 `artifactContent`.
#[derive(Serialize)]
pub(super) struct Content {
    pub(super) text: String,
}
