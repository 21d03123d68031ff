(* The theorems in time are not empty: flows that satisfy what they assume, in closed form.
   Every layer of these networks has one neuron. *)

From FA Require Import analysis setting law minimum_norm rate calculus countable flow.
From FA Require Import flow_rate.

Section Instances.

Variable R : realType.

Lemma moves_scalar (f : R -> R) t df : is_derive t (1 : R) f df ->
  moves (fun s => (f s)%:M : 'M[R]_1) t df%:M.
Proof.
move=> d i j; rewrite (_ : (fun s => _) = f); first by rewrite !ord1 mxE eqxx mulr1n.
by apply/funext=> s; rewrite !ord1 mxE eqxx mulr1n.
Qed.

Lemma is_derive_near (f g : R -> R) t d : (\forall s \near t, g s = f s) ->
  is_derive t (1 : R) g d -> is_derive t (1 : R) f d.
Proof.
move=> same [dg <-]; have same_t := nbhs_singleton same.
have same_shift : {near 0^', (fun h => h^-1 *: ((g \o shift t) (h *: (1 : R)) - g t)) =1
    (fun h => h^-1 *: ((f \o shift t) (h *: (1 : R)) - f t))}.
  have [e e0 near_t] := (nbhs_ballP _ _).1 same.
  exists e => //= h; rewrite /ball_ /= sub0r normrN => he _; rewrite same_t.
  rewrite near_t // /ball /= opprD addrCA subrr addr0 normrN.
  by rewrite [_%:A]mulr1.
have to : (fun h => h^-1 *: ((f \o shift t) (h *: (1 : R)) - f t)) @ 0^' --> 'D_1 g t.
  exact: cvg_trans (near_eq_cvg same_shift) dg.
apply: DeriveDef; first by apply/cvg_ex; exists ('D_1 g t).
exact: cvg_lim to.
Qed.

(* A flow of a leaky ReLU network whose gate opens at the time 0: its first weight is t after
   that and alpha t before. *)
Variable alpha : R.
Hypothesis alpha0 : 0 <= alpha.

Let ones : weights R (fun=> 1%N) := fun=> 1%:M.
Let kinked t : weights R (fun=> 1%N) := fun i =>
  if i is 1 then (leaky alpha t)%:M else (2%:R^-1 * (leaky alpha t * leaky alpha t))%:M.

Lemma leakyE t : leaky alpha t = 2%:R^-1 * ((1 + alpha) * t + (1 - alpha) * `|t|).
Proof.
have half (x : R) : 2%:R^-1 * (x + x) = x by rewrite mulrDr mulrC -splitr.
rewrite /leaky; case: ifP => [t0|/negbT]; last rewrite -leNgt => t0.
  by rewrite gtr0_norm // -mulrDl addrACA subrr addr0 mulrDl !mul1r half.
by rewrite ler0_norm // mulrN -mulrBl opprB [1 + alpha]addrC addrACA subrr addr0 mulrDl half.
Qed.

Lemma leaky_slope t : t != 0 ->
  is_derive t (1 : R) (leaky alpha) (if 0 < t then 1 else alpha).
Proof.
case: ifP => [t0 _|/negbT]; last rewrite -leNgt => t0 tN0.
  apply: (@is_derive_near _ id).
  apply/nbhs_ballP; exists t => //= s; rewrite /ball /= ltr_distl => /andP[_].
  by rewrite ltr_addr /leaky => ->.
have {t0} tN0 : t < 0 by rewrite lt_neqAle tN0.
apply: (@is_derive_near _ (fun s => alpha * s)).
  apply/nbhs_ballP; exists (- t); rewrite /= ?oppr_gt0 // => s.
  rewrite /ball /= ltr_distl opprK => /andP[+ _]; rewrite gtr_addr => s0.
  by rewrite /leaky ltNge (ltW s0).
by apply: (is_derive_eq (is_derive_scale alpha (is_derive_id t _))); rewrite mulr1.
Qed.

(* begin leaky_flow_exists *)
Theorem leaky_flow_exists : exists W B : R -> weights R (fun=> 1%N),
  fa_flow (leaky alpha) 1 2 (B 0) W (- 1) 1 /\
  (W 1 1%N - W (- 1) 1%N) = (1 + alpha)%:M.
(* end leaky_flow_exists *)
Proof.
exists kinked, (fun=> ones); split; last first.
  rewrite /kinked /leaky ltr01 oppr_gt0 ltNge ler01 /= mulrN1.
  by rewrite -raddfB /= opprK.
have cont (f : R -> R) t p q : {for t, continuous f} ->
    {for t, continuous (fun s => ((f s)%:M : 'M[R]_1) p q)}.
  by apply: continuous_same => s; rewrite !ord1 mxE eqxx mulr1n.
have leaky_cont t : {for t, continuous (leaky alpha)}.
  apply: (@continuous_same _ (fun s => 2%:R^-1 * ((1 + alpha) * s + (1 - alpha) * `|s|))) => [s|].
    by rewrite -leakyE.
  have scale c (f : R -> R) : {for t, continuous f} -> {for t, continuous (fun s => c * f s)}.
    by move=> cf; exact: (continuousM (@cst_continuous _ _ c t) cf).
  apply: (scale 2%:R^-1 (fun s => (1 + alpha) * s + (1 - alpha) * `|s|)).
  exact: (continuousD (scale _ id (fun=> id)) (scale _ _ (@norm_continuous _ _ t))).
split=> [t [|[|i]] p q _ _ //|].
- exact: cont (leaky_cont t).
- by apply: cont; exact: (continuousM (@cst_continuous _ _ _ t) (continuousM (leaky_cont t) (leaky_cont t))).
exists [set 0]; first exact: countable1.
move=> t _ /= /eqP t0; have dw := leaky_slope t0; set s := (if _ then _ else _) in dw.
have ws : s * leaky alpha t = leaky alpha (leaky alpha t).
  rewrite /s; case t1 : (0 < t).
    have wt : leaky alpha t = t by rewrite /leaky t1.
    by rewrite !wt mul1r.
  have wt : leaky alpha t = alpha * t by rewrite /leaky t1.
  by rewrite wt /leaky ltNge mulr_ge0_le0 // leNgt t1.
exists (fun i => if i is 1 then s%:M else (s * leaky alpha t)%:M).
  exists 1%N, 1%:M, (fun=> s%:M), (fun i => if i is 1 then (- s)%:M else (- 1)%:M).
  have entry (x : R) : (x%:M : 'M_1) = \matrix_(i, j) x.
    by apply/matrixP=> i j; rewrite !ord1 !mxE eqxx mulr1n.
  split=> [[|[|i]] // _|[|[|i]] // _|[|[|[|i]]] // _].
  - rewrite scale1r /preactivation /= trmx1 mulmx1; apply/matrixP=> p q.
    by rewrite !ord1 !mxE eqxx !mulr1n.
  - by apply/matrixP=> p q; rewrite trmx1 mul1mx !ord1 !mxE eqxx !mulr1n mulN1r.
  - by rewrite /velocity /= trmx1 trmx1 mulmx1 -raddfN /= opprK.
  - rewrite /velocity /= trmx1 mulmx1; apply/matrixP=> p q.
    by rewrite !ord1 !mxE big_ord1 !mxE eqxx !mulr1n mulN1r opprK ws.
case=> [|[|[|i]]] // _; first exact: moves_scalar.
apply: moves_scalar; apply: (is_derive_eq (is_derive_scale _ (is_derive_mul dw dw))).
by rewrite [leaky _ _ * s]mulrC mulrDr ![2%:R^-1 * _]mulrC -splitr.
Qed.

(* Two layers with B = X = 1 and the target 0: the error is not 0 at the start and falls. *)
Let u (t : R) := 2%:R^-1 * (3%:R * expR (2%:R * t) - 1).
Let w1 t := expR (- 2%:R^-1 * ln (u t)).
Let w2 t := 1 + 2%:R^-1 * (w1 t * w1 t).

Lemma u_gt0 t : 0 <= t -> 0 < u t.
Proof.
move=> t0; rewrite mulr_gt0 ?invr_gt0 ?ltr0n // subr_gt0.
have e1 : 1 <= expR (2%:R * t).
  by apply: le_trans (expR_ge1Dx _); rewrite ?ler_addl mulr_ge0 ?ler0n.
by apply: (@lt_le_trans _ _ 3%:R); rewrite ?ltr1n // ler_pemulr ?ler0n.
Qed.

Lemma w1_square t : 0 <= t -> w1 t * w1 t = (u t)^-1.
Proof.
move=> t0; rewrite -expRD -mulrDr mulNr mulrDr ![2%:R^-1 * _]mulrC -splitr expRN.
by rewrite lnK // posrE u_gt0.
Qed.

Lemma w1_slope t : 0 <= t -> is_derive t (1 : R) w1 (- (w2 t * w1 t)).
Proof.
move=> t0; have u0 := u_gt0 t0.
have d2 : is_derive t (1 : R) (fun s => 2%:R * s) 2%:R.
  by apply: (is_derive_eq (is_derive_scale _ (is_derive_id t _))); rewrite mulr1.
have de : is_derive t (1 : R) (fun s => expR (2%:R * s)) (expR (2%:R * t) * 2%:R).
  exact: (@is_derive1_comp _ expR (fun s => 2%:R * s) t _ _ (is_derive_expR _) d2).
have du : is_derive t (1 : R) u (2%:R * u t + 1).
  apply: (is_derive_eq (is_derive_scale _ (is_deriveB (is_derive_scale _ de) (is_derive_cst 1 t _)))).
  by rewrite subr0 [expR _ * _]mulrC mulrCA mulKf ?pnatr_eq0 // /u mulVKf ?pnatr_eq0 // subrK.
have dl : is_derive t (1 : R) (fun s => ln (u s)) ((u t)^-1 * (2%:R * u t + 1)).
  exact: (@is_derive1_comp _ (@ln R) u t _ _ (is_derive1_ln u0) du).
have dh := is_derive_scale (- 2%:R^-1) dl.
have dw : is_derive t (1 : R) w1 (w1 t * (- 2%:R^-1 * ((u t)^-1 * (2%:R * u t + 1)))).
  exact: (@is_derive1_comp _ expR (fun s => - 2%:R^-1 * ln (u s)) t _ _ (is_derive_expR _) dh).
apply: (is_derive_eq dw); rewrite mulrC -mulNr; congr (_ * _).
rewrite /w2 w1_square // mulrDr mulr1 mulrCA mulVf ?gt_eqF // mulr1 mulNr mulrDr.
by rewrite mulVf ?pnatr_eq0.
Qed.

(* begin converging_flow_exists *)
Theorem converging_flow_exists : exists W1 W2 : R -> 'M[R]_1,
  let B := 1%:M in let X := 1%:M in let Y := 0 in
  [/\ row_free B /\ row_free X, forall T, two_layer_flow B X Y W1 W2 T,
      good_start B X W1 W2 1, (W1 0 <= X)%MS & error X Y W1 W2 0 != 0].
(* end converging_flow_exists *)
Proof.
have free1 : row_free (1%:M : 'M[R]_1) by rewrite row_free_unit unitmx1.
exists (fun t => (w1 t)%:M), (fun t => (w2 t)%:M) => B X Y.
have errorE t : error X Y (fun t => (w1 t)%:M) (fun t => (w2 t)%:M) t = (w2 t * w1 t)%:M.
  by rewrite /error /X /Y trmx1 trmx0 subr0 mulmx1 -scalar_mxM.
split=> //; last first.
- rewrite errorE; apply/eqP => /matrixP/(_ 0 0)/eqP; rewrite !mxE eqxx mulr1n mulf_eq0.
  by rewrite !gt_eqF ?expR_gt0 // ltr_paddr ?ltr01 // mulr_ge0 ?invr_ge0 ?ler0n // -expr2 sqr_ge0.
- exact: submx1.
- exists 0, (w1 0)%:M; split=> [||v].
  + by rewrite mulmx1 add0r.
  + by rewrite mul0mx.
  + rewrite trmx1 !(mulmx1, mul1mx) !tr_scalar_mx -scalar_mxM -raddfD -raddfB /= scale_scalar_mx.
    rewrite (_ : w2 0 + w2 0 - w1 0 * w1 0 = 2%:R * 1 * 1) // /w2 addrACA.
    by rewrite ![2%:R^-1 * _]mulrC -splitr addrK !mulr1.
move=> T t /andP[t0 _]; rewrite errorE trmx1 mul1mx mulmx1 tr_scalar_mx -scalar_mxM.
rewrite -!raddfN /=; split; apply: moves_scalar; first exact: w1_slope.
have dw := w1_slope t0.
apply: (is_derive_eq (is_deriveD (is_derive_cst 1 t _) (is_derive_scale _ (is_derive_mul dw dw)))).
by rewrite add0r [w1 t * _]mulrC mulrDr ![2%:R^-1 * _]mulrC -splitr mulNr.
Qed.

(* The same flow, as a linear network of the definition for any depth. *)
(* begin linear_flow_exists *)
Theorem linear_flow_exists : exists (W : R -> weights R (fun=> 1%N)) (B : weights R (fun=> 1%N)),
  linear_flow 2 B W 0 1 /\ W 0 1%N != 0.
(* end linear_flow_exists *)
Proof.
exists (fun t i => if i is 1 then (w1 t)%:M else (w2 t)%:M), ones; split; last first.
  apply/eqP => /matrixP/(_ 0 0)/eqP.
  by rewrite !mxE eqxx mulr1n gt_eqF ?expR_gt0.
move=> t /andP[t0 _]; exists 1%N, 1%:M, (fun=> (w2 t * w1 t)%:M).
split=> [[|[|i]] // _|].
  by apply/matrixP=> p q; rewrite trmx1 mul1mx !mxE mulr1.
have dw := w1_slope t0.
case=> [|[|[|i]]] // _; rewrite /velocity /=.
  by rewrite trmx1 trmx1 mulmx1 -raddfN /=; exact: moves_scalar.
rewrite trmx1 mulmx1 (_ : map_mx id _ = (w1 t)%:M); last by apply/matrixP=> p q; rewrite !mxE.
rewrite tr_scalar_mx -scalar_mxM -raddfN /=; apply: moves_scalar.
apply: (is_derive_eq (is_deriveD (is_derive_cst 1 t _) (is_derive_scale _ (is_derive_mul dw dw)))).
by rewrite add0r [w1 t * _]mulrC mulrDr ![2%:R^-1 * _]mulrC -splitr mulNr.
Qed.

(* The start of thm-rate, at any sizes: a network that has fitted the targets 0 stays there. *)
(* begin resting_flow_exists *)
Theorem resting_flow_exists m h n N (B : 'M[R]_(m, h)) (X : 'M[R]_(N, n)) :
  let W1 (t : R) := 0 : 'M[R]_(h, n) in let W2 (t : R) := B in
  [/\ W1 0 *m X^T = 0, W2 0 = B & forall T, two_layer_flow B X 0 W1 W2 T].
(* end resting_flow_exists *)
Proof.
move=> W1 W2; split=> [||T t _]; rewrite ?mul0mx //.
have -> : error X 0 W1 W2 t = 0 by rewrite /error /W1 mulmx0 mul0mx trmx0 subrr.
by rewrite mulmx0 !mul0mx !oppr0; split; exact: moves_cst.
Qed.

End Instances.
