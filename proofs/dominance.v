(* Two layers, one output: what the loss loses along FA, and a lower bound of it where the
   read-out agrees with the feedback.  Rows of X are the samples, S holds the slopes of all
   units at all samples, e the derivatives of the loss by the answers. *)

From FA Require Import algebra setting law minimum_norm rate distance_identity distance_steps.

(* begin two_layers *)
Section TwoLayers.

Variables (F : realFieldType) (d h N : nat) (X : 'M[F]_(N, d)) (b : 'rV[F]_h).
Variables (w : 'M[F]_(h, d)) (v : 'rV[F]_h) (S : 'M[F]_(h, N)) (e : 'rV[F]_N).

(* g_j = sum over the samples of e_n S_jn x_n, as row j. *)
Definition heard : 'M[F]_(h, d) := (\matrix_(j, s) (e 0 s * S j s)) *m X.

(* The motion of FA: dw_j = - b_j g_j, and dv_j = - w_j . g_j. *)
Definition dw : 'M[F]_(h, d) := - (\matrix_(j, k) (b 0 j * heard j k)).
Definition dv : 'rV[F]_h := - (e *m (S ⊙ (w *m X^T))^T).

(* The answers v a move with dv a + v (S dh), where a = S h is the activity. *)
Definition danswer : 'rV[F]_N := dv *m (S ⊙ (w *m X^T)) + v *m (S ⊙ (dw *m X^T)).

(* c_j, which each unit keeps. *)
Definition unit_c j : F := v 0 j * b 0 j - 2%:R^-1 * <<row j w, row j w>>.

End TwoLayers.
(* end two_layers *)

Section Dissipation.

Variables (F : realFieldType) (d h N : nat) (X : 'M[F]_(N, d)) (b : 'rV[F]_h).
Variables (w : 'M[F]_(h, d)) (v : 'rV[F]_h) (S : 'M[F]_(h, N)) (e : 'rV[F]_N).
Notation g := (heard X S e).

Lemma heard_along (z : 'M[F]_(h, d)) j :
  <<row j z, row j g>> = \sum_s e 0 s * S j s * (z *m X^T) j s.
Proof.
rewrite row_mul inner_adjoint_right innerC inner_entries; apply: eq_bigr => s _.
by rewrite big_ord1 -row_mul !mxE.
Qed.

(* prop-dissipation. *)
(* begin loss_dissipation *)
Theorem loss_dissipation :
  <<e, danswer X b w v S e>> =
    - (\sum_j v 0 j * b 0 j * <<row j g, row j g>> + \sum_j <<row j w, row j g>> ^+ 2).
(* end loss_dissipation *)
Proof.
have along (u : 'rV[F]_h) (z : 'M[F]_(h, d)) :
    <<e, u *m (S ⊙ (z *m X^T))>> = \sum_j u 0 j * <<row j z, row j g>>.
  rewrite inner_entries; under eq_bigr do rewrite big_ord1 mxE mulr_sumr.
  rewrite exchange_big; apply: eq_bigr => j _ /=; rewrite heard_along mulr_sumr.
  by apply: eq_bigr => s _; rewrite !mxE -!mulrA mulrCA.
rewrite /danswer innerDr !along opprD addrC; congr (_ + _).
  rewrite -sumrN; apply: eq_bigr => j _.
  have -> : row j (dw X b S e) = - (b 0 j) *: row j g.
    by apply/rowP=> k; rewrite !mxE mulNr.
  by rewrite innerZl !mulNr mulrN mulrA.
rewrite -sumrN; apply: eq_bigr => j _; rewrite expr2 -mulNr; congr (_ * _).
rewrite heard_along /dv !mxE; congr (- _); apply: eq_bigr => s _.
by rewrite !mxE mulrA.
Qed.

(* The neuron law: c_j stands still. *)
(* begin unit_law *)
Theorem unit_law j :
  dv X w S e 0 j * b 0 j - <<row j (dw X b S e), row j w>> = 0.
(* end unit_law *)
Proof.
have -> : row j (dw X b S e) = - (b 0 j) *: row j g.
  by apply/rowP=> k; rewrite !mxE mulNr.
rewrite innerZl innerC heard_along mulNr opprK /dv !mxE mulNr mulrC addrC.
by apply/eqP; rewrite subr_eq0; apply/eqP; congr (_ * _); apply: eq_bigr => s _; rewrite !mxE mulrA.
Qed.

(* thm-dominance: the loss loses at least the sum of c_j |g_j|^2.  So if no c_j is negative, it
   does not grow. *)
(* begin dominance *)
Theorem dominance :
  <<e, danswer X b w v S e>> <= - (\sum_j unit_c b w v j * <<row j g, row j g>>).
(* end dominance *)
Proof.
rewrite loss_dissipation ler_opp2; apply: ler_paddr.
  by rewrite sumr_ge0 // => j _; exact: sqr_ge0.
apply: ler_sum => j _; rewrite ler_wpmul2r ?inner_ge0 // /unit_c ler_subl_addr ler_addl.
by rewrite mulr_ge0 ?invr_ge0 ?ler0n ?inner_ge0.
Qed.

(* thm-dominance, 1: Schur's bound of the product of K and sum_j c_j d_j d_j^T.  The number
   kappa stands for the least eigenvalue of K, and cstar bounds the diagonal. *)
(* begin schur_bound *)
Theorem schur_bound kappa cstar (c : 'I_h -> F) :
  X *m X^T ⪰ kappa%:M -> 0 <= kappa -> (forall j, 0 <= c j) ->
  (forall s, cstar <= \sum_j c j * S j s ^+ 2) ->
  kappa * cstar * <<e, e>> <= \sum_j c j * <<row j g, row j g>>.
(* end schur_bound *)
Proof.
move=> Kk kappa0 c0 diag.
apply: (@le_trans _ _ (\sum_j c j * (kappa * \sum_s (e 0 s * S j s) ^+ 2))); last first.
  apply: ler_sum => j _; rewrite ler_wpmul2l //.
  pose z := (row j (\matrix_(i, s) (e 0 s * S i s)))^T.
  have := Kk z; rewrite form_gram -[kappa%:M]scalemx1 formZ /form mul1mx.
  have -> : X^T *m z = (row j g)^T by rewrite row_mul trmx_mul.
  rewrite inner_tr => /(le_trans _); apply; rewrite ler_wpmul2l // inner_tr.
  rewrite inner_entries; apply: ler_sum => s _.
  by rewrite big_ord1 !mxE -expr2.
rewrite -mulrA; under eq_bigr do rewrite mulrCA mulr_sumr.
rewrite -mulr_sumr ler_wpmul2l // exchange_big inner_entries mulr_sumr; apply: ler_sum => s _.
rewrite big_ord1 /=.
have -> : \sum_j c j * (e 0 s * S j s) ^+ 2 = (\sum_j c j * S j s ^+ 2) * (e 0 s * e 0 s).
  by rewrite mulr_suml; apply: eq_bigr => j _; rewrite exprMn -expr2 mulrCA mulrC.
by rewrite ler_wpmul2r // -expr2 sqr_ge0.
Qed.

(* Leaky units have no slope below alpha. *)
(* begin leaky_diagonal *)
Theorem leaky_diagonal alpha (c : 'I_h -> F) : 0 <= alpha -> (forall j, 0 <= c j) ->
  (forall j s, alpha <= S j s) ->
  forall s, alpha ^+ 2 * (\sum_j c j) <= \sum_j c j * S j s ^+ 2.
(* end leaky_diagonal *)
Proof.
move=> alpha0 c0 low s; rewrite mulr_sumr; apply: ler_sum => j _.
by rewrite mulrC ler_wpmul2l // ler_sqr ?nnegrE // (le_trans alpha0).
Qed.

(* thm-dominance, 2 and 3: on data that u separates, each unit hears enough. *)
(* begin separable_bound *)
Theorem separable_bound alpha gamma (y : 'I_N -> F) (u : 'rV[F]_d) (c : 'I_h -> F) :
  0 <= alpha -> 0 <= gamma -> <<u, u>> = 1 -> (forall j, 0 <= c j) ->
  (forall s, (y s = 1 \/ y s = -1) /\ gamma <= y s * (u *m X^T) 0 s) ->
  (forall j s, alpha <= S j s) -> (forall s, e 0 s = - y s * `|e 0 s|) ->
  (alpha * gamma * \sum_s `|e 0 s|) ^+ 2 * (\sum_j c j) <=
    \sum_j c j * <<row j g, row j g>>.
(* end separable_bound *)
Proof.
move=> alpha0 gamma0 u1 c0 sep low sign; rewrite mulr_sumr; apply: ler_sum => j _.
rewrite mulrC ler_wpmul2l //; apply: (@le_trans _ _ (<<u, row j g>> ^+ 2)); last first.
  by apply: le_trans (cauchy_schwarz _ _) _; rewrite u1 mul1r.
have -> : <<u, row j g>> = - \sum_s `|e 0 s| * S j s * (y s * (u *m X^T) 0 s).
  rewrite row_mul inner_adjoint_right innerC inner_entries -sumrN; apply: eq_bigr => s _.
  rewrite big_ord1 [row _ _ _ _]mxE mxE {1}sign !mulNr; congr (- _).
  by rewrite -!mulrA mulrCA [y s * (S j s * _)]mulrCA.
have sum0 : 0 <= alpha * gamma * \sum_s `|e 0 s| by rewrite !mulr_ge0 ?sumr_ge0.
suff le : alpha * gamma * (\sum_s `|e 0 s|) <= \sum_s `|e 0 s| * S j s * (y s * (u *m X^T) 0 s).
  by rewrite sqrrN ler_sqr ?nnegrE // (le_trans sum0).
rewrite mulr_sumr; apply: ler_sum => s _; rewrite mulrC mulrA.
by have [_ sepS] := sep s; rewrite ler_pmul ?mulr_ge0 ?ler_wpmul2l.
Qed.

End Dissipation.

(* These are the motions of FA as the other files have them, with two layers and one output. *)
Section Motion.

Variables (F : realFieldType) (d h N : nat).

(* begin both *)
Definition widths i := match i with 0 => d | 1 => h | _ => 1%N end.

Definition both (w : 'M[F]_(h, d)) (v : 'rV[F]_h) : weights F widths :=
  fun i => match i return 'M_(widths i, widths i.-1) with 0 => 0 | 1 => w | 2 => v | _ => 0 end.

Definition hidden (S : 'M[F]_(h, N)) i : 'M[F]_(widths i, N) :=
  match i with 1 => S | _ => 0 end.
(* end both *)

(* begin two_layer_motion *)
Theorem two_layer_motion phi (X : 'M[F]_(N, d)) (b v : 'rV[F]_h) (w w0 : 'M[F]_(h, d))
    (S : 'M[F]_(h, N)) (e : 'rV[F]_N) :
  S ⊙ (w *m X^T) = map_mx phi (w *m X^T) ->
  fa_motion (l := 1) phi (both w v) (both w0 b) X (hidden S) e
    (both (dw X b S e) (dv X w S e)).
(* end two_layer_motion *)
Proof.
move=> open; split; first by case=> [|[|i]].
exists (fun i => match i return 'M[F]_(widths i, N) with
  1 => (b^T *m e) ⊙ S | 2 => e | _ => 0 end); split=> [//|[|[|i]] //|[|[|[|i]]] // _].
  rewrite /velocity /= trmxK /dw; congr (- _); apply/matrixP=> j k; rewrite !mxE mulr_sumr.
  by apply: eq_bigr => s _; rewrite !mxE big_ord1 !mxE !mulrA.
by rewrite /velocity /= -open.
Qed.

End Motion.
