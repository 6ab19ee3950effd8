// Package rulestest proves rules on a real PostgreSQL. A fixture stands
// beside its rule, NAME_test.sql beside NAME.sql:
//
//	-- set: min_size=0          parameters for this case
//	-- requires: pg>=15         the versions this case is for
//	-- server: fsync=on         the server is the case's alone, with these settings
//	-- quiet                    near misses: the rule must stay silent
//	-- setup                    break it
//	-- log                      lines of a jsonlog; what they say narrows the rule
//	-- want                     what has to be found, one schema.name a line
//	-- plan                     the SQL that has to be planned
//	-- plan (17)                the same from a version on, as of every section
//	-- case: TITLE              another case, in another database
//
// For each case it makes a database, an owner and the roles of `pgmend
// setup sql`, and checks in this order: quiet is silent, the fault is found,
// the plan is the golden one, the repair is applied and verified, nothing is
// found any more, a second run does nothing, the undo restores the catalog
// snapshot or is refused, and the repair works again.
//
// It runs the healer itself, with its ledger, not a copy of its steps. What
// the healer says of its repairs is held against the catalog: no near miss was
// touched, and what was undone is as it was.
package rulestest
