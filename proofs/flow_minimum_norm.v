(* Theorem 5.2 in continuous time: where feedback alignment takes a two-layer linear network.
   Xp is a pseudoinverse of X, and Y^T Xp^T, called minimum_norm, the solution of least norm. *)

From FA Require Import analysis setting law minimum_norm rate distance_identity calculus.
From FA Require Import flow_distance every_start flow_rate.

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

(* If the rows of X are independent best fits, and of all that fit it alone has the least norm. *)
(* begin minimum_norm_is_least *)
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

(* Two layers as a case of the theorem on every start. *)
Let width i := match i with 0 => n | 1 => h | _ => m end.

Let network (A : 'M[R]_(h, n)) (D : 'M[R]_(m, h)) : weights R width :=
  fun i => match i return 'M[R]_(width i, width i.-1) with 1 => A | 2 => D | _ => 0 end.

(* begin two_layers_fit *)
Theorem two_layers_fit : row_free B -> row_free X -> tends E 0.
(* end two_layers_fit *)
Proof.
move=> freeB freeX; have [fits _] := minimum_norm_is_least freeX.
pose V t := network (W1 t) (W2 t); pose feedback := network 0 B.
have [C CB] := carriers_exist 1 feedback feedback; have [C2 C1] := CB.
have {}C1 : C 1%N = B by rewrite (C1 1%N) // C2 mul1mx.
have outputs t : product (V t) 2 *m X^T - Y^T = E t by rewrite /= mulmx1.
have training : trains feedback X (fun f => f - Y^T) V (l := 1).
  move=> t t0; rewrite outputs.
  have [d1 d2] : moves W1 t (- (B^T *m E t *m X)) /\ moves W2 t (- (E t *m X *m (W1 t)^T)).
    by apply: (@flow t); rewrite t0 lexx.
  exists (network (- (B^T *m E t *m X)) (- (E t *m X *m (W1 t)^T))).
    apply/(linear_motion _ _ _ _ CB) => -[//|[|[|//]]] _ /=.
      by rewrite C1 trmx1 mulmx1.
    by rewrite C2 trmx1 mul1mx mulmx1.
  by case=> [//|[|[|//]]] _.
have := @every_start R width 1 N feedback C X CB V Y best.
rewrite fits subrr mul0mx C1 => /(_ erefl training freeB); apply: tends_eq => t t0.
by rewrite /excess mulmxBl fits outputs.
Qed.

(* begin theorem_5_2_flow *)
Theorem theorem_5_2_flow : row_free B -> row_free X -> (W1 0 <= X)%MS ->
  [/\ tends (fun t => W2 t *m W1 t) best, best *m X^T = Y^T &
      forall Theta, Theta *m X^T = Y^T -> <<best, best>> <= <<Theta, Theta>> ?= iff (Theta == best)].
(* end theorem_5_2_flow *)
Proof.
move=> freeB freeX start; have [fits least] := minimum_norm_is_least freeX.
by split=> //; apply: fitting_is_minimum_norm => //; exact: two_layers_fit.
Qed.

End MinimumNorm.
