package report

import _ "embed"

//go:embed web/report.schema.json
var schema string

// Schema is the JSON Schema of the reports as JSON.
func Schema() string { return schema }
