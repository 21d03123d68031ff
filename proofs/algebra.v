(* What every file is written in: the algebra of MathComp, its notation and its habits. *)

From mathcomp Require Export all_ssreflect all_algebra ssrAC.

#[export] Set Implicit Arguments.
#[export] Unset Strict Implicit.
#[export] Unset Printing Implicit Defensive.

Export Order.TTheory GRing.Theory Num.Theory.
Global Open Scope ring_scope.
