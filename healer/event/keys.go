package event

// The keys of a line, flat and dotted: those of the Elastic Common Schema and
// OpenTelemetry where they have one, and pgmend's own.
const (
	KeyTime       = "@timestamp"
	KeyLevel      = "log.level"
	KeySeverity   = "severity_number" // OpenTelemetry's, 1 to 24
	KeyMessage    = "message"
	KeyCode       = "event.code"
	KeyAction     = "event.action"
	KeyOutcome    = "event.outcome"
	KeyRule       = "rule.id"
	KeySystem     = "db.system.name"
	KeyNamespace  = "db.namespace"
	KeyCollection = "db.collection.name"
	KeyStatus     = "db.response.status_code"
	KeyFinger     = "pgmend.fingerprint"
	KeyIncident   = "pgmend.incident.id"
	KeyPlan       = "pgmend.plan.id"
	KeyRepair     = "pgmend.repair.id"
	KeySystemID   = "pgmend.system_id"
	KeyGuard      = "pgmend.guard"
	KeyReason     = "pgmend.reason"
	KeyHint       = "pgmend.hint"
	KeySQL        = "db.query.text"
	KeyError      = "error.message"
	KeyFinding    = "pgmend.severity" // of the finding: info, warning, critical
	KeySynthetic  = "pgmend.synthetic"
	KeyActor      = "pgmend.actor"
	KeyFile       = "file.path"
)
