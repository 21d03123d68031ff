(* Theorem 5.2 in continuous time: where feedback alignment takes a two-layer linear network.
   Xp is a pseudoinverse of X, and Y^T Xp^T, called minimum_norm, the solution of least norm. *)

From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp Require Import boolp classical_sets reals topology normedtype sequences derive realfun exp.
From FA Require Import setting law minimum_norm rate calculus flow_rate.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory numFieldNormedType.Exports.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section MinimumNorm.

Variables (R : realType) (m h n N : nat).
Variables (B : 'M[R]_(m, h)) (X : 'M[R]_(N, n)) (Y : 'M[R]_(N, m)) (Xp : 'M[R]_(n, N)).
Variables (W1 : R -> 'M[R]_(h, n)) (W2 : R -> 'M[R]_(m, h)).
Hypothesis XpP : pseudoinverse X Xp.

Notation E := (error X Y W1 W2).
Notation best := (minimum_norm Xp Y).

(* begin distance_in_time *)
Theorem distance_in_time T : 0 <= T -> two_layer_flow B X Y W1 W2 T ->
  W2 T *m W1 T - best = E T *m Xp^T + W2 T *m outside X Xp (W1 0) /\
  <<E T *m Xp^T, W2 T *m outside X Xp (W1 0)>> = 0.
(* end distance_in_time *)
Proof.
move=> T0 flow; have [U W1T] := within_rows T0 flow.
have <- : outside X Xp (W1 T) = outside X Xp (W1 0) by rewrite W1T passenger.
exact: distance.
Qed.

Hypothesis flow : forall T, two_layer_flow B X Y W1 W2 T.

(* begin where_the_flow_ends *)
Theorem where_the_flow_ends W2oo : tends E 0 -> tends W2 W2oo ->
  tends (fun t => W2 t *m W1 t) (best + W2oo *m outside X Xp (W1 0)) /\
  (tends (fun t => W2 t *m W1 t) best <-> W2oo *m outside X Xp (W1 0) = 0).
(* end where_the_flow_ends *)
Proof.
move=> fits to2; have ends : tends (fun t => W2 t *m W1 t) (best + W2oo *m outside X Xp (W1 0)).
  have := tendsD (@tends_cst _ _ _ best)
    (tendsD (tends_mulmx fits (@tends_cst _ _ _ Xp^T)) (tends_mulmx to2 (@tends_cst _ _ _ (outside X Xp (W1 0))))).
  rewrite mul0mx add0r; apply: tends_eq => t t0.
  by have [<- _] := distance_in_time t0 (@flow t); rewrite addrC subrK.
split=> //; split=> [to_best|apart]; last by rewrite apart addr0 in ends.
by apply: (addrI best); rewrite addr0; exact: tends_unique ends to_best.
Qed.

(* begin fitting_is_minimum_norm *)
Theorem fitting_is_minimum_norm : (W1 0 <= X)%MS -> tends E 0 ->
  tends (fun t => W2 t *m W1 t) best.
(* end fitting_is_minimum_norm *)
Proof.
move=> /submxP[D W10] fits.
have apart : outside X Xp (W1 0) = 0.
  rewrite W10 -[D *m X]add0r passenger // /outside.
  by rewrite mul0mx.
have := tendsD (@tends_cst _ _ _ best) (tends_mulmx fits (@tends_cst _ _ _ Xp^T)).
rewrite mul0mx addr0; apply: tends_eq => t t0.
have [+ _] := distance_in_time t0 (@flow t); rewrite apart mulmx0 addr0 => <-.
by rewrite addrC subrK.
Qed.

(* begin minimum_norm_is_least *)
(* If the rows of X are independent best fits, and of all that fit it alone has the least norm. *)
Theorem minimum_norm_is_least : row_free X ->
  best *m X^T = Y^T /\
  forall Theta, Theta *m X^T = Y^T -> <<best, best>> <= <<Theta, Theta>> ?= iff (Theta == best).
(* end minimum_norm_is_least *)
Proof.
move=> freeX; split.
  rewrite /minimum_norm -mulmxA -trmx_mul.
  suff -> : X *m Xp = 1%:M by rewrite trmx1 mulmx1.
  by apply: (row_free_inj freeX); rewrite mul1mx; case: XpP.
move=> Theta /(pythagoras XpP) /= ->; split; first by rewrite ler_addl inner_ge0.
rewrite eq_sym addrC -subr_eq0 addrK; apply/eqP/eqP=> [/inner_eq0/subr0_eq //|->].
by rewrite subrr /inner mulmx0 mxtrace0.
Qed.

End MinimumNorm.
