(* The calculus that the theorems in time need, on the reals of mathcomp-analysis: derivatives
   of moving matrices, what a derivative tells of a function, and limits as time goes on.
   An interval of time contains its ends, and at each of its times the derivative is that of
   both sides: a solution that begins at 0 is continued to the left by its tangent. *)

From FA Require Import analysis setting law.

(* begin moves *)
(* At time t every entry of the matrix A has the derivative that stands in dA. *)
Definition moves (R : realType) p q (A : R -> 'M[R]_(p, q)) (t : R) (dA : 'M[R]_(p, q)) :=
  forall i j, is_derive t (1 : R) (fun s => A s i j) (dA i j).

(* Entry by entry A tends to Z as time goes on. *)
Definition tends (R : realType) p q (A : R -> 'M[R]_(p, q)) (Z : 'M[R]_(p, q)) :=
  forall i j, (fun t => A t i j) @ +oo --> Z i j.
(* end moves *)

Section Derivatives.

Variable R : realType.
Implicit Types t : R.

Lemma is_derive_mul (f g : R -> R) (df dg : R) t :
  is_derive t (1 : R) f df -> is_derive t (1 : R) g dg ->
  is_derive t (1 : R) (fun s => f s * g s) (df * g t + f t * dg).
Proof.
move=> d1 d2; apply: (is_derive_eq (is_deriveM d1 d2)).
by rewrite /GRing.scale /= addrC [g t * df]mulrC.
Qed.

Lemma is_derive_scale (c : R) (f : R -> R) (df : R) t :
  is_derive t (1 : R) f df -> is_derive t (1 : R) (fun s => c * f s) (c * df).
Proof. by move=> d; exact: (@is_deriveZ _ _ _ f c t _ df d). Qed.

Lemma is_derive_sums (I : Type) (r : seq I) (P : pred I) (f : I -> R -> R) (df : I -> R) t :
  (forall i, P i -> is_derive t (1 : R) (f i) (df i)) ->
  is_derive t (1 : R) (fun s => \sum_(i <- r | P i) f i s) (\sum_(i <- r | P i) df i).
Proof.
move=> d; elim: r => [|i r IH].
  have -> : (fun s => \sum_(i <- [::] | P i) f i s) = (fun=> 0).
    by apply/funext=> s; rewrite big_nil.
  by rewrite big_nil; exact: is_derive_cst.
have -> : (fun s => \sum_(l <- i :: r | P l) f l s) =
    (fun s => (if P i then f i s else 0) + \sum_(l <- r | P l) f l s).
  by apply/funext=> s; rewrite big_cons; case: (P i) => //; rewrite add0r.
rewrite big_cons; case Pi: (P i); first exact: (is_deriveD (d i Pi) IH).
rewrite (_ : (fun s => 0 + _) = (fun s => \sum_(l <- r | P l) f l s)) //.
by apply/funext=> s; rewrite add0r.
Qed.

Lemma moves_eq p q (A : R -> 'M[R]_(p, q)) t dA dA' : moves A t dA -> dA = dA' -> moves A t dA'.
Proof. by move=> d <-. Qed.

Lemma moves_cst p q (C : 'M[R]_(p, q)) t : moves (fun=> C) t 0.
Proof. by move=> i j; rewrite mxE; exact: is_derive_cst. Qed.

Section TwoCurves.

Variables (p q : nat) (A C : R -> 'M[R]_(p, q)) (t : R) (dA dC : 'M[R]_(p, q)).
Hypothesis (dAP : moves A t dA) (dCP : moves C t dC).

Lemma movesD : moves (fun s => A s + C s) t (dA + dC).
Proof.
move=> i j; rewrite mxE (_ : (fun s => _) = (fun s => A s i j + C s i j)).
  exact: (is_deriveD (dAP i j) (dCP i j)).
by apply/funext=> s; rewrite mxE.
Qed.

Lemma movesN : moves (fun s => - A s) t (- dA).
Proof.
move=> i j; rewrite mxE (_ : (fun s => _) = (fun s => - A s i j)).
  exact: (is_deriveN (dAP i j)).
by apply/funext=> s; rewrite mxE.
Qed.

Lemma movesZ (c : R) : moves (fun s => c *: A s) t (c *: dA).
Proof.
move=> i j; rewrite mxE (_ : (fun s => _) = (fun s => c * A s i j)).
  exact: (is_derive_scale c (dAP i j)).
by apply/funext=> s; rewrite mxE.
Qed.

Lemma moves_tr : moves (fun s => (A s)^T) t dA^T.
Proof.
move=> i j; rewrite mxE (_ : (fun s => _) = (fun s => A s j i)) //.
by apply/funext=> s; rewrite mxE.
Qed.

Lemma moves_inner : is_derive t (1 : R) (fun s => <<A s, C s>>) (<<dA, C t>> + <<A t, dC>>).
Proof.
rewrite (_ : (fun s => _) = (fun s => \sum_j \sum_i A s i j * C s i j)); last first.
  by apply/funext=> s; exact: inner_entries.
rewrite !inner_entries -big_split /=; apply: is_derive_sums => j _.
by rewrite -big_split /=; apply: is_derive_sums => i _; exact: is_derive_mul.
Qed.

End TwoCurves.

Lemma movesB p q (A C : R -> 'M[R]_(p, q)) t dA dC :
  moves A t dA -> moves C t dC -> moves (fun s => A s - C s) t (dA - dC).
Proof. by move=> dAP dCP; exact: movesD dAP (movesN dCP). Qed.

Lemma moves_minus p q (A : R -> 'M[R]_(p, q)) C t dA :
  moves A t dA -> moves (fun s => A s - C) t dA.
Proof. by move=> dAP; apply: moves_eq (movesB dAP (moves_cst C t)) _; rewrite subr0. Qed.

Lemma moves_mulmx p q r (A : R -> 'M[R]_(p, q)) (C : R -> 'M[R]_(q, r)) t dA dC :
  moves A t dA -> moves C t dC -> moves (fun s => A s *m C s) t (dA *m C t + A t *m dC).
Proof.
move=> dAP dCP i j; rewrite !mxE -big_split /=.
rewrite (_ : (fun s => _) = (fun s => \sum_k A s i k * C s k j)); last first.
  by apply/funext=> s; rewrite mxE.
by apply: is_derive_sums => k _; exact: is_derive_mul.
Qed.

Lemma moves_mull p q r (C : 'M[R]_(p, q)) (A : R -> 'M[R]_(q, r)) t dA :
  moves A t dA -> moves (fun s => C *m A s) t (C *m dA).
Proof.
by move=> dAP; apply: moves_eq (moves_mulmx (moves_cst C t) dAP) _; rewrite mul0mx add0r.
Qed.

Lemma moves_mulr p q r (A : R -> 'M[R]_(p, q)) (C : 'M[R]_(q, r)) t dA :
  moves A t dA -> moves (fun s => A s *m C) t (dA *m C).
Proof.
by move=> dAP; apply: moves_eq (moves_mulmx dAP (moves_cst C t)) _; rewrite mulmx0 addr0.
Qed.

Lemma moves_square p q (A : R -> 'M[R]_(p, q)) t dA :
  moves A t dA -> is_derive t (1 : R) (fun s => <<A s, A s>>) (2%:R * <<dA, A t>>).
Proof.
move=> dAP; apply: (is_derive_eq (moves_inner dAP dAP)).
by rewrite [<<A t, dA>>]innerC mulr_natl mulr2n.
Qed.

End Derivatives.

(* What the derivative on an interval [a, b] tells of the values at its ends. *)
Section Interval.

Variables (R : realType) (a b : R).
Hypothesis ab : a <= b.

Lemma continuous_between (f df : R -> R) :
  (forall t, a <= t <= b -> is_derive t (1 : R) f (df t)) -> {within `[a, b], continuous f}.
Proof.
move=> d; apply: continuous_in_subspaceT => t; rewrite inE /= in_itv /= => tab.
by apply/differentiable_continuous/derivable1_diffP; have [] := d t tab.
Qed.

Lemma never_rises (f df : R -> R) :
  (forall t, a <= t <= b -> is_derive t (1 : R) f (df t)) ->
  (forall t, a <= t <= b -> df t <= 0) -> f b <= f a.
Proof.
move=> d d0; have inside t : t \in `]a, b[ -> a <= t <= b by move/itvP=> ti; rewrite !ti.
apply: (@ler0_derive1_nincr _ f a b) => // [t /inside tab|t /inside tab|].
- by have [] := d t tab.
- by rewrite derive1E (@derive_val _ _ _ _ _ _ _ (d t tab)) d0.
exact: continuous_between d.
Qed.

Lemma rises_less (f g df dg : R -> R) :
  (forall t, a <= t <= b -> is_derive t (1 : R) f (df t)) ->
  (forall t, a <= t <= b -> is_derive t (1 : R) g (dg t)) ->
  (forall t, a <= t <= b -> df t <= dg t) -> f b - f a <= g b - g a.
Proof.
move=> d1 d2 le; rewrite -subr_ge0 opprB addrACA [g b + f a]addrC -addrACA -opprB subr_ge0.
apply: (@never_rises (fun s => f s - g s) (fun s => df s - dg s)) => t tab.
  exact: is_deriveB (d1 t tab) (d2 t tab).
by rewrite subr_le0 le.
Qed.

(* begin stays *)
Theorem stays (f : R -> R) :
  (forall t, a <= t <= b -> is_derive t (1 : R) f 0) -> f b = f a.
(* end stays *)
Proof.
move=> d; apply/eqP; rewrite eq_le (@never_rises f (fun=> 0)) //=.
rewrite -ler_opp2; apply: (@never_rises (fun s => - f s) (fun=> - 0)) => t tab.
  exact: is_deriveN (d t tab).
by rewrite oppr0.
Qed.

(* From V' <= - r V to an exponential. *)
(* begin decays *)
Theorem decays (V dV : R -> R) (r : R) :
  (forall t, a <= t <= b -> is_derive t (1 : R) V (dV t)) ->
  (forall t, a <= t <= b -> dV t <= - r * V t) ->
  V b <= V a * expR (- r * (b - a)).
(* end decays *)
Proof.
move=> d le; pose f s := V s * expR (r * (s - a)).
have df t : a <= t <= b ->
    is_derive t (1 : R) f (expR (r * (t - a)) * (dV t + r * V t)).
  move=> tab; have dm : is_derive t (1 : R) (fun s => r * (s - a)) r.
    apply: (is_derive_eq (is_derive_scale r (is_deriveB (is_derive_id t _) (is_derive_cst a t _)))).
    by rewrite subr0 mulr1.
  have de : is_derive t (1 : R) (fun s => expR (r * (s - a))) (expR (r * (t - a)) * r).
    exact: (@is_derive1_comp _ expR (fun s => r * (s - a)) t _ _ (is_derive_expR _) dm).
  apply: (is_derive_eq (is_derive_mul (d t tab) de)).
  by rewrite [RHS]mulrDr [dV t * _]mulrC [V t * _]mulrC -mulrA.
have : f b <= f a.
  apply: (@never_rises f _ df). move=> t tab; rewrite mulr_ge0_le0 ?(ltW (expR_gt0 _)) //.
  by have := le t tab; rewrite mulNr -ler_subr_addr sub0r.
by rewrite /f subrr mulr0 expR0 mulr1 mulNr expRN ler_pdivl_mulr ?expR_gt0.
Qed.

(* The mean value: a quantity that falls at least as fast as g, and stays above zero, has a
   time at which g is at most what it had to spend, per unit of time. *)
Lemma spent_at_some_time (D dD g : R -> R) :
  (forall t, a <= t <= b -> is_derive t (1 : R) D (dD t)) ->
  (forall t, a <= t <= b -> dD t <= - g t) -> 0 <= D b ->
  exists2 t, a <= t <= b & (b - a) * g t <= D a.
Proof.
move=> d le Db; have inside t : t \in `]a, b[ -> a <= t <= b by move/itvP=> ti; rewrite !ti.
have [t /inside||t] := @MVT_segment R D dD a b ab; [exact: d|exact: continuous_between d|].
rewrite in_itv /= => tab mean; exists t => //.
have : (b - a) * g t <= - (D b - D a).
  by rewrite mean mulrC -mulNr ler_wpmul2r ?subr_ge0 // ler_oppr le.
by move/le_trans; apply; rewrite opprB ler_subl_addr ler_addl.
Qed.

End Interval.

Section Limits.

Variable R : realType.
Implicit Types (f g df dg : R -> R) (l e s t u M : R).

Lemma tends_within f l :
  (forall e, 0 < e -> exists T, forall t, T < t -> `|l - f t| <= e) -> f @ +oo --> l.
Proof.
move=> close; apply/cvgrPdist_le => e /close[T T_e].
by exists T; split; first exact: num_real.
Qed.

(* The other way round; the time may be taken as late as one likes. *)
Lemma within_tends f l s e : f @ +oo --> l -> 0 < e ->
  exists2 T, s <= T & forall t, T <= t -> `|l - f t| <= e.
Proof.
move=> /cvgrPdist_le close /close[T [_ T_e]]; exists (Num.max s (T + 1)).
  by rewrite le_maxr lexx.
move=> t; rewrite le_maxl => /andP[_ Tt]; apply: T_e.
by apply: lt_le_trans Tt; rewrite ltr_addl.
Qed.

Lemma expR_tends (c r : R) : 0 < r -> (fun t => c * expR (- r * t)) @ +oo --> 0.
Proof.
move=> r0; apply: tends_within => e e0; exists (`|c| / (e * r)) => t large.
have t0 : 0 < t by apply: le_lt_trans large; rewrite divr_ge0 // ltW ?mulr_gt0.
rewrite sub0r normrN normrM (gtr0_norm (expR_gt0 _)) mulNr expRN ler_pdivr_mulr ?expR_gt0 //.
have rt0 : 0 <= r * t by rewrite ltW ?mulr_gt0.
apply: (@le_trans _ _ (e * (r * t))).
  by rewrite mulrA -ler_pdivr_mull ?mulr_gt0 // mulrC; exact: ltW.
rewrite ler_pmul2l //; apply: le_trans (expR_ge1Dx rt0).
by rewrite ler_addr ler01.
Qed.

Lemma rising_converges f M :
  (forall s t, 0 <= s -> s <= t -> f s <= f t) -> (forall t, 0 <= t -> f t <= M) ->
  exists l, [/\ f @ +oo --> l, l <= M & forall t, 0 <= t -> f t <= l].
Proof.
move=> rises below; pose E := [set f t | t in [set t | 0 <= t]].
have E0 : E !=set0 by exists (f 0), 0 => //=.
have EM : ubound E M by move=> _ [t t0 <-]; exact: below.
have hsE : has_sup E by split=> //; exists M.
exists (sup E); split; first last.
- by move=> t t0; apply: sup_upper_bound => //; exists t.
- exact: sup_le_ub.
apply: tends_within => e e0; have [_ [T T0 <-] close] := sup_adherent e0 hsE.
exists T => t /ltW Tt; have t0 : 0 <= t := le_trans T0 Tt.
rewrite ger0_norm ?subr_ge0; last by apply: sup_upper_bound => //; exists t.
rewrite ler_subl_addr -ler_subl_addl; apply: le_trans (ltW close) _.
exact: rises.
Qed.

(* A function whose speed is at most that of a bounded one converges; the bound says how near
   it is to its limit. *)
(* begin finite_way_converges *)
Theorem finite_way_converges f g df dg M :
  (forall t, 0 <= t -> is_derive t (1 : R) f (df t)) ->
  (forall t, 0 <= t -> is_derive t (1 : R) g (dg t)) ->
  (forall t, 0 <= t -> `|df t| <= dg t) -> (forall t, 0 <= t -> g t <= M) ->
  exists2 l, f @ +oo --> l & forall t, 0 <= t -> `|l - f t| <= M - g t.
(* end finite_way_converges *)
Proof.
move=> d1 d2 slow below.
have after s : 0 <= s -> forall t u, s <= u <= t -> 0 <= u.
  by move=> s0 t u /andP[su _]; exact: le_trans su.
have up s t : 0 <= s -> s <= t -> f t - f s <= g t - g s.
  move=> s0 st; apply: (rises_less st) => u /(after _ s0) u0; [exact: d1|exact: d2|].
  exact: le_trans (ler_norm _) (slow u u0).
have down s t : 0 <= s -> s <= t -> f s - f t <= g t - g s.
  move=> s0 st; have := @rises_less _ _ _ st (fun u => - f u) g (fun u => - df u) dg.
  rewrite opprK addrC; apply=> u /(after _ s0) u0; [exact: is_deriveN (d1 u u0)|exact: d2|].
  by apply: le_trans (slow u u0); rewrite -normrN ler_norm.
have step s t : 0 <= s -> s <= t -> `|f t - f s| <= g t - g s.
  by move=> s0 st; rewrite ler_norml ler_oppl opprB up // down.
have g_rises s t : 0 <= s -> s <= t -> g s <= g t.
  by move=> s0 st; rewrite -subr_ge0; apply: le_trans (step s t s0 st).
have [lg [to_lg _ _]] := rising_converges g_rises below.
have [ls [to_ls _ _]] : exists l, [/\ (fun t => f t + g t) @ +oo --> l,
    l <= M - g 0 + f 0 + M & forall t, 0 <= t -> f t + g t <= l].
  apply: rising_converges => [s t s0 st|t t0].
    by have := down s t s0 st; rewrite ler_subl_addr addrAC ler_subr_addr [g t + _]addrC.
  rewrite ler_add ?below //; have := up 0 t (lexx _) t0.
  by rewrite ler_subl_addr => /le_trans; apply; rewrite !ler_add2r below.
have to_l : f @ +oo --> ls - lg.
  rewrite (_ : f = (fun t => f t + g t) \- g); first exact: cvgB.
  by apply/funext=> t; rewrite /= addrK.
exists (ls - lg) => // t t0; apply/ler_addgt0Pr => e e0.
have [T tT close] := within_tends t to_l e0; have T0 := le_trans t0 tT.
rewrite -(subrK (f T) (ls - lg)) -(addrA _ (f T)) addrC; apply: le_trans (ler_norm_add _ _) _.
by rewrite ler_add ?close //; apply: le_trans (step _ _ t0 tT) _; rewrite ler_add2r below.
Qed.

(* A speed below an exponential. *)
Lemma exponential_speed_converges f df c r :
  0 < r -> (forall t, 0 <= t -> is_derive t (1 : R) f (df t)) ->
  (forall t, 0 <= t -> `|df t| <= c * expR (- r * t)) ->
  exists2 l, f @ +oo --> l & forall t, 0 <= t -> `|l - f t| <= c / r * expR (- r * t).
Proof.
move=> r0 d slow; pose g t := - (c / r) * expR (- r * t).
have dg t : 0 <= t -> is_derive t (1 : R) g (c * expR (- r * t)).
  move=> _; have dm : is_derive t (1 : R) (fun s => - r * s) (- r).
    by apply: (is_derive_eq (is_derive_scale (- r) (is_derive_id t _))); rewrite mulr1.
  have de : is_derive t (1 : R) (fun s => expR (- r * s)) (expR (- r * t) * - r).
    exact: (@is_derive1_comp _ expR (fun s => - r * s) t _ _ (is_derive_expR _) dm).
  apply: (is_derive_eq (is_derive_scale _ de)).
  by rewrite mulrN mulrNN [expR _ * r]mulrC mulrA mulfVK ?gt_eqF.
have c0 : 0 <= c.
  have := slow 0 (lexx _); rewrite mulr0 expR0 mulr1; exact: le_trans (normr_ge0 _).
have below t : 0 <= t -> g t <= 0.
  by move=> _; rewrite /g mulNr oppr_le0 mulr_ge0 ?divr_ge0 ?(ltW (expR_gt0 _)) ?(ltW r0).
have [l to_l near_l] := finite_way_converges d dg slow below.
by exists l => // t t0; have := near_l t t0; rewrite sub0r /g mulNr opprK.
Qed.

Lemma slow_is_lipschitz f df (K : R) :
  (forall t, 0 <= t -> is_derive t (1 : R) f (df t)) ->
  (forall t, 0 <= t -> `|df t| <= K) ->
  forall s t, 0 <= s -> s <= t -> `|f t - f s| <= K * (t - s).
Proof.
move=> d slow s t s0 st; have after u : s <= u <= t -> 0 <= u.
  by move=> /andP[su _]; exact: le_trans su.
have line u : s <= u <= t -> is_derive u (1 : R) (fun v => K * v) K.
  by move=> _; apply: (is_derive_eq (is_derive_scale K (is_derive_id u _))); rewrite mulr1.
rewrite mulrBr ler_norml ler_oppl opprB; apply/andP; split.
  have := @rises_less _ _ _ st (fun u => - f u) (fun v => K * v) (fun u => - df u) (fun=> K).
  rewrite opprK addrC; apply=> // u /after u0; first exact: is_deriveN (d u u0).
  by apply: le_trans (slow u u0); rewrite -normrN ler_norm.
apply: (rises_less st _ line) => [u /after u0|u /after u0]; first exact: d.
exact: le_trans (ler_norm _) (slow u u0).
Qed.

(* Barbalat's lemma: what is spent from a finite store, at a rate that cannot change at once,
   is spent ever more slowly.  The integral of E is finite, in other words, since the store D
   pays for it. *)
(* begin barbalat *)
Theorem barbalat (D dD E : R -> R) (K : R) :
  (forall t, 0 <= t -> is_derive t (1 : R) D (dD t)) ->
  (forall t, 0 <= t -> dD t <= - E t) ->
  (forall t, 0 <= t -> 0 <= D t) -> (forall t, 0 <= t -> 0 <= E t) ->
  (forall s t, 0 <= s -> s <= t -> `|E t - E s| <= K * (t - s)) ->
  E @ +oo --> 0.
(* end barbalat *)
Proof.
move=> d pays D0 E0 lip.
have after s t u : 0 <= s -> s <= u <= t -> 0 <= u.
  by move=> s0 /andP[su _]; exact: le_trans su.
have falls s t : 0 <= s -> s <= t -> D t <= D s.
  move=> s0 st; apply: (@never_rises _ _ _ st D dD) => u /(after _ _ _ s0) u0; first exact: d.
  by apply: le_trans (pays u u0) _; rewrite oppr_le0 E0.
have [m [to_m _ above_m]] : exists m, [/\ (fun t => - D t) @ +oo --> m, m <= 0 &
    forall t, 0 <= t -> - D t <= m].
  by apply: rising_converges => [s t s0 st|t t0]; rewrite ?ler_opp2 ?falls // oppr_le0 D0.
apply: tends_within => e e0; have K0 : 0 <= K.
  have := lip 0 1 (lexx _) ler01; rewrite subr0 mulr1; exact: le_trans (normr_ge0 _).
have K1 : 0 < K + 1 by apply: ltr_spaddr; rewrite ?ltr01.
(* During the time tau a rate of e cannot fall below e/2. *)
pose tau := e / 2%:R / (K + 1); pose cost := e / 2%:R * tau.
have half0 : 0 < e / 2%:R by rewrite divr_gt0 ?ltr0n.
have tau0 : 0 < tau by rewrite divr_gt0.
have cost0 : 0 < cost by rewrite mulr_gt0.
have small : 0 < cost / 2%:R by rewrite divr_gt0 ?ltr0n.
have [T T0 close] := within_tends 0 to_m small.
exists T => t /ltW Tt; have t0 := le_trans T0 Tt.
rewrite sub0r normrN ger0_norm ?E0 // leNgt; apply/negP => large.
have next : t <= t + tau by rewrite ler_addl ltW.
have still u : t <= u <= t + tau -> e / 2%:R <= E u.
  move=> /andP[tu ut]; have := lip t u t0 tu; rewrite ler_norml => /andP[low _].
  rewrite ler_subr_addl in low; apply: le_trans low; rewrite ler_subr_addr.
  apply: le_trans (ltW large); rewrite [leRHS](splitr e) ler_add2l.
  apply: (@le_trans _ _ ((K + 1) * tau)); last by rewrite /tau mulrC mulfVK ?gt_eqF.
  by rewrite ler_pmul ?subr_ge0 // ?ler_addl ?ler01 // ler_subl_addl.
have spent : D (t + tau) <= D t - cost.
  have : D (t + tau) - D t <= - (e / 2%:R) * (t + tau) - - (e / 2%:R) * t.
    apply: (@rises_less _ _ _ next D (fun u => - (e / 2%:R) * u) dD (fun=> - (e / 2%:R))).
    - by move=> u /(after _ _ _ t0); exact: d.
    - by move=> u _; apply: (is_derive_eq (is_derive_scale _ (is_derive_id u _))); rewrite mulr1.
    - move=> u tu; apply: le_trans (pays u (after _ _ _ t0 tu)) _.
      by rewrite ler_opp2 still.
  by rewrite -mulrBr [t + tau - t]addrAC subrr add0r mulNr ler_subl_addl.
have : cost <= m + D t.
  rewrite -ler_subl_addr -opprB ler_oppl; apply: le_trans spent.
  by rewrite ler_oppl above_m // (le_trans t0).
move/le_trans/(_ (ler_norm _)); have := close t Tt; rewrite opprK => c1 c2.
have := le_trans c2 c1; rewrite leNgt ltr_pdivr_mulr ?ltr0n //.
by rewrite mulr_natr mulr2n ltr_addl cost0.
Qed.

End Limits.

(* Limits of matrices, entry by entry. *)
Section MatrixLimits.

Variable R : realType.

Lemma cvg_sums {F : set (set R)} {FF : Filter F} (I : Type) (r : seq I) (f : I -> R -> R)
    (l : I -> R) :
  (forall i, f i @ F --> l i) -> (fun t => \sum_(i <- r) f i t) @ F --> \sum_(i <- r) l i.
Proof.
move=> to_l; elim: r => [|i r IH].
  by rewrite big_nil (_ : (fun t => _) = (fun=> 0)); [exact: cvg_cst|apply/funext=> t; rewrite big_nil].
rewrite big_cons (_ : (fun t => _) = (fun t => f i t + \sum_(j <- r) f j t)).
  exact: cvgD (to_l i) IH.
by apply/funext=> t; rewrite big_cons.
Qed.

Lemma continuous_same (f g : R -> R) t : f =1 g ->
  {for t, continuous f} -> {for t, continuous g}.
Proof. by move/funext->. Qed.

Lemma continuous_inner p q (A C : R -> 'M[R]_(p, q)) t :
  (forall i j, {for t, continuous (fun s => A s i j)}) ->
  (forall i j, {for t, continuous (fun s => C s i j)}) ->
  {for t, continuous (fun s => <<A s, C s>>)}.
Proof.
move=> contA contC; apply: (@continuous_same (fun s => \sum_j \sum_i A s i j * C s i j)) => [s|].
  by rewrite inner_entries.
apply: (@cvg_sums (nbhs t)) => j; apply: (@cvg_sums (nbhs t)) => i.
exact: (cvgM (contA i j) (contC i j)).
Qed.

Lemma tends_cst p q (C : 'M[R]_(p, q)) : tends (fun=> C) C.
Proof. by move=> i j; exact: cvg_cst. Qed.

Lemma tendsD p q (A C : R -> 'M[R]_(p, q)) Z Z' :
  tends A Z -> tends C Z' -> tends (fun t => A t + C t) (Z + Z').
Proof.
move=> toZ toZ' i j; rewrite !mxE (_ : (fun t => _) = (fun t => A t i j + C t i j)).
  exact: cvgD (toZ i j) (toZ' i j).
by apply/funext=> t; rewrite !mxE.
Qed.

Lemma tendsB p q (A C : R -> 'M[R]_(p, q)) Z Z' :
  tends A Z -> tends C Z' -> tends (fun t => A t - C t) (Z - Z').
Proof.
move=> toZ toZ' i j; rewrite !mxE (_ : (fun t => _) = (fun t => A t i j - C t i j)).
  exact: cvgB (toZ i j) (toZ' i j).
by apply/funext=> t; rewrite !mxE.
Qed.

Lemma tends_mulmx p q r (A : R -> 'M[R]_(p, q)) (C : R -> 'M[R]_(q, r)) Z Z' :
  tends A Z -> tends C Z' -> tends (fun t => A t *m C t) (Z *m Z').
Proof.
move=> toZ toZ' i j; rewrite mxE (_ : (fun t => _) = (fun t => \sum_k A t i k * C t k j)).
  by apply: cvg_sums => k; exact: cvgM (toZ i k) (toZ' k j).
by apply/funext=> t; rewrite mxE.
Qed.

Lemma tends_unique p q (A : R -> 'M[R]_(p, q)) Z Z' : tends A Z -> tends A Z' -> Z = Z'.
Proof.
by move=> toZ toZ'; apply/matrixP=> i j; apply: (cvg_unique _ (toZ i j) (toZ' i j)).
Qed.

Lemma tends_eq p q (A C : R -> 'M[R]_(p, q)) Z : (forall t, 0 <= t -> A t = C t) ->
  tends A Z -> tends C Z.
Proof.
move=> same toZ i j; apply: tends_within => e e0.
have [T T0 close] := within_tends 0 (toZ i j) e0.
by exists T => t /ltW Tt; rewrite -same ?close // (le_trans T0).
Qed.

(* A matrix whose entries are slower than an exponential converges, exponentially fast. *)
Lemma moving_converges p q (A dA : R -> 'M[R]_(p, q)) c r : 0 < r ->
  (forall t, 0 <= t -> moves A t (dA t)) ->
  (forall t, 0 <= t -> forall i j, `|dA t i j| <= c * expR (- r * t)) ->
  exists2 Z, tends A Z &
    forall t, 0 <= t -> forall i j, `|Z i j - A t i j| <= c / r * expR (- r * t).
Proof.
move=> r0 d slow.
have entry ij : exists l, (fun t => A t ij.1 ij.2) @ +oo --> l /\
    forall t, 0 <= t -> `|l - A t ij.1 ij.2| <= c / r * expR (- r * t).
  have [l to_l near_l] := exponential_speed_converges r0
    (fun t t0 => d t t0 ij.1 ij.2) (fun t t0 => slow t t0 ij.1 ij.2).
  by exists l.
have [l lP] := choice entry; exists (\matrix_(i, j) l (i, j)) => [i j|t t0 i j].
  by rewrite mxE; have [] := lP (i, j).
by rewrite mxE; have [_] := lP (i, j); apply.
Qed.

End MatrixLimits.
