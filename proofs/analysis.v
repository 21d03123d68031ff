(* What the theorems in time are written in, besides: the reals, and the limits of functions. *)

From FA Require Export algebra.
From mathcomp Require Export boolp classical_sets functions cardinality mathcomp_extra.
From mathcomp Require Export reals ereal topology normedtype sequences derive realfun exp.

Export numFieldNormedType.Exports.
Global Open Scope classical_set_scope.
Global Open Scope ring_scope.
