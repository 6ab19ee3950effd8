// Package healer is the life of a repair:
//
//	Rule -> find -> Finding -> plan -> Plan -> decide -> Decision
//	     -> apply -> Attempt -> verify -> (undo)
//
// It owns the order of things and the safety doctrine: nothing runs without
// proof in the catalog, guards, a durable intent in the ledger and a
// verification afterwards. What it needs of the world it says in small
// interfaces (Reader, Snapshotter, Operator, Ledger, State, Observer); its
// subfolders implement them and cmd wires them, so that this package imports
// none of its own subfolders and knows neither the driver nor the disk.
package healer
