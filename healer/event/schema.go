package event

import "encoding/json"

// Schema returns the JSON Schema of a line. Lines have more keys than it
// names; new ones may come at any time.
func Schema() ([]byte, error) {
	text := map[string]any{"type": "string"}
	properties := map[string]any{
		KeyTime:      map[string]any{"type": "string", "format": "date-time"},
		KeyLevel:     map[string]any{"enum": []string{"debug", "info", "warning", "error"}},
		KeySeverity:  map[string]any{"type": "integer", "minimum": 1, "maximum": 24, "description": "OpenTelemetry's severity number"},
		KeyOutcome:   map[string]any{"enum": []string{"success", "failure", "unknown"}},
		KeySystem:    map[string]any{"const": "postgresql"},
		KeySynthetic: map[string]any{"const": true, "description": "a test of the alerts: nothing happened"},
	}
	for _, key := range []string{
		KeyMessage, KeyRule, KeyNamespace, KeyCollection, KeyStatus, KeyFinger, KeyIncident, KeyPlan, KeyRepair,
		KeySystemID, KeyGuard, KeyReason, KeyHint, KeySQL, KeyError, KeyFinding, KeyActor,
	} {
		properties[key] = text
	}
	var codes []any
	for _, e := range Catalogue() {
		about := e.Title
		if e.ToDo != "" {
			about += "; " + e.ToDo
		}
		codes = append(codes, map[string]any{
			"description": about,
			"properties":  map[string]any{KeyCode: map[string]any{"const": e.Code}, KeyAction: map[string]any{"const": string(e.Action)}},
		})
	}
	return json.MarshalIndent(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"$id":     "https://github.com/pgmend/pgmend/event.schema.json",
		"title":   "an event in pgmend's log", "type": "object", "properties": properties, "oneOf": codes,
		"required": []string{KeyTime, KeyLevel, KeySeverity, KeyMessage, KeyCode, KeyAction, KeyOutcome, KeySystem},
	}, "", "  ")
}
