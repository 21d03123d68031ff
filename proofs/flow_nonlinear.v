(* Two layers of leaky ReLU, one output, in time: no neuron's constant changes, the loss loses
   what the dissipation says, and where all constants are positive it falls at a rate.

   Where a preactivation is 0 the slope is any number between alpha and 1, and the flow is
   assumed to hold the preactivation still there.  Countably many times are left out, at which
   gates open and close and nothing is assumed but that the weights do not jump.  alpha = 0 is
   ReLU. *)

From FA Require Import analysis setting law minimum_norm rate distance_identity distance_steps.
From FA Require Import separable dominance calculus countable flow flow_distance every_start.

Lemma small_factor (R : realType) (c g : R -> R) (t : R) : (forall s, `|c s| <= 1) ->
  g @ t --> (0 : R) -> (fun s => c s * g s) @ t --> (0 : R).
Proof.
move=> c1 /cvgrPdist_lt close; apply/(@cvgrPdist_lt _ _ _ (nbhs t)) => e /close.
apply: filterS => s; rewrite !sub0r !normrN normrM; apply: le_lt_trans.
by rewrite ler_pimull.
Qed.

Lemma continuous_compose (R : realType) (f g : R -> R) (t : R) :
  continuous_at g t -> continuous_at f (g t) -> continuous_at (fun s => f (g s)) t.
Proof. by move=> cg cf; exact: (continuous_comp cg cf). Qed.

Lemma continuous_opp (R : realType) (f : R -> R) (t : R) :
  continuous_at f t -> continuous_at (fun s => - f s) t.
Proof. by move=> cf; exact: (cvgN cf). Qed.

Lemma continuous_inv (R : realType) (f : R -> R) (t : R) :
  f t != 0 -> continuous_at f t -> continuous_at (fun s => (f s)^-1) t.
Proof. by move=> f0 cf; exact: (continuousV f0 cf). Qed.

Section Leaky.

Variables (R : realType) (alpha : R).
Hypothesis alpha01 : 0 <= alpha <= 1.
Notation phi := (leaky alpha).

Lemma leaky_norm z : `|phi z| <= `|z|.
Proof.
have /andP[a0 a1] := alpha01; rewrite /leaky; case: ifP => // _.
by rewrite normrM (ger0_norm a0) ler_pimull.
Qed.

Lemma is_derive_leaky z : z != 0 -> is_derive z (1 : R) phi (if 0 < z then 1 else alpha).
Proof.
move=> z0; apply/is_derive1_caratheodory.
pose c := if 0 < z then 1 else alpha.
pose g s := if (0 < s) == (0 < z) then c else (phi s - phi z) / (s - z).
have gz : g z = c by rewrite /g eqxx.
exists g; split=> // [s|].
  rewrite /g; case: eqP => [same|/eqP side].
    by rewrite /leaky /c same; case: ifP => _; rewrite ?mul1r // mulrBr.
  by rewrite divfK // subr_eq0; apply: contraNneq side => ->.
suff gc : g @ z --> c by rewrite /prop_for gz.
have near_z : \forall s \near z, g s = c; last exact: cvg_near_cst near_z.
apply/nbhs_ballP.
exists `|z|; first by rewrite /= normr_gt0.
move=> s; rewrite /ball /= /g => close; rewrite (_ : 0 < s = (0 < z)) ?eqxx //.
have [zpos|] := ltrP 0 z.
  by move: close; rewrite (gtr0_norm zpos) ltr_norml => /andP[_]; rewrite ltr_subl_addl ltr_addr.
rewrite le_eqVlt (negbTE z0) /= => zneg; apply/negbTE; rewrite -leNgt ltW //.
move: close; rewrite (ltr0_norm zneg) ltr_norml opprK => /andP[+ _].
by rewrite ltr_addl oppr_gt0.
Qed.

Lemma leaky_along (f : R -> R) t df S :
  is_derive t (1 : R) f df ->
  (0 < f t -> S = 1) -> (f t < 0 -> S = alpha) -> (f t = 0 -> df = 0) ->
  is_derive t (1 : R) (fun s => phi (f s)) (S * df).
Proof.
move=> d pos neg still; have [z0|nz] := eqVneq (f t) 0; last first.
  have -> : S = (if 0 < f t then 1 else alpha).
    by case: ltgtP nz => // [ft|ft] _; [exact: pos|exact: neg].
  exact: is_derive1_comp (is_derive_leaky nz) d.
have := still z0 => df0; rewrite df0 mulr0.
have /is_derive1_caratheodory[g [fE gcont gt]] := d.
apply/is_derive1_caratheodory; exists (fun s => (if 0 < f s then 1 else alpha) * g s).
split=> [s||]; last by rewrite gt df0 mulr0.
  have := fE s; rewrite z0 subr0 /leaky ltxx mulr0 subr0 => fs.
  by case: ifP => _; rewrite ?mul1r // -mulrA -fs.
have {}gcont : g @ t --> (0 : R) by rewrite -df0 -gt; exact: gcont.
suff to0 : (fun s => (if 0 < f s then 1 else alpha) * g s) @ t --> (0 : R).
  by rewrite /prop_for gt df0 mulr0.
apply: small_factor gcont => s; have /andP[a0 a1] := alpha01.
by case: ifP => _; rewrite ?normr1 // ger0_norm.
Qed.

Lemma leaky_continuous z : continuous_at phi z.
Proof.
have [->|nz] := eqVneq z 0; last first.
  by have [dphi _] := is_derive_leaky nz; apply/differentiable_continuous/derivable1_diffP.
rewrite /continuous_at (_ : phi 0 = 0); last by rewrite /leaky ltxx mulr0.
apply/(@cvgrPdist_lt _ _ _ (nbhs (0 : R))) => e e0.
apply/nbhs_ballP; exists e => //= s; rewrite /ball /= !sub0r !normrN.
by apply: le_lt_trans; exact: leaky_norm.
Qed.

End Leaky.

Section Decay.

Variables (R : realType) (V dV : R -> R) (r T : R) (Z : set R).

(* From V' <= - r V, but for countably many times, to an exponential. *)
Lemma decays_but_countably : 0 <= T -> countable Z ->
  (forall t, 0 <= t <= T -> continuous_at V t) ->
  (forall t, 0 <= t <= T -> ~ Z t -> is_derive t (1 : R) V (dV t)) ->
  (forall t, 0 <= t <= T -> ~ Z t -> dV t <= - r * V t) ->
  V T <= V 0 * expR (- r * T).
Proof.
move=> T0 countZ cont d le; pose up s := expR (r * s).
have dup (t : R) : is_derive t (1 : R) up (up t * r).
  exact: (@is_derive1_comp _ expR (fun s => r * s) t _ _ (is_derive_expR _)
    (is_derive_eq (is_derive_scale r (is_derive_id t 1)) (mulr1 r))).
have cup (t : R) : continuous_at up t.
  by have [du _] := dup t; apply/differentiable_continuous/derivable1_diffP.
have : V T * up T <= V 0 * up 0.
  apply: (@falls_but_countably R (fun s => V s * up s)
    (fun s => dV s * up s + V s * (up s * r)) 0 T Z) => // t tT.
  - by apply: continuous_mul => //; exact: cont.
  - by move=> Zt; exact: is_derive_mul (d t tT Zt) (dup t).
  - move=> Zt; rewrite mulrCA [dV t * _]mulrC -mulrDr mulr_ge0_le0 ?(ltW (expR_gt0 _)) //.
    by rewrite [V t * r]mulrC; have := le t tT Zt; rewrite mulNr -ler_subr_addr sub0r.
by rewrite /up mulr0 expR0 mulr1 mulNr expRN ler_pdivl_mulr ?expR_gt0.
Qed.

End Decay.

Section Dominance.

Variables (R : realType) (d h N : nat) (alpha : R) (X : 'M[R]_(N, d)) (b : 'rV[R]_h).
Variables (ell dell : 'I_N -> R -> R).
Variables (w : R -> 'M[R]_(h, d)) (v : R -> 'rV[R]_h) (S : R -> 'M[R]_(h, N)).

(* begin leaky_flow *)
(* The answers of the network, the loss with the derivative dell of its terms, and the output
   error, at time t. *)
Definition answer t : 'rV[R]_N := v t *m map_mx (leaky alpha) (w t *m X^T).

Definition loss t : R := \sum_s ell s (answer t 0 s).

Definition err t : 'rV[R]_N := \row_s dell s (answer t 0 s).

(* What is assumed of a flow with the slopes S: its weights are continuous and, but for the
   times in Z, move by FA.  The slopes are the derivatives of leaky ReLU where it has one; where
   the preactivation is 0 they are between alpha and 1, and there the preactivation rests. *)
Definition leaky_flow (Z : set R) (T : R) :=
  [/\ countable Z,
      forall t j, 0 <= t <= T ->
        (forall k, continuous_at (fun s => w s j k) t) /\ continuous_at (fun s => v s 0 j) t &
      forall t, 0 <= t <= T -> ~ Z t ->
      [/\ moves w t (dw X b (S t) (err t)), moves v t (dv X (w t) (S t) (err t)) &
          forall j s, let z := (w t *m X^T) j s in
          [/\ 0 < z -> S t j s = 1, z < 0 -> S t j s = alpha, alpha <= S t j s <= 1 &
              z = 0 -> (dw X b (S t) (err t) *m X^T) j s = 0]]].
(* end leaky_flow *)

Hypothesis alpha01 : 0 <= alpha <= 1.
Hypothesis dellP : forall s z, is_derive z (1 : R) (ell s) (dell s z).
Variables (Z : set R) (T : R).
Hypothesis flow : leaky_flow Z T.

Lemma leaky_open t : 0 <= t <= T -> ~ Z t ->
  S t ⊙ (w t *m X^T) = map_mx (leaky alpha) (w t *m X^T).
Proof.
move=> tT Zt; have [_ _ /(_ t tT Zt)[_ _ gate]] := flow; apply/matrixP=> j s; rewrite !mxE.
have [+ + _ _] := gate j s; rewrite mxE /leaky.
by case: ltgtP => [_ -> // _|_ _ -> //|<- _ _]; rewrite ?mul1r // !mulr0.
Qed.

Lemma moves_answer t : 0 <= t <= T -> ~ Z t ->
  moves answer t (danswer X b (w t) (v t) (S t) (err t)).
Proof.
move=> tT Zt; have [_ _ /(_ t tT Zt)[mw mv gate]] := flow.
have ma : moves (fun s => map_mx (leaky alpha) (w s *m X^T)) t
    (S t ⊙ (dw X b (S t) (err t) *m X^T)).
  move=> j s; rewrite mxE (_ : (fun u => _) = (fun u => leaky alpha ((w u *m X^T) j s))).
    have [pos neg _ still] := gate j s.
    exact: (leaky_along alpha01 (moves_mulr X^T mw j s) pos neg still).
  by apply/funext=> u; rewrite mxE.
by apply: moves_eq (moves_mulmx mv ma) _; rewrite -leaky_open.
Qed.

Lemma is_derive_loss t : 0 <= t <= T -> ~ Z t ->
  is_derive t (1 : R) loss <<err t, danswer X b (w t) (v t) (S t) (err t)>>.
Proof.
move=> tT Zt; have ma := moves_answer tT Zt.
have -> : <<err t, danswer X b (w t) (v t) (S t) (err t)>> =
    \sum_s dell s (answer t 0 s) * danswer X b (w t) (v t) (S t) (err t) 0 s.
  by rewrite inner_entries; apply: eq_bigr => s _; rewrite big_ord1 [err t 0 s]mxE.
apply: is_derive_sums => s _.
exact: (@is_derive1_comp _ (ell s) (fun u => answer u 0 s) t _ _ (dellP s _) (ma 0 s)).
Qed.

Lemma continuous_loss t : 0 <= t <= T -> continuous_at loss t.
Proof.
move=> tT; apply: continuous_sums => s _.
have [_ /(_ t _ tT) cont _] := flow.
have cpre j : continuous_at (fun u => (w u *m X^T) j s) t.
  apply: (@continuous_eq R (fun u => \sum_k w u j k * X^T k s)) => [u|]; first by rewrite mxE.
  apply: continuous_sums => k _; apply: continuous_mul; last exact: continuous_cst.
  by have [] := cont j.
have cans : continuous_at (fun u => answer u 0 s) t.
  apply: (@continuous_eq R (fun u => \sum_j v u 0 j * leaky alpha ((w u *m X^T) j s))) => [u|].
    by rewrite mxE; apply: eq_bigr => j _; rewrite [map_mx _ _ _ _]mxE.
  apply: continuous_sums => j _; apply: continuous_mul; first by have [] := cont j.
  by apply: continuous_compose (cpre j) _; exact: leaky_continuous.
apply: (continuous_compose cans); have [dl _] := dellP s (answer t 0 s).
by apply/differentiable_continuous/derivable1_diffP.
Qed.

(* prop-dissipation, in time. *)
(* begin dissipation_flow *)
Theorem dissipation_flow t : 0 <= t <= T -> ~ Z t ->
  let g := heard X (S t) (err t) in
  is_derive t (1 : R) loss
    (- (\sum_j v t 0 j * b 0 j * <<row j g, row j g>> + \sum_j <<row j (w t), row j g>> ^+ 2)).
(* end dissipation_flow *)
Proof. by move=> tT Zt g; rewrite -loss_dissipation; exact: is_derive_loss. Qed.

(* thm-neuron, here: each unit keeps its c_j. *)
(* begin unit_law_flow *)
Theorem unit_law_flow j t : 0 <= t <= T -> unit_c b (w t) (v t) j = unit_c b (w 0) (v 0) j.
(* end unit_law_flow *)
Proof.
move=> /andP[t0 tT]; have [countZ cont move] := flow.
have inside s : 0 <= s <= t -> 0 <= s <= T by case/andP=> -> /le_trans->.
apply: (stays_but_countably t0 countZ (f := fun s => unit_c b (w s) (v s) j)) => s /inside sT.
  have cw : continuous_at (fun u => <<row j (w u), row j (w u)>>) s.
    apply: (@continuous_eq R (fun u => \sum_k w u j k * w u j k)) => [u|].
      by rewrite inner_entries; apply: eq_bigr => k _; rewrite big_ord1 mxE.
    by apply: continuous_sums => k _; have [ck _] := cont s j sT; exact: continuous_mul.
  suff cu : continuous_at (fun u => v u 0 j * b 0 j + - (2%:R^-1 * <<row j (w u), row j (w u)>>)) s.
    exact: cu.
  apply: continuous_add.
    by apply: continuous_mul; [have [] := cont s j sT|exact: continuous_cst].
  apply: (@continuous_eq R (fun u => - 2%:R^-1 * <<row j (w u), row j (w u)>>)) => [u|].
    by rewrite mulNr.
  by apply: continuous_mul => //; exact: continuous_cst.
move=> Zs; have [mw mv _] := move s sT Zs.
have dv_ := is_derive_mul (mv 0 j) (is_derive_cst (b 0 j) s 1).
have dw_ := is_derive_scale 2%:R^-1 (moves_square (moves_row j mw)).
apply: (is_derive_eq (is_deriveB dv_ dw_)).
by rewrite mulr0 addr0 mulKf ?pnatr_eq0 // unit_law.
Qed.

(* thm-dominance: if no c_j is negative, the loss never grows. *)
(* begin dominance_flow *)
Theorem dominance_flow s t : (forall j, 0 <= unit_c b (w 0) (v 0) j) ->
  0 <= s -> s <= t -> t <= T -> loss t <= loss s.
(* end dominance_flow *)
Proof.
move=> c0 s0 st tT; have [countZ _ _] := flow.
have inside u : s <= u <= t -> 0 <= u <= T.
  by case/andP=> su ut; rewrite (le_trans s0 su) (le_trans ut tT).
apply: (falls_but_countably st countZ (f := loss)) => u /inside uT.
- exact: continuous_loss.
- exact: is_derive_loss.
move=> _; apply: le_trans (dominance X b (w u) (v u) (S u) (err u)) _.
by rewrite oppr_le0 sumr_ge0 // => j _; rewrite unit_law_flow // mulr_ge0 ?inner_ge0.
Qed.

(* The bound that any rate needs: dominance, with the c_j of the start. *)
Lemma dominance_now t : 0 <= t <= T ->
  let g := heard X (S t) (err t) in
  <<err t, danswer X b (w t) (v t) (S t) (err t)>> <=
    - (\sum_j unit_c b (w 0) (v 0) j * <<row j g, row j g>>).
Proof.
move=> tT /=; apply: le_trans (dominance X b (w t) (v t) (S t) (err t)) _.
rewrite ler_opp2 le_eqVlt.
by apply/orP; left; apply/eqP; apply: eq_bigr => j _; rewrite unit_law_flow.
Qed.

End Dominance.

(* Squared loss on independent samples. *)
Section Squared.

Variables (R : realType) (d h N : nat) (alpha : R) (X : 'M[R]_(N, d)) (b : 'rV[R]_h).
Variables (y : 'I_N -> R).
Variables (w : R -> 'M[R]_(h, d)) (v : R -> 'rV[R]_h) (S : R -> 'M[R]_(h, N)).
Variables (Z : set R) (T kappa : R).

(* begin squared_terms *)
Definition half_square (s : 'I_N) (z : R) := 2%:R^-1 * (z - y s) ^+ 2.
Definition difference (s : 'I_N) (z : R) := z - y s.
(* end squared_terms *)

Notation c := (unit_c b (w 0) (v 0)).
Notation L := (loss alpha X half_square w v).

Hypotheses (alpha01 : 0 <= alpha <= 1) (T0 : 0 <= T).
Hypothesis flow : leaky_flow alpha X b difference w v S Z T.
Hypotheses (c0 : forall j, 0 <= c j) (kappa0 : 0 <= kappa) (Kk : X *m X^T ⪰ kappa%:M).

Lemma half_squareP s z : is_derive z (1 : R) (half_square s) (difference s z).
Proof.
have dz := is_deriveB (is_derive_id z 1) (is_derive_cst (y s) z 1).
apply: (is_derive_eq (is_derive_scale 2%:R^-1 (is_derive_mul dz dz))).
by rewrite subr0 mul1r mulr1 -mulr2n -[X in _ * X]mulr_natl mulKf ?pnatr_eq0.
Qed.

(* thm-dominance, 1, and the rate of thm-certificate: as long as the active units carry cstar
   on every sample, the loss falls as exp (- 2 kappa cstar t). *)
(* begin dominance_rate *)
Theorem dominance_rate cstar :
  (forall t s, 0 <= t <= T -> ~ Z t -> cstar <= \sum_j c j * S t j s ^+ 2) ->
  L T <= L 0 * expR (- (2%:R * kappa * cstar) * T).
(* end dominance_rate *)
Proof.
move=> carry; have [countZ _ _] := flow.
pose e t := err alpha X difference w v t.
apply: (decays_but_countably (dV := fun t => <<e t, danswer X b (w t) (v t) (S t) (e t)>>)
  T0 countZ (continuous_loss alpha01 half_squareP flow)) => t tT Zt.
  exact: (is_derive_loss alpha01 half_squareP flow tT Zt).
apply: le_trans (dominance_now flow tT) _.
rewrite mulNr ler_opp2; apply: (le_trans _ (schur_bound _ Kk kappa0 c0 (fun s => carry t s tT Zt))).
rewrite -!mulrA mulrCA ler_wpmul2l // mulrCA.
rewrite [_ * L t](_ : _ = <<err alpha X difference w v t, err alpha X difference w v t>>) //.
rewrite /loss mulr_sumr inner_entries; apply: eq_bigr => s _.
by rewrite big_ord1 /half_square mulVKf ?pnatr_eq0 // !mxE expr2.
Qed.

(* thm-dominance, 1: for leaky units the slopes carry alpha^2 (sum of c_j). *)
(* begin dominance_leaky_rate *)
Theorem dominance_leaky_rate :
  L T <= L 0 * expR (- (2%:R * kappa * (alpha ^+ 2 * \sum_j c j)) * T).
(* end dominance_leaky_rate *)
Proof.
have [a0 _] := andP alpha01; have [_ _ move] := flow.
apply: dominance_rate => t s tT Zt; have [_ _ gate] := move t tT Zt.
by apply: leaky_diagonal => // j r; have [_ _ /andP[]] := gate j r.
Qed.

End Squared.

(* Exponential loss on separable data. *)
Section Exponential.

Variables (R : realType) (d h N : nat) (alpha gamma : R) (X : 'M[R]_(N, d)) (b : 'rV[R]_h).
Variables (y : 'I_N -> R) (u : 'rV[R]_d).
Variables (w : R -> 'M[R]_(h, d)) (v : R -> 'rV[R]_h) (S : R -> 'M[R]_(h, N)).
Variables (Z : set R) (T : R).

(* begin exponential_terms *)
Definition exponential (s : 'I_N) (z : R) := expR (- y s * z).
Definition dexponential (s : 'I_N) (z : R) := - y s * expR (- y s * z).
(* end exponential_terms *)

Notation c := (unit_c b (w 0) (v 0)).
Notation L := (loss alpha X exponential w v).

Hypotheses (alpha01 : 0 <= alpha <= 1) (gamma0 : 0 <= gamma) (T0 : 0 <= T) (N0 : (0 < N)%N).
Hypothesis flow : leaky_flow alpha X b dexponential w v S Z T.
Hypotheses (c0 : forall j, 0 <= c j) (u1 : <<u, u>> = 1) (sep : separable X y u gamma).

Lemma exponentialP s z : is_derive z (1 : R) (exponential s) (dexponential s z).
Proof.
apply: (is_derive_eq (@is_derive1_comp _ expR (fun r => - y s * r) z _ _ (is_derive_expR _)
  (is_derive_scale (- y s) (is_derive_id z 1)))).
by rewrite mulr1 mulrC.
Qed.

Lemma loss_gt0 t : 0 < L t.
Proof.
rewrite /loss (bigD1 (Ordinal N0)) //= ltr_spaddl ?expR_gt0 ?sumr_ge0 // => s _.
exact/ltW/expR_gt0.
Qed.

(* thm-dominance, 2. *)
(* begin dominance_exponential *)
Theorem dominance_exponential :
  L T <= ((L 0)^-1 + (alpha * gamma) ^+ 2 * (\sum_j c j) * T)^-1.
(* end dominance_exponential *)
Proof.
have [a0 _] := andP alpha01; have [countZ _ move] := flow.
pose K := (alpha * gamma) ^+ 2 * (\sum_j c j); pose e t := err alpha X dexponential w v t.
pose dL t := <<e t, danswer X b (w t) (v t) (S t) (e t)>>.
have Lneq t : L t != 0 by rewrite gt_eqF ?loss_gt0.
have size_e t s : `|e t 0 s| = expR (- y s * answer alpha X w v t 0 s).
  rewrite mxE normrM normrN (gtr0_norm (expR_gt0 _)).
  by have [[->|->] _] := sep s; rewrite ?normrN normr1 mul1r.
have falls t : 0 <= t <= T -> ~ Z t -> dL t <= - (K * L t ^+ 2).
  move=> tT Zt; have [_ _ gate] := move t tT Zt.
  apply: le_trans (dominance_now flow tT) _; rewrite ler_opp2.
  have := @separable_bound R d h N X (S t) (e t) alpha gamma y u _ a0 gamma0 u1 c0 sep.
  have low j s : alpha <= S t j s by have [_ _ /andP[]] := gate j s.
  have sign s : e t 0 s = - y s * `|e t 0 s| by rewrite size_e mxE.
  move=> /(_ low sign); apply: le_trans; rewrite (eq_bigr _ (fun s _ => size_e t s)).
  by rewrite [X in _ <= X ^+ 2 * _](_ : _ = alpha * gamma * L t) // exprMn mulrAC.
have cL t : 0 <= t <= T -> continuous_at L t := continuous_loss alpha01 exponentialP flow (t := t).
have line (t : R) := is_derive_eq (is_derive_scale K (is_derive_id t 1)) (mulr1 K).
have : K * T - (L T)^-1 <= K * 0 - (L 0)^-1.
  apply: (@falls_but_countably R (fun t => K * t - (L t)^-1)
    (fun t => K - (- (L t) ^- 2 *: dL t)) 0 T Z) => // t tT.
  - suff c1 : continuous_at (fun s => K * s + - (L s)^-1) t by exact: c1.
    apply: continuous_add; first by apply: continuous_mul; [exact: continuous_cst|exact: cvg_id].
    by apply: continuous_opp; apply: continuous_inv (Lneq t) _; exact: cL.
  - move=> Zt; apply: is_deriveB (line t) _.
    exact: is_deriveV (Lneq t) (is_derive_loss alpha01 exponentialP flow tT Zt).
  - move=> Zt; rewrite scaleNr opprK addrC -ler_subr_addr sub0r /GRing.scale /= mulrC.
    by rewrite ler_pdivr_mulr ?exprn_gt0 ?loss_gt0 // mulNr; exact: falls.
rewrite mulr0 sub0r ler_subl_addr addrC ler_subr_addr => le.
have pos : 0 < (L 0)^-1 + K * T.
  by rewrite ltr_spaddl ?invr_gt0 ?loss_gt0 // !mulr_ge0 ?sqr_ge0 ?sumr_ge0.
by rewrite -[L T]invrK ler_pinv ?inE ?unitfE ?gt_eqF ?invr_gt0 ?loss_gt0 //= addrC.
Qed.

End Exponential.
