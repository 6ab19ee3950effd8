// Package torture proves that nothing the healer does can be interrupted so
// that it makes things worse. Its tests kill the daemon, a backend or the whole
// server at every boundary of every repairing rule: before and after each entry
// of the ledger and each statement, and in the middle of those that wait; of its
// repair, and of the undo of that. After the restart there has to be one settled
// state: nothing left over, nothing repaired twice, every row as it was, and each
// fault that a quiet repair heals healed or reported; an undo is carried out and
// its finding muted, or the repair stands. That nothing is found any more proves
// nothing, but where the crash itself ended the fault or took its proof.
//
// The suite plays a few cells of that matrix, chosen by a seed; make torture
// plays all of them and lists them.
package torture
