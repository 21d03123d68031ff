(* The algebra of the rate theorem, for two-layer linear networks: at one moment of the flow,
   given what the matrix law keeps from the start, how fast the error falls.
   The notation is the page's: G = B B^T, K = X X^T, M = W2 B^T, P = W1 X^T. *)

From FA Require Import algebra setting law.

(* begin order *)
Definition form (F : realFieldType) p (A : 'M[F]_p) (v : 'cV[F]_p) : F :=
  <<v, A *m v>>.

Notation "A '⪰' C" := (forall v, form C v <= form A v) (at level 70).
(* end order *)

Section Rate.

Variable F : realFieldType.

Lemma inner_adjoint p q r (A : 'M[F]_(p, q)) (U : 'M_(p, r)) (V : 'M_(q, r)) :
  <<U, A *m V>> = <<A^T *m U, V>>.
Proof. by rewrite /inner trmx_mul trmxK mulmxA. Qed.

Lemma inner_adjoint_right p q r (A : 'M[F]_(q, r)) (U : 'M_(p, r)) (V : 'M_(p, q)) :
  <<U, V *m A>> = <<U *m A^T, V>>.
Proof. by rewrite /inner trmx_mul trmxK mulmxA mxtrace_mulC mulmxA. Qed.

Lemma inner_tr p q (A C : 'M[F]_(p, q)) : <<A^T, C^T>> = <<A, C>>.
Proof. by rewrite innerC /inner trmxK mxtrace_mulC. Qed.

Lemma formD p (A C : 'M[F]_p) v : form (A + C) v = form A v + form C v.
Proof. by rewrite /form mulmxDl innerDr. Qed.

Lemma formZ p x (A : 'M[F]_p) v : form (x *: A) v = x * form A v.
Proof. by rewrite /form -scalemxAl innerZr. Qed.

Lemma form_gram p q (A : 'M[F]_(p, q)) v : form (A *m A^T) v = <<A^T *m v, A^T *m v>>.
Proof. by rewrite /form -mulmxA inner_adjoint. Qed.

Lemma form_tr p (A : 'M[F]_p) v : form A^T v = form A v.
Proof. by rewrite /form inner_adjoint trmxK innerC. Qed.

(* A form may be compared column by column. *)
Lemma form_cols p q (A : 'M[F]_p) (V : 'M[F]_(p, q)) :
  <<V, A *m V>> = \sum_j form A (col j V).
Proof. by rewrite inner_cols; apply: eq_bigr => j _; rewrite /form !colE mulmxA. Qed.

Lemma balance (V : zmodType) (p u u0 a b a0 b0 : V) :
  p + u - a - b = p + u0 - a0 - b0 -> a + b + u0 = a0 + b0 + u.
Proof.
move=> law; have pu : p + u = p + u0 - a0 - b0 + b + a by rewrite -law !subrK.
apply: (addrI p); rewrite [RHS]addrCA pu [LHS]addrCA -(addrA _ (- a0)) -opprD.
by rewrite -[in RHS](addrA _ b) [in RHS]addrA [in RHS](addrC (a0 + b0)) subrK addrC (addrC b).
Qed.

(* G^2 - g G = (G - g)^2 + g (G - g). *)
Lemma form_square p g (G : 'M[F]_p) v : 0 <= g -> G^T = G -> G ⪰ g%:M ->
  g * form G v <= form (G *m G) v.
Proof.
move=> g0 symG Gg; set w := (G - g%:M) *m v.
have w_is : w = G *m v - g *: v by rewrite /w mulmxBl mul_scalar_mx.
have -> : form (G *m G) v = g * form G v + (<<w, w>> + g * <<v, w>>).
  rewrite -(innerZl g v w) -innerDl [in X in _ = _ + <<X, _>>]w_is subrK w_is innerDr -scaleNr innerZr.
  by rewrite mulNr (innerC (G *m v) v) addrC subrK /form -mulmxA inner_adjoint symG.
rewrite ler_addl addr_ge0 ?inner_ge0 // mulr_ge0 //.
rewrite w_is innerDr -scaleNr innerZr mulNr subr_ge0.
by have := Gg v; rewrite /form mul_scalar_mx innerZr.
Qed.

(* begin sym_bound *)
Theorem sym_bound m h n N mu (B W2 W20 : 'M[F]_(m, h)) (X : 'M[F]_(N, n))
    (Wperp : 'M[F]_(h, n)) (U U0 : 'M[F]_(h, N)) :
  let G := B *m B^T in
  let M := W2 *m B^T in let M0 := W20 *m B^T in
  let W1 := Wperp + U *m X in let W10 := Wperp + U0 *m X in
  Wperp *m X^T = 0 ->
  W1 *m W1^T - B^T *m W2 - W2^T *m B =
    W10 *m W10^T - B^T *m W20 - W20^T *m B ->
  G *m M0 + M0^T *m G - (B *m (U0 *m X)) *m (B *m (U0 *m X))^T
    ⪰ (2%:R * mu) *: (G *m G) ->
  G *m M + M^T *m G ⪰ (2%:R * mu) *: (G *m G).
(* end sym_bound *)
Proof.
move=> G M M0 W1 W10 perp law start v; apply: le_trans (start v) _.
have gram (V : 'M[F]_(h, N)) : (Wperp + V *m X) *m (Wperp + V *m X)^T =
    Wperp *m Wperp^T + (V *m X) *m (V *m X)^T.
  rewrite [(_ + _)^T]linearD /= !mulmxDl !mulmxDr.
  have -> : Wperp *m (V *m X)^T = 0 by rewrite trmx_mul mulmxA perp mul0mx.
  have -> : V *m X *m Wperp^T = 0.
    by rewrite -mulmxA -[X *m _]trmxK trmx_mul trmxK perp trmx0 mulmx0.
  by rewrite addr0 add0r.
have {}law : B^T *m W2 + W2^T *m B + (U0 *m X) *m (U0 *m X)^T =
    B^T *m W20 + W20^T *m B + (U *m X) *m (U *m X)^T.
  by apply: (@balance _ (Wperp *m Wperp^T)); move: law; rewrite /W1 /W10 !gram.
have sandwich (V : 'M[F]_(m, h)) (A : 'M[F]_(h, n)) :
    B *m (B^T *m V + V^T *m B + A *m A^T) *m B^T =
    G *m (V *m B^T) + (V *m B^T)^T *m G + (B *m A) *m (B *m A)^T.
  by rewrite !mulmxDr !mulmxDl !trmx_mul trmxK !mulmxA.
have := congr1 (fun A => B *m A *m B^T) law; rewrite /= !sandwich -/M -/M0 => {}law.
have -> : G *m M + M^T *m G = G *m M0 + M0^T *m G - (B *m (U0 *m X)) *m (B *m (U0 *m X))^T
    + (B *m (U *m X)) *m (B *m (U *m X))^T by rewrite addrAC -law addrK.
by rewrite [leRHS]formD ler_addl form_gram inner_ge0.
Qed.

(* begin sym_rate *)
Theorem sym_rate m h n N (B W2 : 'M[F]_(m, h)) (X : 'M[F]_(N, n))
    (W10 : 'M[F]_(h, n)) (U : 'M[F]_(h, N)) :
  let G := B *m B^T in let M := W2 *m B^T in let W1 := W10 + U *m X in
  W10 *m X^T = 0 ->
  W1 *m W1^T - B^T *m W2 - W2^T *m B =
    W10 *m W10^T - B^T *m B - B^T *m B ->
  G *m M + M^T *m G ⪰ 2%:R *: (G *m G).
(* end sym_rate *)
Proof.
move=> G M W1 perp law v.
have start : W10 = W10 + (0 : 'M[F]_(h, N)) *m X by rewrite mul0mx addr0.
have same : W1 *m W1^T - B^T *m W2 - W2^T *m B =
    (W10 + (0 : 'M_(h, N)) *m X) *m (W10 + (0 : 'M_(h, N)) *m X)^T - B^T *m B - B^T *m B.
  by rewrite -start law.
have := @sym_bound m h n N 1 B W2 B X W10 U 0 perp same _ v.
rewrite mulr1; apply=> u; rewrite mul0mx mulmx0 mul0mx subr0.
by rewrite [(B *m B^T)^T]trmx_mul trmxK -mulr2n scaler_nat.
Qed.

(* begin dissipation *)
Theorem dissipation m h n N mu g kappa (B W2 : 'M[F]_(m, h))
    (W1 : 'M[F]_(h, n)) (X : 'M[F]_(N, n)) (E : 'M[F]_(m, N)) :
  let G := B *m B^T in let K := X *m X^T in let M := W2 *m B^T in
  let dW1 := - (B^T *m E *m X) in let dW2 := - (E *m X *m W1^T) in
  let dE := (dW2 *m W1 + W2 *m dW1) *m X^T in
  let V := 2%:R^-1 * <<E, G *m E>> in let dV := <<E, G *m dE>> in
  0 <= mu -> 0 <= g -> 0 <= kappa -> G ⪰ g%:M -> K ⪰ kappa%:M ->
  G *m M + M^T *m G ⪰ (2%:R * mu) *: (G *m G) ->
  dV <= - (mu * (2%:R * g * kappa)) * V.
(* end dissipation *)
Proof.
move=> G K M dW1 dW2 dE V dV mu0 g0 kappa0 Gg Kk sym.
have symG : G^T = G by rewrite trmx_mul trmxK.
have dE_is : dE = - (E *m (W1 *m X^T)^T *m (W1 *m X^T) + M *m E *m K).
  by rewrite /dE /dW1 /dW2 !mulNmx mulmxN mulmxDl !mulNmx -opprD trmx_mul trmxK !mulmxA.
(* The part of the first layer's growth can only help. *)
have first : 0 <= <<E, G *m (E *m (W1 *m X^T)^T *m (W1 *m X^T))>>.
  rewrite -(mulmxA B) inner_adjoint mulmxA inner_adjoint_right mulmxA.
  exact: inner_ge0.
(* In the other only the symmetric part of G M counts. *)
have second : mu * g * kappa * <<E, G *m E>> <= <<E, G *m (M *m E *m K)>>.
  have -> : <<E, G *m (M *m E *m K)>> = <<E *m X, (G *m M) *m (E *m X)>>.
    by rewrite /K !mulmxA inner_adjoint_right trmxK.
  have half : mu * <<E *m X, (G *m G) *m (E *m X)>> <= <<E *m X, (G *m M) *m (E *m X)>>.
    rewrite !form_cols mulr_sumr; apply: ler_sum => j _.
    have := sym (col j (E *m X)); rewrite formD formZ.
    have -> : M^T *m G = (G *m M)^T by rewrite [RHS]trmx_mul symG.
    by rewrite form_tr -mulr2n -[X in _ <= X]mulr_natl -mulrA ler_pmul2l ?ltr0n.
  apply: le_trans half; rewrite -!mulrA ler_wpmul2l //.
  have -> : <<E *m X, (G *m G) *m (E *m X)>> = <<(G *m E)^T, K *m (G *m E)^T>>.
    rewrite -mulmxA inner_adjoint symG -inner_tr mulmxA trmx_mul.
    by rewrite -[X in _ = <<_, X>>]mulmxA inner_adjoint.
  have samples : kappa * <<(G *m E)^T, (G *m E)^T>> <= <<(G *m E)^T, K *m (G *m E)^T>>.
    rewrite -{2}[(G *m E)^T]mul1mx !form_cols mulr_sumr; apply: ler_sum => j _.
    by have := Kk (col j (G *m E)^T); rewrite -scalemx1 formZ.
  apply: le_trans samples; rewrite mulrCA ler_wpmul2l //.
  have -> : <<(G *m E)^T, (G *m E)^T>> = <<E, (G *m G) *m E>>.
    by rewrite inner_tr -mulmxA [RHS]inner_adjoint symG.
  rewrite !form_cols mulr_sumr; apply: ler_sum => j _; exact: form_square.
rewrite /dV dE_is mulmxN mulmxDr -scaleN1r innerZr innerDr mulN1r mulNr ler_opp2 /V.
rewrite -mulrA [2%:R * g * kappa * _]mulrCA -!(mulrA 2%:R) mulKf ?pnatr_eq0 // !mulrA.
exact: ler_paddl first second.
Qed.

End Rate.
