(* What a derivative tells, if it may be missing at countably many times: solutions through the
   kinks of a ReLU have such times, at which a gate opens or closes. *)

From FA Require Import analysis.
From mathcomp Require Import measure lebesgue_measure.
From FA Require Import setting law calculus.

(* begin continuous_at *)
Definition continuous_at (R : realType) (f : R -> R) (t : R) := f @ t --> f t.
(* end continuous_at *)

Section Countable.

Variable R : realType.
Implicit Types (f g df : R -> R) (a b c t s : R) (Z : set R).

(* An interval is not countable: it has a length. *)
Lemma interval_escapes Z a b : countable Z -> a < b -> exists2 c, a < c < b & ~ Z c.
Proof.
move=> /countable_injP[name inj] ab; apply: contrapT => none.
pose point n := xget a [set x | Z x /\ name x = n].
have sub : [set` `]a, b[] `<=` \bigcup_n [set point n].
  move=> c /=; rewrite in_itv /= => cab.
  have Zc : Z c by apply: contrapT => Zc; apply: none; exists c.
  exists (name c) => //; rewrite /point; case: xgetP => [x -> [Zx same]|/(_ c)[]//].
  by apply: inj; rewrite ?inE.
have : (lebesgue_measure ([set` `]a, b[] : set R) <= 0)%E.
  apply: le_trans (measure_sigma_sub_additive lebesgue_measure _ _ sub) _ => [n||].
  - exact: measurable_set1.
  - exact: measurable_itv.
  - by rewrite eseries0 // => n _; exact: lebesgue_measure_set1.
by rewrite lebesgue_measure_itv hlength_itv /= lte_fin ab -EFinB lee_fin subr_le0 leNgt ab.
Qed.

Lemma goes_below g t d : is_derive t (1 : R) g d -> d < 0 ->
  exists2 e, 0 < e & forall s, t < s < t + e -> g s < g t.
Proof.
move=> [dg dE] d0.
have : (fun h => h^-1 *: ((g \o shift t) (h *: (1 : R)) - g t)) @ 0^' --> d.
  by rewrite -dE; exact: dg.
move=> /cvgrPdist_lt /(_ (- d)); rewrite oppr_gt0 => /(_ d0) [e /= e0 close].
exists e => // s /andP[ts se]; have h0 : 0 < s - t by rewrite subr_gt0.
have := close (s - t); rewrite /= sub0r normrN gtr0_norm // ltr_subl_addl => /(_ se).
rewrite gt_eqF // => /(_ isT); rewrite [_%:A]mulr1 subrK ltr_norml => /andP[+ _].
by rewrite opprK ltr_addl oppr_gt0 pmulr_rlt0 ?invr_gt0 // subr_lt0.
Qed.

(* A function that is continuous and, but for countably many times, has a derivative that is
   not positive, does not rise. *)
Lemma falls_but_countably f df a b Z : a <= b -> countable Z ->
  (forall t, a <= t <= b -> continuous_at f t) ->
  (forall t, a <= t <= b -> ~ Z t -> is_derive t (1 : R) f (df t)) ->
  (forall t, a <= t <= b -> ~ Z t -> df t <= 0) -> f b <= f a.
Proof.
move=> ab countZ cont d d0; rewrite leNgt; apply/negP => rise.
(* Tilted a little, the function still rises, and every slope is negative. *)
have gap0 : 0 < f b - f a by rewrite subr_gt0.
pose eps := (f b - f a) / (b - a + 1) / 2%:R; pose g t := f t - eps * t.
have ba1 : 0 < b - a + 1 by rewrite ltr_spaddr ?ltr01 ?subr_ge0.
have eps0 : 0 < eps by rewrite !divr_gt0 ?ltr0n.
have grise : g a < g b.
  rewrite -subr_gt0 /g opprB [ltRHS](@GRing.add R).[AC (2*2) (1*4*(3*2))] -mulrBr -opprB.
  rewrite mulrN subr_gt0.
  apply: (@le_lt_trans _ _ (eps * (b - a + 1))); first by rewrite ler_pmul2l // ler_addl ler01.
  by rewrite /eps mulrAC mulfVK ?gt_eqF // ltr_pdivr_mulr ?ltr0n // ltr_pmulr // ltr1n.
have [c /andP[ac cb] Zc] := interval_escapes (sub_countable (card_image_le g Z) countZ) grise.
(* At the last time m at which g is at most c it is not above c, and falls. *)
pose E := [set t | a <= t <= b /\ g t <= c].
have Ea : E a by split; [rewrite lexx|exact: ltW].
have hsE : has_sup E by split; [exists a|exists b => t [/andP[]]].
pose m := sup E; have am : a <= m by exact: sup_upper_bound.
have mb : m <= b by apply: sup_le_ub => [|t [/andP[]]] //; exists a.
have gcont : g @ m --> g m.
  have fm : f @ m --> f m by apply: cont; rewrite am.
  have em : (fun t => eps * t) @ m --> eps * m by exact: mulrl_continuous.
  exact: (cvgB fm em).
have gm : g m <= c.
  rewrite leNgt; apply/negP => /(cvgr_gt (g m) gcont) /nbhs_ballP[e e0 near_m].
  have [t [tab gt]] := sup_adherent e0 hsE; rewrite -/m => mt.
  have tm : t <= m by exact: sup_upper_bound.
  have /near_m : ball m e t by rewrite /ball /= ger0_norm ?subr_ge0 // ltr_subl_addl -ltr_subl_addr.
  by rewrite /= ltNge gt.
have {}mb : m < b by rewrite lt_neqAle mb andbT; apply: contraTneq cb => <-; rewrite -leNgt.
suff [e e0 low] : exists2 e, 0 < e & forall s, m < s < m + e -> g s <= c.
  pose s := m + Num.min (e / 2%:R) (b - m).
  have ms : m < s by rewrite ltr_addl lt_minr divr_gt0 ?ltr0n // subr_gt0.
  have sb : s <= b by rewrite -ler_subr_addl le_minl lexx orbT.
  have se : s < m + e.
    by rewrite ltr_add2l lt_minl ltr_pdivr_mulr ?ltr0n // ltr_pmulr // ltr1n.
  suff /(sup_upper_bound hsE) : E s by rewrite leNgt ms.
  by split; [rewrite sb (le_trans am (ltW ms))|apply: low; rewrite ms].
have [Zm|Zm] := pselect (Z m).
  have {}gm : g m < c by rewrite lt_neqAle gm andbT; apply/eqP => gmc; apply: Zc; exists m.
  have [e e0 near_m] := (nbhs_ballP _ _).1 (cvgr_lt (g m) gcont c gm).
  exists e => // s /andP[ms se]; apply/ltW/near_m.
  by rewrite /ball /= distrC ger0_norm ?subr_ge0 ?ltr_subl_addl // ltW.
have mab : a <= m <= b by rewrite am ltW.
have dg : is_derive m (1 : R) g (df m - eps).
  apply: is_deriveB (d m mab Zm) _.
  by apply: (is_derive_eq (is_derive_scale eps (is_derive_id m _))); rewrite mulr1.
have [|e e0 low] := goes_below dg.
  by apply: (@le_lt_trans _ _ (- eps)); rewrite ?oppr_lt0 // ger_addr d0.
by exists e => // s /low/ltW gs; exact: le_trans gm.
Qed.

End Countable.
