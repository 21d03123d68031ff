(* Instances: for the theorems on distance, separable data and dominance there are networks,
   data and motions that satisfy all that is assumed.  None of them is at rest. *)

From FA Require Import analysis setting law minimum_norm rate distance_identity distance_steps.
From FA Require Import separable dominance calculus countable flow flow_distance every_start.
From FA Require Import separable_flow flow_nonlinear.

(* Steps: every linear network with every start, samples and targets has a step size, and steps
   of FA, to which step_size_squared applies. *)
Section Steps.

Variables (F : realFieldType) (n : nat -> nat) (l N : nat).
Notation L := l.+1.
Variables (B : weights F n) (C : forall i, 'M[F]_(n L, n i)) (X : 'M[F]_(N, n 0%N)).

Lemma at_most_exists p q (A : 'M[F]_(p, q)) : at_most A (1 + <<A, A>>).
Proof.
have A0 := inner_ge0 A; apply: at_most_frobenius; first by rewrite addr_ge0 ?ler01.
rewrite sqrrD expr1n mul1r; apply: (@le_trans _ _ (<<A, A>> *+ 2)).
  by rewrite mulr2n ler_addl.
by rewrite addrAC addrC ler_addl addr_ge0 ?ler01 ?sqr_ge0.
Qed.

(* begin steps_from_every_start *)
Theorem steps_from_every_start (Y : 'M[F]_(N, n L)) (W0 : weights F n) :
  carriers B C -> row_free (C 1%N) ->
  exists Theta eta (W : nat -> weights F n),
  [/\ (Theta *m X^T - Y^T) *m X = 0, 0 < eta, W 0%N = W0,
      forall t, let e := product (W t) L *m X^T - Y^T in
        fa_step id B (W t) (W t.+1) X (open_gates F n N) e eta &
      exists2 d, 0 <= d & forall T, (0 < T)%N -> exists2 t, (t < T)%N &
        let E := (product (W t) L - Theta) *m X^T in T%:R * (eta * <<E, E>>) <= d].
(* end steps_from_every_start *)
Proof.
move=> CB freeC; have [Theta fit] := least_squares_exists X Y.
have [U UT] : exists U, C 1%N *m U = Theta.
  exists ((C 1%N)^T *m (invmx (C 1%N *m (C 1%N)^T) *m Theta)).
  by rewrite mulmxA mulKVmx // gram_unit.
pose rho := 1 + distance2 l W0 (star U B); pose x := 1 + <<X, X>>.
pose c i := 1 + <<C i, C i>>; pose w j := 1 + <<star U B j, star U B j>>.
have rho1 : 0 <= distance2 l W0 (star U B) := distance2_ge0 l W0 (star U B).
have lam0 : 0 <= lambda l rho x c w.
  rewrite mulr_ge0 ?sqr_ge0 ?sumr_ge0 // => i _; rewrite mulr_ge0 ?sqr_ge0 //.
  by apply: prodr_ge0 => j _; exact: sqr_ge0.
pose eta := (1 + lambda l rho x c w)^-1.
have eta0 : 0 < eta by rewrite invr_gt0 ltr_spaddl ?ltr01.
pose e (V : weights F n) := product V L *m X^T - Y^T.
pose move (V : weights F n) : weights F n :=
  fun i => V i + eta *: - ((C i)^T *m e V *m X *m (product V i.-1)^T).
pose W t := iter t move W0.
have steps t : fa_step id B (W t) (W t.+1) X (open_gates F n N) (e (W t)) eta.
  by exists (fun i => - ((C i)^T *m e (W t) *m X *m (product (W t) i.-1)^T)) => //;
    apply/(linear_motion _ _ _ _ CB).
exists Theta, eta, W; split=> //; exists (distance2 l W0 (star U B)) => // T T0.
have eE V : e V = misfit C U V X + (Theta *m X^T - Y^T).
  by rewrite /misfit UT mulmxBl addrA subrK.
have [||||||| _ _ /(_ T0)] := @step_size_squared F n l B C U CB W eta rho x c w T
  (fun t => <<misfit C U (W t) X, misfit C U (W t) X>>).
- exact: ltW.
- by rewrite addr_ge0 ?ler01.
- by move=> i _; exact: at_most_exists.
- by move=> j _; exact: at_most_exists.
- rewrite sqrrD expr1n mul1r /=; apply: (@le_trans _ _ (distance2 l W0 (star U B) *+ 2)).
    by rewrite mulr2n ler_addl.
  by rewrite addrAC addrC ler_addl addr_ge0 ?ler01 ?sqr_ge0.
- by rewrite /eta mulrC ler_pdivr_mulr ?mul1r ?ler_addr ?ler01 // ltr_spaddl ?ltr01.
- move=> t; exists N, X, (Theta *m X^T - Y^T); split=> //; first exact: at_most_exists.
  by rewrite -eE; exact: steps.
by move=> [t tT le]; exists t => //; rewrite /= -UT.
Qed.

End Steps.

(* In time: one input, one hidden unit, one output, x = 1, y = 0, feedback 1, and the start
   w_1 = sqrt 2, w_2 = 2.  The weights w_1 = u^(-1/2) and w_2 = w_1^2 / 2 + 1 with
   u = exp (2 t) - 1/2 follow FA, through the gate of a leaky ReLU as in a linear network. *)
Section Flow.

Variable R : realType.

Let u (t : R) : R := expR (2%:R * t) - 2%:R^-1.
Let w (t : R) : R := expR (- 2%:R^-1 * ln (u t)).
Let q (t : R) : R := 2%:R^-1 * (w t * w t) + 1.

Lemma u_gt0 t : 0 <= t -> 0 < u t.
Proof.
move=> t0; have t2 : 0 <= 2%:R * t by rewrite mulr_ge0 ?ler0n.
rewrite subr_gt0; apply: lt_le_trans (expR_ge1Dx t2); apply: (@lt_le_trans _ _ 1).
  by rewrite invf_lt1 ?ltr0n // ltr1n.
by rewrite ler_addl.
Qed.

Lemma w_square t : 0 <= t -> w t * w t = (u t)^-1.
Proof.
move=> t0; have half2 : 2%:R^-1 + 2%:R^-1 = 1 :> R by rewrite [RHS](splitr 1) !mul1r.
by rewrite -expRD -mulrDl -opprD half2 mulN1r expRN lnK // posrE u_gt0.
Qed.

Lemma dwP t : 0 <= t -> is_derive t (1 : R) w (- (q t * w t)).
Proof.
move=> t0; have upos := u_gt0 t0.
have d2 := is_derive_eq (is_derive_scale 2%:R (is_derive_id t 1)) (mulr1 _).
have du := is_deriveB (@is_derive1_comp _ expR (fun s => 2%:R * s) t _ _ (is_derive_expR _) d2)
  (is_derive_cst (2%:R^-1 : R) t 1).
have dl := @is_derive1_comp _ (@ln R) u t _ _ (is_derive1_ln upos) du.
apply: (is_derive_eq (@is_derive1_comp _ expR (fun s => - 2%:R^-1 * ln (u s)) t _ _
  (is_derive_expR _) (is_derive_scale (- 2%:R^-1) dl))).
rewrite -/(w t) mulrC -mulNr; congr (_ * _); rewrite /q w_square // subr0.
have -> : expR (2%:R * t) = u t + 2%:R^-1 by rewrite /u subrK.
rewrite [(u t + _) * _]mulrC mulNr; congr (- _).
by rewrite [(u t)^-1 * _]mulrCA mulKf ?pnatr_eq0 // mulrDr mulVf ?gt_eqF // addrC mulrC.
Qed.

Lemma dqP t : 0 <= t -> is_derive t (1 : R) q (- (q t * w t * w t)).
Proof.
move=> /dwP d; apply: (is_derive_eq (is_deriveD (is_derive_scale 2%:R^-1 (is_derive_mul d d))
  (is_derive_cst (1 : R) t 1))).
rewrite addr0 [w t * - _]mulrC -mulr2n -[X in _ * X]mulr_natl mulKf ?pnatr_eq0 //.
by rewrite mulNr.
Qed.

Lemma moves_scalar (f : R -> R) t df : is_derive t (1 : R) f df ->
  moves (fun s => (f s)%:M : 'M[R]_1) t df%:M.
Proof.
move=> d i j; rewrite !ord1 mxE mulr1n (_ : (fun s => _) = f) //.
by apply/funext=> s; rewrite mxE mulr1n.
Qed.

Lemma w_gt0 t : 0 < w t. Proof. exact: expR_gt0. Qed.

Lemma q_gt0 t : 0 < q t.
Proof. by rewrite ltr_spaddr ?ltr01 // !mulr_ge0 ?invr_ge0 ?ler0n // ltW ?w_gt0. Qed.

Let one : nat -> nat := fun=> 1%N.
Let W t : weights R one := fun i => if i == 1%N then (w t)%:M else (q t)%:M.

(* begin every_start_instance *)
Theorem every_start_instance :
  exists (B : weights R (fun=> 1%N)) (C : forall i, 'M[R]_(1, 1)) (X Y Theta : 'M[R]_1) W,
  [/\ carriers (l := 1) (n := fun=> 1%N) B C, row_free (C 1%N), (Theta *m X^T - Y^T) *m X = 0,
      trains (l := 1) B X (fun f => f - Y^T) W & excess (l := 1) X W Theta 0 != 0].
(* end every_start_instance *)
Proof.
pose B : weights R one := fun=> 1%:M; pose C (i : nat) : 'M[R]_1 := 1%:M.
have CB : carriers (l := 1) (n := one) B C by split=> // i _; rewrite mulmx1.
exists B, C, 1%:M, 0, 0, W; split=> //.
- by rewrite /row_free mxrank1.
- by rewrite mul0mx trmx0 subr0 mul0mx.
- move=> t t0; pose dW i : 'M[R]_1 :=
    if i == 1%N then (- (q t * w t))%:M else (- (q t * w t * w t))%:M.
  exists dW.
    apply/(linear_motion (l := 1) (n := one) (W t) 1%:M _ dW CB); case=> [//|[|[|//]]] _.
      rewrite /dW /= /W /= !trmx1 !mulmx1 !mul1mx trmx0 subr0 -scalar_mxM.
      by apply/matrixP=> i j; rewrite !mxE mulNrn.
    rewrite /dW /= /W /= !trmx1 !mulmx1 !mul1mx trmx0 subr0 tr_scalar_mx -!scalar_mxM.
    by apply/matrixP=> i j; rewrite !mxE mulNrn.
  case=> [//|[|[|//]]] _; first exact: moves_scalar (dwP t0).
  exact: moves_scalar (dqP t0).
- rewrite /excess subr0 /= /W /= !mulmx1 trmx1 mulmx1 -scalar_mxM.
  apply/eqP => /matrixP/(_ 0 0); rewrite !mxE mulr1n => /eqP.
  by rewrite mulf_eq0 !gt_eqF ?w_gt0 ?q_gt0.
Qed.

(* begin dominance_instance *)
Theorem dominance_instance alpha : 0 <= alpha <= 1 ->
  exists (X : 'M[R]_1) (b : 'rV[R]_1) (y : 'I_1 -> R) w v S,
  [/\ forall T, leaky_flow alpha X b (difference y) w v S set0 T,
      forall j, unit_c b (w 0) (v 0) j = 1, X *m X^T ⪰ 1%:M &
      0 < loss alpha X (half_square y) w v 0].
(* end dominance_instance *)
Proof.
move=> a01; pose S (t : R) : 'M[R]_1 := 1%:M.
exists 1%:M, 1%:M, (fun=> 0), (fun t => (w t)%:M), (fun t => (q t)%:M), S.
have pre t : (w t)%:M *m (1%:M : 'M[R]_1)^T = (w t)%:M by rewrite trmx1 mulmx1.
have ans t : answer alpha 1%:M (fun s => (w s)%:M) (fun s => (q s)%:M) t = (q t * w t)%:M.
  rewrite /answer pre; apply/matrixP=> i j; rewrite !ord1 !mxE big_ord1 !mxE !mulr1n.
  by rewrite /leaky w_gt0.
split.
- move=> T; split; first exact: countable0.
    move=> t j /andP[t0 _]; have dq := moves_scalar (dqP t0); have dw_ := moves_scalar (dwP t0).
    split=> [k|]; [have [d _] := dw_ j k|have [d _] := dq 0 j];
      exact/differentiable_continuous/derivable1_diffP.
  move=> t /andP[t0 _] _; set e := err _ _ _ _ _ t.
  have eE : e = (q t * w t)%:M.
    by apply/matrixP=> i j; rewrite !ord1 mxE ans /difference subr0 !mxE.
  split.
  + apply: moves_eq (moves_scalar (dwP t0)) _; apply/matrixP=> i j.
    by rewrite !ord1 /dw /heard mulmx1 eE !mxE !mulr1n mul1r mulr1.
  + apply: moves_eq (moves_scalar (dqP t0)) _; apply/matrixP=> i j.
    by rewrite !ord1 /dv pre eE !mxE big_ord1 !mxE !mulr1n mul1r.
  move=> j s z; have zE : z = w t by rewrite /z pre !ord1 mxE mulr1n.
  have SE : S t j s = 1 by rewrite /S !ord1 mxE.
  have [_ a1] := andP a01; split; rewrite ?SE ?a1 ?lexx // zE => z0.
    by have := lt_trans z0 (w_gt0 t); rewrite ltxx.
  by have := w_gt0 t; rewrite z0 ltxx.
- move=> j; rewrite /unit_c !ord1 inner_entries !big_ord1 !mxE !mulr1n mulr1 /q.
  by rewrite addrC addKr.
- by move=> v; rewrite trmx1 mulmx1.
rewrite /loss big_ord1 ans mxE mulr1n /half_square subr0 mulr_gt0 ?invr_gt0 ?ltr0n //.
by rewrite exprn_gt0 // mulr_gt0 ?q_gt0 ?w_gt0.
Qed.

End Flow.

(* Separable data: one sample x = 1 with the label 1, and the loss ell(z) = - z.  From zero, where
   gradient descent stays, FA moves by w_1 = t and w_2 = t^2 / 2. *)
Section SeparableInstance.

Variable R : realType.

Let one : nat -> nat := fun=> 1%N.
Let V (t : R) : weights R one := fun i => if i == 1%N then t%:M else (2%:R^-1 * (t * t))%:M.
Let dV (t : R) : weights R one := fun i => if i == 1%N then 1%:M else t%:M.

(* begin separable_instance *)
Theorem separable_instance (alpha : R) : 0 <= alpha <= 1 ->
  exists (B : weights R (fun=> 1%N)) (X : 'M[R]_1) y u (sigma : forall i : nat, 'I_1 -> R) W dW I,
  let ell z := - z in let f t := preactivation (leaky alpha) (W t) X 2 in
  [/\ coherent 1 B sigma, separable X y u 1, {homo ell : z z' /~ z <= z'},
      forall T, moves_but (n := fun=> 1%N) 1 W set0 0 T dW &
      forall t, 0 <= t ->
        is_derive t (1 : R) I (margin_loss (n := fun=> 1%N) (l := 1) y ell (f t)) /\
        exists S e, [/\ leaky_gates (n := fun=> 1%N) 1 alpha S,
          subgradient (n := fun=> 1%N) (l := 1) y ell (f t) e &
          fa_motion (n := fun=> 1%N) (l := 1) (leaky alpha) (W t) B X S e (dW t)]].
(* end separable_instance *)
Proof.
move=> a01; have [a0 a1] := andP a01.
have sq (t : R) : is_derive t (1 : R) (fun s => 2%:R^-1 * (s * s)) t.
  apply: (is_derive_eq (is_derive_scale 2%:R^-1
    (is_derive_mul (is_derive_id t 1) (is_derive_id t 1)))).
  by rewrite mul1r mulr1 -mulr2n -[X in _ * X]mulr_natl mulKf ?pnatr_eq0.
have move t i : (0 < i <= 2)%N -> moves (fun s => V s i) t (dV t i).
  case: i => [//|[|[|//]]] _; first exact: moves_scalar (is_derive_id t 1).
  exact: moves_scalar (sq t).
have pre t : 0 <= t ->
    preactivation (leaky alpha) (V t) (1%:M : 'M[R]_1) 2 = (2%:R^-1 * (t * t) * t)%:M.
  move=> t0; rewrite /preactivation /= /V /= trmx1 mulmx1.
  apply/matrixP=> i j; rewrite !ord1 !mxE big_ord1 !mxE !mulr1n /leaky.
  by case: ltgtP t0 => // <-; rewrite !mulr0.
exists (fun=> 1%:M), 1%:M, (fun=> 1), 1%:M, (fun _ _ => 1), V, dV,
  (fun t => - 2%:R^-1 * ((2%:R^-1 * (t * t)) * (2%:R^-1 * (t * t)) * 1)) => ell f.
split.
- by split=> [i j _|//|i j k _]; [left|rewrite ord1 mul1r mulr1 [k]ord1 mxE ler01].
- by move=> s; split; [left|rewrite mul1r mul1mx trmx1 !ord1 mxE lexx].
- by move=> z z' zz'; rewrite ler_opp2.
- move=> T; split=> [|t _ _ i|t i j k _ iL]; [exact: countable0|exact: move|].
  by have [d _] := move t i iL j k; exact/differentiable_continuous/derivable1_diffP.
move=> t t0; split.
  apply: (is_derive_eq (is_derive_scale _
    (is_derive_mul (is_derive_mul (sq t) (sq t)) (is_derive_cst (1 : R) t 1)))).
  rewrite /margin_loss !big_ord1 /ell mul1r /f pre // mxE mulr1n !mulr0 addr0 mulr1.
  rewrite [t * _]mulrC -mulr2n -[X in _ * X]mulr_natl mulNr mulKf ?pnatr_eq0 //.
exists (fun i => const_mx 1), (const_mx (-1)); split.
- by move=> i j s _; rewrite mxE a1 lexx.
- by move=> o s z; rewrite /ell !mul1r [const_mx _ _ _]mxE mulN1r opprB addKr.
split.
  case=> [//|[|//]] _; rewrite entrywise_l1 /preactivation /= /V /= trmx1 mulmx1.
  apply/matrixP=> i j; rewrite !ord1 !mxE !mulr1n /leaky.
  by case: ltgtP t0 => // <-; rewrite !mulr0.
exists (fun=> const_mx (-1)); split=> //.
  by move=> i _; rewrite entrywise1 trmx1 mul1mx.
case=> [//|[|[|//]]] _; rewrite /velocity /= /dV /= ?trmxK.
  by apply/matrixP=> i j; rewrite !ord1 !mxE big_ord1 !mxE !mulr1n mulN1r opprK.
rewrite /V /= trmx1 mulmx1; apply/matrixP=> i j.
rewrite !ord1 !mxE big_ord1 !mxE !mulr1n mulN1r opprK.
by rewrite /leaky; case: ltgtP t0 => // <-; rewrite !mulr0.
Qed.

End SeparableInstance.
