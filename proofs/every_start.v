(* Deep linear networks fit from every start: the excess of the loss is paid from the distance
   to a comparator, at a rate that cannot change at once.  That the weights have moved by FA
   at all times is assumed; that they stay bounded is not. *)

From FA Require Import analysis setting law minimum_norm rate distance_identity distance_steps.
From FA Require Import calculus flow_distance.

(* Functions of time that stay bounded, and matrices of them. *)
Section Bounded.

Variable R : realType.

Definition bounded_in_time (f : R -> R) := exists M, forall t, 0 <= t -> `|f t| <= M.

Definition bounded_entries p q (A : R -> 'M[R]_(p, q)) :=
  forall i j, bounded_in_time (fun t => A t i j).

Lemma bounded_eq f g : (forall t, 0 <= t -> f t = g t) -> bounded_in_time f -> bounded_in_time g.
Proof. by move=> same [M le]; exists M => t t0; rewrite -same // le. Qed.

Lemma boundedD f g : bounded_in_time f -> bounded_in_time g ->
  bounded_in_time (fun t => f t + g t).
Proof.
move=> [M leM] [K leK]; exists (M + K) => t t0; apply: le_trans (ler_norm_add _ _) _.
by rewrite ler_add ?leM ?leK.
Qed.

Lemma boundedM f g : bounded_in_time f -> bounded_in_time g ->
  bounded_in_time (fun t => f t * g t).
Proof.
move=> [M leM] [K leK]; exists (M * K) => t t0.
by rewrite normrM ler_pmul ?leM ?leK.
Qed.

Lemma bounded_sums (I : Type) (r : seq I) (f : I -> R -> R) :
  (forall i, bounded_in_time (f i)) -> bounded_in_time (fun t => \sum_(i <- r) f i t).
Proof.
move=> le; elim: r => [|i r IH].
  by exists 0 => t _; rewrite big_nil normr0.
by apply: bounded_eq (boundedD (le i) IH) => t _; rewrite big_cons.
Qed.

Lemma bounded_cst p q (C : 'M[R]_(p, q)) : bounded_entries (fun=> C).
Proof. by move=> i j; exists `|C i j|. Qed.

Lemma bounded_mx p q r (A : R -> 'M[R]_(p, q)) (C : R -> 'M[R]_(q, r)) :
  bounded_entries A -> bounded_entries C -> bounded_entries (fun t => A t *m C t).
Proof.
move=> bA bC i j; apply: bounded_eq (bounded_sums _ (fun k => boundedM (bA i k) (bC k j))) => t _.
by rewrite mxE.
Qed.

Lemma bounded_addmx p q (A C : R -> 'M[R]_(p, q)) :
  bounded_entries A -> bounded_entries C -> bounded_entries (fun t => A t + C t).
Proof. by move=> bA bC i j; apply: bounded_eq (boundedD (bA i j) (bC i j)) => t _; rewrite mxE. Qed.

Lemma bounded_oppmx p q (A : R -> 'M[R]_(p, q)) :
  bounded_entries A -> bounded_entries (fun t => - A t).
Proof. by move=> bA i j; have [M le] := bA i j; exists M => t t0; rewrite mxE normrN le. Qed.

Lemma bounded_trmx p q (A : R -> 'M[R]_(p, q)) :
  bounded_entries A -> bounded_entries (fun t => (A t)^T).
Proof. by move=> bA i j; have [M le] := bA j i; exists M => t t0; rewrite mxE le. Qed.

Lemma bounded_inner p q (A C : R -> 'M[R]_(p, q)) :
  bounded_entries A -> bounded_entries C -> bounded_in_time (fun t => <<A t, C t>>).
Proof.
move=> bA bC; apply: bounded_eq (bounded_sums (index_enum _) (fun j =>
  bounded_sums (index_enum _) (fun i => boundedM (bA i j) (bC i j)))) => t _.
by rewrite inner_entries.
Qed.

Lemma entry_le_inner p q (A : 'M[R]_(p, q)) i j : A i j ^+ 2 <= <<A, A>>.
Proof.
rewrite inner_entries (bigD1 j) //= (bigD1 i) //= expr2 -addrA ler_addl addr_ge0 //.
  by rewrite sumr_ge0 // => k _; exact: sqr_ge0.
by rewrite sumr_ge0 // => k _; rewrite sumr_ge0 // => r _; exact: sqr_ge0.
Qed.

Lemma bounded_of_inner p q (A : R -> 'M[R]_(p, q)) M :
  (forall t, 0 <= t -> <<A t, A t>> <= M) -> bounded_entries A.
Proof.
move=> le i j; exists (1 + M) => t t0; have sq := le_trans (entry_le_inner (A t) i j) (le t t0).
have [le1|/ltW ge1] := lerP `|A t i j| 1.
  by apply: le_trans le1 _; rewrite ler_addl (le_trans (sqr_ge0 _) sq).
apply: (@le_trans _ _ (`|A t i j| ^+ 2)); first by rewrite ler_eexpr // ltW.
by rewrite real_normK ?num_real //; apply: le_trans sq _; rewrite ler_addr ler01.
Qed.

End Bounded.

(* Deep linear networks. *)
Section EveryStart.

Variables (R : realType) (n : nat -> nat) (l N : nat).
Notation L := l.+1.
Variables (B : weights R n) (C : forall i, 'M[R]_(n L, n i)) (X : 'M[R]_(N, n 0%N)).
Hypothesis CB : carriers B C.

(* begin smooth_convex *)
(* A loss of the predictions with its gradient: convex, differentiable along every motion of
   the predictions, and with a gradient that is bounded where the predictions are. *)
Definition smooth_convex (loss : 'M[R]_(n L, N) -> R) (grad : 'M[R]_(n L, N) -> 'M[R]_(n L, N)) :=
  [/\ forall f fhat, loss fhat >= loss f + <<grad f, fhat - f>>,
      forall (f : R -> 'M[R]_(n L, N)) t df, moves f t df ->
        is_derive t (1 : R) (fun s => loss (f s)) <<grad (f t), df>> &
      forall f : R -> 'M[R]_(n L, N), bounded_entries f -> bounded_entries (fun t => grad (f t))].

(* From the time 0 on the weights move by FA on this loss. *)
Definition trains (grad : 'M[R]_(n L, N) -> 'M[R]_(n L, N)) (W : R -> weights R n) :=
  forall t, 0 <= t -> exists2 dW,
    fa_motion id (W t) B X (open_gates R n N) (grad (product (W t) L *m X^T)) dW &
    moves_with l W t dW.
(* end smooth_convex *)

Variables (loss : 'M[R]_(n L, N) -> R) (grad : 'M[R]_(n L, N) -> 'M[R]_(n L, N)).
Hypothesis convex : smooth_convex loss grad.
Variable W : R -> weights R n.
Hypothesis training : trains grad W.

Let f t := product (W t) L *m X^T.
Let dW t i := - ((C i)^T *m grad (f t) *m X *m (product (W t) i.-1)^T).

Lemma trainsE t : 0 <= t -> moves_with l W t (dW t).
Proof.
move=> t0 i iL; have [dV motion move] := training t0.
by apply: moves_eq (move i iL) _; exact: ((linear_motion _ _ _ _ CB).1 motion i iL).
Qed.

Lemma trains_motion t : 0 <= t ->
  fa_motion id (W t) B X (open_gates R n N) (grad (f t)) (dW t).
Proof. by move=> t0; apply/(linear_motion _ _ _ _ CB). Qed.

Section Comparator.

Variable U : 'M[R]_(n 1%N, n 0%N).
Let fhat := C 1%N *m U *m X^T.
Let D t := distance2 l (W t) (star U B).

Lemma distance_derivative t : 0 <= t ->
  is_derive t (1 : R) D (- 2%:R * <<grad (f t), f t - fhat>>).
Proof.
move=> t0; apply: (is_derive_eq (distance_flow _ (trains_motion t0) (trainsE t0))).
by rewrite (comparator_linear X U CB) /preactivation /= linear_activity mulmxA.
Qed.

Hypothesis best : forall t, 0 <= t -> loss fhat <= loss (f t).

Lemma gap_paid t : 0 <= t -> loss (f t) - loss fhat <= <<grad (f t), f t - fhat>>.
Proof.
move=> t0; have [below _ _] := convex; rewrite ler_subl_addr -ler_subl_addl.
by rewrite -innerNr opprB; exact: below.
Qed.

Lemma gap_ge0 t : 0 <= t -> 0 <= loss (f t) - loss fhat.
Proof. by move=> t0; rewrite subr_ge0 best. Qed.

Lemma nearer s t : 0 <= s -> s <= t -> D t <= D s.
Proof.
move=> s0 st; have after u : s <= u <= t -> 0 <= u by case/andP=> su _; exact: le_trans su.
apply: (never_rises st (fun u uP => distance_derivative (after u uP))) => u /after u0.
rewrite mulNr oppr_le0 mulr_ge0 ?ler0n //; exact: le_trans (gap_ge0 u0) (gap_paid u0).
Qed.

Lemma bounded_layers i : (0 < i <= L)%N -> bounded_entries (fun t => W t i).
Proof.
move=> iL; have bD : bounded_entries (fun t => W t i - star U B i).
  apply: (@bounded_of_inner _ _ _ _ (D 0)) => t t0; apply: le_trans (nearer (lexx _) t0).
  rewrite /D /distance2 (big_rem i) /=; last by rewrite mem_index_iota ltnS.
  by rewrite ler_addl sumr_ge0 // => j _; exact: inner_ge0.
have := bounded_addmx bD (bounded_cst (star U B i)).
by move=> b j k; apply: bounded_eq (b j k) => t _; rewrite subrK.
Qed.

Lemma bounded_product i : (i <= L)%N -> bounded_entries (fun t => product (W t) i).
Proof.
elim: i => [|i IH] iL /=; first exact: bounded_cst.
by apply: bounded_mx; [exact: bounded_layers|apply: IH; exact: ltnW].
Qed.

Lemma bounded_predictions : bounded_entries f.
Proof. exact: bounded_mx (bounded_product (leqnn _)) (bounded_cst _). Qed.

Lemma bounded_velocity i : (0 < i <= L)%N -> bounded_entries (fun t => dW t i).
Proof.
case: i => // i iL; have [_ _ bgrad] := convex.
apply: bounded_oppmx; apply: bounded_mx; last first.
  by apply: bounded_trmx; apply: bounded_product; exact: ltnW.
apply: bounded_mx; last exact: bounded_cst; apply: bounded_mx; first exact: bounded_cst.
exact: bgrad bounded_predictions.
Qed.

Fixpoint dproduct t i : 'M[R]_(n i, n 0%N) :=
  if i is i'.+1 then dW t i'.+1 *m product (W t) i' + W t i'.+1 *m dproduct t i' else 0.

Lemma moves_product t i : 0 <= t -> (i <= L)%N ->
  moves (fun s => product (W s) i) t (dproduct t i).
Proof.
move=> t0; elim: i => [|i IH] iL /=; first exact: moves_cst.
by apply: moves_mulmx; [apply: trainsE|apply: IH; exact: ltnW].
Qed.

Lemma bounded_dproduct i : (i <= L)%N -> bounded_entries (fun t => dproduct t i).
Proof.
elim: i => [|i IH] iL /=; first exact: bounded_cst.
apply: bounded_addmx; apply: bounded_mx; [exact: bounded_velocity| |exact: bounded_layers|].
  by apply: bounded_product; exact: ltnW.
by apply: IH; exact: ltnW.
Qed.

Lemma loss_vanishes : (fun t => loss (f t) - loss fhat) @ +oo --> 0.
Proof.
have [_ chain bgrad] := convex.
pose dE t := <<grad (f t), dproduct t L *m X^T>>.
have dEP t : 0 <= t -> is_derive t (1 : R) (fun s => loss (f s) - loss fhat) (dE t).
  move=> t0; have df := moves_mulr X^T (moves_product t0 (leqnn L)).
  by apply: (is_derive_eq (is_deriveB (chain f t _ df) (is_derive_cst _ _ _))); rewrite subr0.
have [K leK] : bounded_in_time dE.
  apply: bounded_inner; first exact: bgrad bounded_predictions.
  exact: bounded_mx (bounded_dproduct (leqnn _)) (bounded_cst _).
apply: (@barbalat R D (fun t => - 2%:R * <<grad (f t), f t - fhat>>) _ K).
- exact: distance_derivative.
- move=> t t0; rewrite mulNr ler_opp2 mulr_natl mulr2n.
  have paid := gap_paid t0; apply: le_trans paid _.
  by rewrite ler_addl (le_trans (gap_ge0 t0)) ?gap_paid.
- by move=> t _; exact: distance2_ge0.
- exact: gap_ge0.
- exact: (slow_is_lipschitz dEP leK).
Qed.

End Comparator.
End EveryStart.

Section Theorems.

Variables (R : realType) (n : nat -> nat) (l N : nat).
Notation L := l.+1.
Variables (B : weights R n) (C : forall i, 'M[R]_(n L, n i)) (X : 'M[R]_(N, n 0%N)).
Hypothesis CB : carriers B C.
Variable W : R -> weights R n.

(* The first layer that makes the comparator compute Theta. *)
Lemma first_layer (Theta : 'M[R]_(n L, n 0%N)) : row_free (C 1%N) ->
  exists U, C 1%N *m U = Theta.
Proof.
move=> /gram_unit unit; exists ((C 1%N)^T *m (invmx (C 1%N *m (C 1%N)^T) *m Theta)).
by rewrite mulmxA mulKVmx.
Qed.

Section Loss.

Variables (loss : 'M[R]_(n L, N) -> R) (grad : 'M[R]_(n L, N) -> 'M[R]_(n L, N)).
Hypothesis convex : smooth_convex loss grad.
Hypothesis training : trains B X grad W.
Let answers t := loss (product (W t) L *m X^T).

(* thm-every-start, 1: what has been lost in comparison with any linear map C_1 U. *)
(* begin every_start_regret *)
Theorem every_start_regret U (I : R -> R) t : 0 <= t ->
  (forall s, 0 <= s <= t -> is_derive s (1 : R) I (answers s - loss (C 1%N *m U *m X^T))) ->
  distance2 l (W t) (star U B) + 2%:R * (I t - I 0) <= distance2 l (W 0) (star U B).
(* end every_start_regret *)
Proof.
move=> t0 dI; have after s : 0 <= s <= t -> 0 <= s by case/andP.
have dD s (sP : 0 <= s <= t) := distance_derivative CB training U (after s sP).
have : distance2 l (W t) (star U B) + 2%:R * I t <= distance2 l (W 0) (star U B) + 2%:R * I 0.
  apply: (never_rises t0 (fun s sP => is_deriveD (dD s sP) (is_derive_scale 2%:R (dI s sP)))).
  move=> s /after s0; rewrite mulNr addrC subr_le0 ler_wpmul2l ?ler0n //.
  exact: gap_paid.
by rewrite mulrBr addrA ler_subl_addr.
Qed.

(* thm-every-start, 2: at some time up to t the loss is small. *)
(* begin every_start_least *)
Theorem every_start_least U t : 0 <= t ->
  exists2 s, 0 <= s <= t &
    t * (2%:R * (answers s - loss (C 1%N *m U *m X^T))) <= distance2 l (W 0) (star U B).
(* end every_start_least *)
Proof.
move=> t0; have after s : 0 <= s <= t -> 0 <= s by case/andP.
have [| | |s st le] := @spent_at_some_time R 0 t t0 (fun s => distance2 l (W s) (star U B))
  (fun s => - 2%:R * <<grad (product (W s) L *m X^T), product (W s) L *m X^T - C 1%N *m U *m X^T>>)
  (fun s => 2%:R * (answers s - loss (C 1%N *m U *m X^T))).
- by move=> s /after s0; exact: distance_derivative.
- move=> s /after s0; rewrite mulNr ler_opp2 ler_wpmul2l ?ler0n //.
  exact: gap_paid.
- exact: distance2_ge0.
by exists s => //; rewrite subr0 in le.
Qed.

Variable Theta : 'M[R]_(n L, n 0%N).
Hypothesis best : forall theta : 'M[R]_(n L, n 0%N), loss (Theta *m X^T) <= loss (theta *m X^T).

(* thm-every-start, 3: the distance to a best comparator never grows ... *)
(* begin never_farther *)
Theorem never_farther U s t : C 1%N *m U = Theta -> 0 <= s -> s <= t ->
  distance2 l (W t) (star U B) <= distance2 l (W s) (star U B).
(* end never_farther *)
Proof. by move=> UT; apply: (nearer CB convex training) => u _; rewrite UT. Qed.

(* ... and the loss tends to its minimum, from every start. *)
(* begin every_start_loss *)
Theorem every_start_loss : row_free (C 1%N) -> answers @ +oo --> loss (Theta *m X^T).
(* end every_start_loss *)
Proof.
move=> /(first_layer Theta)[U UT].
have := @loss_vanishes _ _ _ _ _ _ _ CB _ _ convex _ training U.
rewrite UT => /(_ (fun t _ => best _)) to0; rewrite -[loss _]add0r.
rewrite (_ : answers = (fun t => answers t - loss (Theta *m X^T)) \+ (fun=> loss (Theta *m X^T))).
  exact: cvgD to0 (cvg_cst _).
by apply/funext=> t; rewrite /= subrK.
Qed.

End Loss.
(* The squared loss, with any targets: Theta is least squares, which is to say that what it
   leaves is orthogonal to the samples. *)
Section Squared.

Variables (Y : 'M[R]_(N, n L)) (Theta : 'M[R]_(n L, n 0%N)).
Hypothesis least_squares : (Theta *m X^T - Y^T) *m X = 0.

(* begin squared_loss *)
Definition squared_loss (f : 'M[R]_(n L, N)) := 2%:R^-1 * <<f - Y^T, f - Y^T>>.

Definition excess t : 'M[R]_(n L, N) := (product (W t) L - Theta) *m X^T.
(* end squared_loss *)

Lemma inner_sqD p q (A D : 'M[R]_(p, q)) :
  2%:R^-1 * <<A + D, A + D>> = 2%:R^-1 * <<A, A>> + <<A, D>> + 2%:R^-1 * <<D, D>>.
Proof.
rewrite innerDl !innerDr (innerC D A) addrA -(addrA <<A, A>>) !mulrDr -mulrDr.
by rewrite -mulr2n -[<<A, D>> *+ 2]mulr_natl mulKf ?pnatr_eq0.
Qed.

(* begin squared_is_smooth *)
Theorem squared_is_smooth : smooth_convex squared_loss (fun f => f - Y^T).
(* end squared_is_smooth *)
Proof.
split=> [f fhat|f t df df_t|f bf].
- rewrite /squared_loss -[fhat - Y^T](subrKA f) [fhat - f + _]addrC (inner_sqD (f - Y^T)).
  by rewrite ler_addl mulr_ge0 ?invr_ge0 ?ler0n ?inner_ge0.
- apply: (is_derive_eq (is_derive_scale _ (moves_square (moves_minus Y^T df_t)))).
  by rewrite mulKf ?pnatr_eq0 // innerC.
- by apply: bounded_addmx => //; exact: bounded_cst.
Qed.

Lemma residual (A : 'M[R]_(n L, n 0%N)) : <<Theta *m X^T - Y^T, A *m X^T>> = 0.
Proof. by rewrite inner_adjoint_right trmxK least_squares /inner trmx0 mul0mx mxtrace0. Qed.

Lemma squared_excess theta : squared_loss (theta *m X^T) =
  2%:R^-1 * <<(theta - Theta) *m X^T, (theta - Theta) *m X^T>> + squared_loss (Theta *m X^T).
Proof.
rewrite /squared_loss -[theta *m _ - _](subrKA (Theta *m X^T)) -mulmxBl addrC.
rewrite (inner_sqD (Theta *m X^T - Y^T)).
by rewrite residual addr0 addrC.
Qed.

Hypothesis training : trains B X (fun f => f - Y^T) W.

(* thm-every-start, 4: distance lost and squared error paid are equal; I is any antiderivative
   of the squared error, such as its integral. *)
(* begin every_start_budget *)
Theorem every_start_budget U (I : R -> R) t :
  C 1%N *m U *m X^T = Theta *m X^T -> 0 <= t ->
  (forall s, 0 <= s <= t -> is_derive s (1 : R) I <<excess s, excess s>>) ->
  distance2 l (W t) (star U B) + 2%:R * (I t - I 0) = distance2 l (W 0) (star U B).
(* end every_start_budget *)
Proof.
move=> fit t0 dI; have after s : 0 <= s <= t -> 0 <= s by case/andP.
have : distance2 l (W t) (star U B) + 2%:R * I t = distance2 l (W 0) (star U B) + 2%:R * I 0.
  apply: (stays t0 (f := fun s => distance2 l (W s) (star U B) + 2%:R * I s)) => s st.
  have dD := distance_derivative CB training U (after s st).
  apply: (is_derive_eq (is_deriveD dD (is_derive_scale 2%:R (dI s st)))).
  rewrite fit -mulmxBl -/(excess s) -[product _ _ *m _ - _](subrKA (Theta *m X^T)) -mulmxBl.
  by rewrite innerDl residual addr0 mulNr addNr.
by rewrite mulrBr addrA => ->; rewrite addrK.
Qed.

(* ... and the error that training can remove vanishes, from every start. *)
(* begin every_start *)
Theorem every_start : row_free (C 1%N) -> tends excess 0.
(* end every_start *)
Proof.
move=> /(first_layer Theta)[U UT] i j; rewrite mxE.
have gapE t : 2%:R^-1 * <<excess t, excess t>> =
    squared_loss (product (W t) L *m X^T) - squared_loss (C 1%N *m U *m X^T).
  by rewrite UT (squared_excess (product (W t) L)) addrK.
have to0 := @loss_vanishes _ _ _ _ _ _ _ CB _ _ squared_is_smooth _ training U.
apply: tends_within => e e0.
have [|T T0 close] := within_tends 0 (to0 _) (divr_gt0 (exprn_gt0 2 e0) (ltr0n _ 2 : 0 < 2%:R)).
  by move=> t _; rewrite -subr_ge0 -gapE mulr_ge0 ?invr_ge0 ?ler0n ?inner_ge0.
exists T => t /ltW Tt; have {Tt} := close t Tt; rewrite -gapE [0 - _ * _]sub0r normrN.
rewrite ger0_norm ?mulr_ge0 ?invr_ge0 ?ler0n ?inner_ge0 // [_ ^+ 2 / _]mulrC.
rewrite ler_pmul2l ?invr_gt0 ?ltr0n // => le; rewrite sub0r normrN.
rewrite -ler_sqr ?nnegrE ?normr_ge0 ?(ltW e0) // real_normK ?num_real //.
exact: le_trans (entry_le_inner _ _ _) le.
Qed.

End Squared.
End Theorems.

(* thm-step-size, the limit: with the constant step 1 / Lambda the squared errors of the batches
   vanish, in whatever order these come. *)
Section Steps.

Variables (R : realType) (n : nat -> nat) (l : nat).
Notation L := l.+1.
Variables (B : weights R n) (C : forall i, 'M[R]_(n L, n i)) (U : 'M[R]_(n 1%N, n 0%N)).
Hypothesis CB : carriers B C.

Lemma paid_vanishes (err : nat -> R) eta d : 0 < eta -> (forall t, 0 <= err t) ->
  (forall T, eta * (\sum_(t < T) err t) <= d) -> err @ \oo --> 0.
Proof.
move=> eta0 err0 paid; apply: cvg_series_cvg_0; apply: nondecreasing_is_cvg.
  by apply/nondecreasing_seqP => t; rewrite /series /= big_nat_recr //= ler_addl.
exists (d / eta) => _ [T _ <-]; rewrite /series /= big_mkord.
by rewrite ler_pdivl_mulr // mulrC.
Qed.

(* begin steps_vanish *)
Theorem steps_vanish (W : nat -> weights R n) (eta rho x : R) (c w err : nat -> R) :
  0 < eta -> 0 <= rho ->
  (forall i, (0 < i <= L)%N -> at_most (C i) (c i)) ->
  (forall j, (0 < j < L)%N -> at_most (star U B j) (w j)) ->
  distance2 l (W 0%N) (star U B) <= rho ^+ 2 -> eta * lambda l rho x c w <= 1 ->
  (forall t, exists N (X : 'M[R]_(N, n 0%N)) (ehat : 'M[R]_(n L, N)),
     [/\ at_most X x, ehat *m X = 0, err t = <<misfit C U (W t) X, misfit C U (W t) X>> &
         fa_step id B (W t) (W t.+1) X (open_gates R n N) (misfit C U (W t) X + ehat) eta]) ->
  err @ \oo --> 0.
(* end steps_vanish *)
Proof.
move=> eta0 rho0 leC leS start small steps.
apply: (@paid_vanishes _ _ (distance2 l (W 0%N) (star U B)) eta0) => [t|T].
  by have [N [X [ehat [_ _ -> _]]]] := steps t; exact: inner_ge0.
by have [] := step_size_squared CB T (ltW eta0) rho0 leC leS start small steps.
Qed.

End Steps.
