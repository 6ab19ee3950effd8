// Package patroni asks Patroni whether it is paused.
//
//	guards: (patroni) -> healer
//
// Patroni's pause is a person's maintenance of the whole cluster. It stands in
// Patroni's own store and not in the database, so its REST API has to be asked.
package patroni
