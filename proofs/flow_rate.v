(* The rate theorem in continuous time: two-layer linear networks under feedback alignment fit
   their data exponentially fast, and their weights converge.  The notation is the page's:
   G = B B^T, K = X X^T, E = W2 W1 X^T - Y^T, V = tr(E^T G E) / 2. *)

From FA Require Import analysis setting law minimum_norm rate distance_steps calculus.

(* Frobenius norms, from the squares: what the bounds in time need. *)
Section Frobenius.

Variable R : rcfType.

Definition frobenius p q (A : 'M[R]_(p, q)) := Num.sqrt <<A, A>>.

Lemma frobenius_ge0 p q (A : 'M[R]_(p, q)) : 0 <= frobenius A.
Proof. exact: sqrtr_ge0. Qed.

Lemma frobenius_sqr p q (A : 'M[R]_(p, q)) : frobenius A ^+ 2 = <<A, A>>.
Proof. by rewrite sqr_sqrtr ?inner_ge0. Qed.

Lemma frobenius_le p q (A : 'M[R]_(p, q)) c : 0 <= c -> <<A, A>> <= c ^+ 2 -> frobenius A <= c.
Proof. by move=> c0; rewrite -frobenius_sqr ler_sqr ?nnegrE ?frobenius_ge0. Qed.

Lemma frobenius_tr p q (A : 'M[R]_(p, q)) : frobenius A^T = frobenius A.
Proof. by rewrite /frobenius inner_tr. Qed.

Lemma frobeniusN p q (A : 'M[R]_(p, q)) : frobenius (- A) = frobenius A.
Proof. by rewrite /frobenius -scaleN1r innerZl innerZr mulrA mulrNN !mul1r. Qed.

Lemma frobenius_mul p q r (A : 'M[R]_(p, q)) (C : 'M[R]_(q, r)) :
  frobenius (A *m C) <= frobenius A * frobenius C.
Proof.
apply: frobenius_le; rewrite ?mulr_ge0 ?frobenius_ge0 // exprMn [frobenius C ^+ 2]frobenius_sqr.
apply: at_most_mx; apply: at_most_frobenius; first exact: frobenius_ge0.
by rewrite frobenius_sqr.
Qed.

Lemma entry_le p q (A : 'M[R]_(p, q)) i j : `|A i j| <= frobenius A.
Proof.
rewrite -ler_sqr ?nnegrE ?normr_ge0 ?frobenius_ge0 // real_normK ?num_real // frobenius_sqr.
rewrite inner_entries (bigD1 j) //= (bigD1 i) //= -expr2 -addrA ler_addl addr_ge0 //.
  by rewrite sumr_ge0 // => l _; exact: sqr_ge0.
by rewrite sumr_ge0 // => l _; rewrite sumr_ge0 // => u _; exact: sqr_ge0.
Qed.

Lemma frobenius_entries p q (A : 'M[R]_(p, q)) (c : 'I_p -> 'I_q -> R) :
  (forall i j, `|A i j| <= c i j) -> frobenius A <= Num.sqrt (\sum_j \sum_i c i j ^+ 2).
Proof.
move=> le; rewrite /frobenius ler_wsqrtr // inner_entries; apply: ler_sum => j _.
apply: ler_sum => i _; rewrite -expr2 -real_normK ?num_real // ler_sqr ?nnegrE //.
exact: le_trans (le i j).
Qed.

End Frobenius.

(* A matrix with independent rows is bounded below, and so is its Gram matrix. *)
(* begin gram_bounded_below *)
Theorem gram_bounded_below (F : realFieldType) p q (A : 'M[F]_(p, q)) : row_free A ->
  exists2 g, 0 < g & A *m A^T ⪰ g%:M.
(* end gram_bounded_below *)
Proof.
move=> freeA; have [unitG _] := full_row_rank freeA.
pose C := A^T *m invmx (A *m A^T); pose c := 1 + <<C, C>>.
have c0 : 0 < c by rewrite ltr_paddr ?inner_ge0 ?ltr01.
have CtAt : C^T *m A^T = 1%:M.
  by rewrite -trmx_mul /C mulmxA mulmxV // trmx1.
have at_most_c : at_most C^T c.
  apply: at_most_frobenius; first exact: ltW.
  rewrite inner_tr; apply: (@le_trans _ _ c); first by rewrite ler_addr ler01.
  by rewrite expr2 ler_pmulr // ler_addl inner_ge0.
exists (c ^+ 2)^-1 => [|v]; first by rewrite invr_gt0 exprn_gt0.
rewrite form_gram /form mul_scalar_mx innerZr -ler_pdivl_mull ?invr_gt0 ?exprn_gt0 // invrK.
by have [_ le] := at_most_c; have := le (A^T *m v); rewrite mulmxA CtAt mul1mx.
Qed.

Section Rate.

Variables (R : realType) (m h n N : nat).
Variables (B : 'M[R]_(m, h)) (X : 'M[R]_(N, n)) (Y : 'M[R]_(N, m)).
Variables (W1 : R -> 'M[R]_(h, n)) (W2 : R -> 'M[R]_(m, h)).

(* begin two_layer_flow *)
Definition error t : 'M[R]_(m, N) := W2 t *m W1 t *m X^T - Y^T.

(* The weights follow FA on the squared loss, from time 0 to time T. *)
Definition two_layer_flow (T : R) := forall t, 0 <= t <= T ->
  moves W1 t (- (B^T *m error t *m X)) /\ moves W2 t (- (error t *m X *m (W1 t)^T)).

Definition V t := 2%:R^-1 * <<error t, B *m B^T *m error t>>.
(* end two_layer_flow *)

Lemma moves_error t dW1 dW2 : moves W1 t dW1 -> moves W2 t dW2 ->
  moves error t ((dW2 *m W1 t + W2 t *m dW1) *m X^T).
Proof. by move=> d1 d2; exact: moves_minus (moves_mulr X^T (moves_mulmx d2 d1)). Qed.

Section Until.

Variable T : R.
Hypothesis T0 : 0 <= T.
Hypothesis flow : two_layer_flow T.

(* The first layer moves within the rows of X. *)
Lemma within_rows : exists U, W1 T = W1 0 + U *m X.
Proof.
have same : W1 T *m cokermx X = W1 0 *m cokermx X.
  apply/matrixP=> i j; apply: (stays T0 (f := fun t => (W1 t *m cokermx X) i j)) => t /flow[d1 _].
  have := moves_mulr (cokermx X) d1 i j.
  by rewrite mulNmx -mulmxA mulmx_coker mulmx0 oppr0 mxE.
have /submxP[U UX] : (W1 T - W1 0 <= X)%MS by rewrite submxE mulmxBl same subrr.
by exists U; rewrite -UX addrC subrK.
Qed.

Lemma matrix_law_kept : W1 T *m (W1 T)^T - B^T *m W2 T - (W2 T)^T *m B =
  W1 0 *m (W1 0)^T - B^T *m W2 0 - (W2 0)^T *m B.
Proof.
apply/matrixP=> i j; pose Q t := W1 t *m (W1 t)^T - B^T *m W2 t - (W2 t)^T *m B.
apply: (stays T0 (f := fun t => Q t i j)) => t /flow[d1 d2].
suff dQ : moves Q t 0 by have := dQ i j; rewrite mxE.
apply: (moves_eq (movesB (movesB (moves_mulmx d1 (moves_tr d1)) (moves_mull B^T d2))
  (moves_mulr B (moves_tr d2)))).
rewrite ![(- _)^T]linearN /= !(mulNmx, mulmxN) !trmx_mul !trmxK !mulmxA !opprK.
by rewrite addrAC subrK addNr.
Qed.

End Until.

(* begin good_start *)
(* What the theorem needs of the start: a share mu of G^2, as in cor-rate. *)
Definition good_start (mu : R) :=
  let G := B *m B^T in let M0 := W2 0 *m B^T in
  exists (Wperp : 'M[R]_(h, n)) (U0 : 'M[R]_(h, N)),
  [/\ W1 0 = Wperp + U0 *m X, Wperp *m X^T = 0 &
      G *m M0 + M0^T *m G - (B *m (U0 *m X)) *m (B *m (U0 *m X))^T ⪰ (2%:R * mu) *: (G *m G)].
(* end good_start *)

Let symG : (B *m B^T)^T = B *m B^T. Proof. by rewrite trmx_mul trmxK. Qed.

(* Second case of cor-rate, for any number of outputs; c0 = 1 is the start of thm-rate. *)
(* begin start_along_feedback *)
Theorem start_along_feedback c0 : W1 0 *m X^T = 0 -> W2 0 = c0 *: B -> good_start c0.
(* end start_along_feedback *)
Proof.
move=> perp W20; exists (W1 0), 0; split=> // [|v]; first by rewrite mul0mx addr0.
rewrite mul0mx mulmx0 mul0mx subr0 W20 -scalemxAl [(_ *: _)^T]linearZ /= symG.
by rewrite -scalemxAl -scalemxAr -scalerDl -mulr2n mulr_natl.
Qed.

(* First case of cor-rate: sigma bounds the singular values of the part of W1 in the row space. *)
(* begin start_small_first_layer *)
Theorem start_small_first_layer g sigma (Wperp : 'M[R]_(h, n)) (U0 : 'M[R]_(h, N)) :
  0 < g -> B *m B^T ⪰ g%:M -> at_most (U0 *m X) sigma ->
  W1 0 = Wperp + U0 *m X -> Wperp *m X^T = 0 -> W2 0 = B ->
  good_start (1 - sigma ^+ 2 / (2%:R * g)).
(* end start_small_first_layer *)
Proof.
move=> g0 Gg small W10 perp W20; exists Wperp, U0; split=> // v; rewrite W20 symG.
set G := B *m B^T in Gg *; set A := U0 *m X in small *.
have square := form_square v (ltW g0) symG Gg.
have low : form (B *m A *m (B *m A)^T) v <= sigma ^+ 2 / g * form (G *m G) v.
  rewrite form_gram trmx_mul -mulmxA.
  apply: le_trans (at_most_mx _ (at_most_tr small)) _.
  rewrite -form_gram -/G -mulrA ler_wpmul2l ?sqr_ge0 // mulrC ler_pdivl_mulr // mulrC.
  exact: square.
have formN (A' C : 'M[R]_m) : form (A' - C) v = form A' v - form C v.
  by rewrite formD -scaleN1r formZ mulN1r.
rewrite formN formD formZ; set F := form (G *m G) v in low *.
have -> : 2%:R * (1 - sigma ^+ 2 / (2%:R * g)) * F = F + F - sigma ^+ 2 / g * F.
  rewrite mulrBr mulr1 mulrBl mulr_natl mulr2n; congr (_ - _ * _).
  by rewrite invfM mulrCA mulVKf ?pnatr_eq0.
by rewrite ler_add2l ler_opp2.
Qed.

Lemma share_kept mu T : good_start mu -> 0 <= T -> two_layer_flow T ->
  let G := B *m B^T in let M := W2 T *m B^T in
  G *m M + M^T *m G ⪰ (2%:R * mu) *: (G *m G).
Proof.
move=> [Wperp [U0 [W10 perp share]]] T0 flow G M.
have [U W1T] := within_rows T0 flow; rewrite W10 -addrA -mulmxDl in W1T.
apply: (sym_bound (U := U0 + U) perp _ share).
by rewrite -W1T -W10; exact: matrix_law_kept.
Qed.

Section Bounds.

Variables (mu g kappa : R).
Hypotheses (mu0 : 0 <= mu) (g0 : 0 <= g) (kappa0 : 0 <= kappa).
Hypotheses (Gg : B *m B^T ⪰ g%:M) (Kk : X *m X^T ⪰ kappa%:M).
Hypothesis start : good_start mu.

(* begin rate_in_time *)
Theorem rate_in_time T : 0 <= T -> two_layer_flow T ->
  V T <= V 0 * expR (- (mu * (2%:R * g * kappa)) * T).
(* end rate_in_time *)
Proof.
move=> T0 flow; rewrite -[in leRHS](subr0 T).
pose dE t := ((- (error t *m X *m (W1 t)^T)) *m W1 t + W2 t *m (- (B^T *m error t *m X))) *m X^T.
apply: (decays T0 (dV := fun t => <<error t, B *m B^T *m dE t>>)) => t tT.
  have [d1 d2] := flow t tT; have dEt : moves error t (dE t) := moves_error d1 d2.
  apply: (is_derive_eq (is_derive_scale _ (moves_inner dEt (moves_mull (B *m B^T) dEt)))).
  have -> : <<dE t, B *m B^T *m error t>> = <<error t, B *m B^T *m dE t>>.
    by rewrite inner_adjoint symG innerC.
  by rewrite mulrDr ![2%:R^-1 * _]mulrC -splitr.
have [t0 tT'] := andP tT.
have {}flow : two_layer_flow t.
  by move=> s /andP[s0 st]; apply: flow; rewrite s0 (le_trans st).
by apply: dissipation => //; exact: share_kept.
Qed.

End Bounds.

Section Convergence.

Variables (mu g kappa : R).
Hypotheses (mu0 : 0 < mu) (g0 : 0 < g) (kappa0 : 0 < kappa).
Hypotheses (Gg : B *m B^T ⪰ g%:M) (Kk : X *m X^T ⪰ kappa%:M).
Hypotheses (start : good_start mu) (flow : forall T, two_layer_flow T).

Let r := mu * g * kappa.
Let r0 : 0 < r. Proof. by rewrite !mulr_gt0. Qed.
Let c := Num.sqrt (2%:R / g * V 0).

Lemma error_falls t : 0 <= t -> frobenius (error t) <= c * expR (- r * t).
Proof.
move=> t0; have V0 s : 0 <= V s.
  by rewrite mulr_ge0 ?invr_ge0 ?ler0n // -mulmxA inner_adjoint inner_ge0.
apply: frobenius_le; first by rewrite mulr_ge0 ?sqrtr_ge0 ?(ltW (expR_gt0 _)).
rewrite exprMn sqr_sqrtr; last by rewrite mulr_ge0 ?V0 // divr_ge0 ?ler0n ?(ltW g0).
rewrite [expR _ ^+ 2]expr2 -expRD.
have -> : - r * t + - r * t = - (mu * (2%:R * g * kappa)) * t.
  by rewrite -mulr2n -mulr_natl !mulNr mulrN /r !mulrA [2%:R * mu]mulrC.
have rate := rate_in_time (ltW mu0) (ltW g0) (ltW kappa0) Gg Kk start t0 (@flow t).
rewrite -[leRHS]mulrA; apply: le_trans (ler_wpmul2l _ rate); last by rewrite divr_ge0 ?ler0n ?(ltW g0).
rewrite /V [2%:R / g]mulrC -mulrA mulVKf ?pnatr_eq0 // ler_pdivl_mull // -innerZr -mul_scalar_mx.
by rewrite !form_cols; apply: ler_sum => j _; exact: Gg.
Qed.

(* begin weights_converge *)
Theorem weights_converge : exists W1oo W2oo,
  [/\ tends W1 W1oo, tends W2 W2oo & W2oo *m W1oo *m X^T = Y^T].
(* end weights_converge *)
Proof.
have slow1 t : 0 <= t -> forall i j,
    `|(- (B^T *m error t *m X)) i j| <= frobenius B * c * frobenius X * expR (- r * t).
  move=> t0 i j; apply: le_trans (entry_le _ i j) _; rewrite frobeniusN.
  apply: le_trans (frobenius_mul _ _) _; rewrite [leRHS]mulrAC ler_wpmul2r ?frobenius_ge0 //.
  apply: le_trans (frobenius_mul _ _) _; rewrite frobenius_tr -mulrA.
  by rewrite ler_wpmul2l ?frobenius_ge0 ?error_falls.
have now t : 0 <= t -> moves W1 t (- (B^T *m error t *m X)) /\
    moves W2 t (- (error t *m X *m (W1 t)^T)).
  by move=> t0; apply: (@flow t); rewrite t0 lexx.
have [W1oo to1 near1] := moving_converges r0 (fun t t0 => (now t t0).1) slow1.
pose c1 := frobenius B * c * frobenius X.
pose b i j := `|W1oo i j| + c1 / r.
have c0 : 0 <= c1 by rewrite !mulr_ge0 ?frobenius_ge0 ?sqrtr_ge0.
have bounded t : 0 <= t -> frobenius (W1 t) <= Num.sqrt (\sum_j \sum_i b i j ^+ 2).
  move=> t0; apply: frobenius_entries => i j; rewrite -[W1 t i j](subKr (W1oo i j)).
  apply: le_trans (ler_norm_sub _ _) _; rewrite ler_add2l; apply: le_trans (near1 t t0 i j) _.
  rewrite ler_pimulr ?divr_ge0 ?(ltW r0) // mulNr expRN invf_le1 ?expR_gt0 //.
  have rt0 : 0 <= r * t by rewrite mulr_ge0 ?(ltW r0).
  by apply: le_trans (expR_ge1Dx rt0); rewrite ler_addl.
set c2 := Num.sqrt _ in bounded.
have slow2 t : 0 <= t -> forall i j,
    `|(- (error t *m X *m (W1 t)^T)) i j| <= c * frobenius X * c2 * expR (- r * t).
  move=> t0 i j; apply: le_trans (entry_le _ i j) _; rewrite frobeniusN.
  apply: le_trans (frobenius_mul _ _) _; rewrite frobenius_tr [leRHS]mulrAC.
  rewrite ler_pmul ?frobenius_ge0 ?bounded //.
  apply: le_trans (frobenius_mul _ _) _; rewrite [leRHS]mulrAC ler_wpmul2r ?frobenius_ge0 //.
  exact: error_falls.
have [W2oo to2 _] := moving_converges r0 (fun t t0 => (now t t0).2) slow2.
exists W1oo, W2oo; split=> //; apply/eqP; rewrite -subr_eq0; apply/eqP.
apply: (tends_unique (A := error)).
  exact: (tendsB (tends_mulmx (tends_mulmx to2 to1) (@tends_cst _ _ _ X^T)) (@tends_cst _ _ _ Y^T)).
move=> i j; rewrite mxE; apply: tends_within => e e0.
have [T T0 close] := within_tends 0 (expR_tends c r0) e0.
exists T => t /ltW Tt; have t0 := le_trans T0 Tt; rewrite sub0r normrN.
apply: le_trans (le_trans (entry_le _ i j) (error_falls t0)) _.
by apply: le_trans (close t Tt); rewrite sub0r normrN ler_norm.
Qed.

End Convergence.

(* begin theorem_rate *)
Theorem theorem_rate : row_free B -> W1 0 *m X^T = 0 -> W2 0 = B ->
  (forall T, two_layer_flow T) ->
  (forall g kappa, 0 <= g -> 0 <= kappa -> B *m B^T ⪰ g%:M -> X *m X^T ⪰ kappa%:M ->
    forall t, 0 <= t -> V t <= V 0 * expR (- (2%:R * g * kappa) * t)) /\
  (row_free X -> exists W1oo W2oo,
    [/\ tends W1 W1oo, tends W2 W2oo & W2oo *m W1oo *m X^T = Y^T]).
(* end theorem_rate *)
Proof.
move=> freeB perp W20 flow; have start : good_start 1.
  by apply: start_along_feedback => //; rewrite scale1r.
split=> [g kappa g0 kappa0 Gg Kk t t0|freeX].
  rewrite -[2%:R * g * kappa]mul1r.
  exact: (rate_in_time ler01 g0 kappa0 Gg Kk start t0 (@flow t)).
have [g g0 Gg] := gram_bounded_below freeB; have [kappa kappa0 Kk] := gram_bounded_below freeX.
exact: (weights_converge ltr01 g0 kappa0 Gg Kk start flow).
Qed.

End Rate.
