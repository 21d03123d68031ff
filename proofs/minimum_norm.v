(* Theorem 5.2: which of its many solutions a two-layer linear network ends at.
   Rows of X are the samples, rows of Y the targets, Theta stands for any linear map. *)

From FA Require Import algebra setting law.

(* begin pseudoinverse *)
(* The four equations of Penrose. *)
Definition pseudoinverse (F : fieldType) N n
    (X : 'M[F]_(N, n)) (Xp : 'M[F]_(n, N)) :=
  [/\ X *m Xp *m X = X, Xp *m X *m Xp = Xp,
      (X *m Xp)^T = X *m Xp & (Xp *m X)^T = Xp *m X].

Definition minimum_norm (F : fieldType) N n m
    (Xp : 'M[F]_(n, N)) (Y : 'M[F]_(N, m)) :=
  Y^T *m Xp^T.

Definition outside (F : fieldType) N n h
    (X : 'M[F]_(N, n)) (Xp : 'M[F]_(n, N)) (W : 'M[F]_(h, n)) :=
  W *m (1%:M - Xp *m X).
(* end pseudoinverse *)

Section MinimumNorm.

Variables (F : realFieldType) (N n h m : nat).

Lemma inner_eq0 p q (A : 'M[F]_(p, q)) : <<A, A>> = 0 -> A = 0.
Proof.
rewrite inner_entries => /psumr_eq0P sum0; apply/matrixP=> i j; rewrite !mxE.
have /psumr_eq0P col0 : \sum_i A i j * A i j = 0.
  by apply: sum0 => // l _; rewrite sumr_ge0 // => r _; exact: sqr_ge0.
by apply/eqP; rewrite -sqrf_eq0 expr2 col0 // => r _; exact: sqr_ge0.
Qed.

Lemma gram_unit (X : 'M[F]_(N, n)) : row_free X -> X *m X^T \in unitmx.
Proof.
move=> freeX; rewrite -row_free_unit -kermx_eq0; set v := kermx _.
have vX : (v *m X) *m (v *m X)^T = 0.
  by rewrite trmx_mul !mulmxA -(mulmxA v) mulmx_ker mul0mx.
apply/eqP/(row_free_inj freeX); rewrite mul0mx; apply: inner_eq0.
by rewrite /inner mxtrace_mulC vX mxtrace0.
Qed.

(* begin full_row_rank *)
Theorem full_row_rank (X : 'M[F]_(N, n)) : row_free X ->
  X *m X^T \in unitmx /\ pseudoinverse X (X^T *m invmx (X *m X^T)).
(* end full_row_rank *)
Proof.
move=> /gram_unit unitK; split=> //; set K := X *m X^T.
have XXp : X *m (X^T *m invmx K) = 1%:M by rewrite mulmxA mulmxV.
split; rewrite ?XXp ?mul1mx ?trmx1 //.
  by rewrite -!mulmxA XXp mulmx1.
by rewrite !trmx_mul trmx_inv trmxK trmx_mul trmxK mulmxA.
Qed.

Variables (X : 'M[F]_(N, n)) (Xp : 'M[F]_(n, N)) (Y : 'M[F]_(N, m)).
Hypothesis XpP : pseudoinverse X Xp.

Let P := Xp *m X.

Lemma P_sym : P^T = P. Proof. by case: XpP. Qed.

Lemma P_idem : P *m P = P.
Proof. by case: XpP => _ XpX _ _; rewrite /P mulmxA XpX. Qed.

Lemma XtXpt : X^T *m Xp^T = P.
Proof. by rewrite -trmx_mul P_sym. Qed.

Lemma split_orthogonal p (A C : 'M[F]_(p, n)) : <<A *m P, outside X Xp C>> = 0.
Proof.
have apart : (1%:M - P) *m P = 0 by rewrite mulmxBl mul1mx P_idem subrr.
rewrite /inner /outside -/P trmx_mul P_sym mxtrace_mulC mulmxA -(mulmxA C) apart.
by rewrite mulmx0 mul0mx mxtrace0.
Qed.

(* begin distance *)
Theorem distance (W1 : 'M[F]_(h, n)) (W2 : 'M[F]_(m, h)) :
  let E := W2 *m W1 *m X^T - Y^T in
  W2 *m W1 - minimum_norm Xp Y = E *m Xp^T + W2 *m outside X Xp W1 /\
  <<E *m Xp^T, W2 *m outside X Xp W1>> = 0.
(* end distance *)
Proof.
split.
  rewrite mulmxBl -(mulmxA _ X^T) XtXpt /outside -/P mulmxBr mulmx1 mulmxBr !mulmxA.
  by rewrite [RHS]addrC subrKA.
have -> : Xp^T = Xp^T *m P.
  by case: XpP => _ XpX _ _; rewrite -{1}XpX trmx_mul P_sym.
rewrite (mulmxA _ Xp^T) /outside (mulmxA W2) -/(outside X Xp (W2 *m W1)).
by rewrite split_orthogonal.
Qed.

(* begin passenger *)
Theorem passenger (W1 : 'M[F]_(h, n)) (U : 'M[F]_(h, N)) :
  outside X Xp (W1 + U *m X) = outside X Xp W1.
(* end passenger *)
Proof.
rewrite /outside mulmxDl -[U *m X *m _]mulmxA (mulmxBr X) mulmx1 (mulmxA X).
by case: XpP => -> _ _ _; rewrite subrr mulmx0 addr0.
Qed.

Lemma interpolating Theta : Theta *m X^T = Y^T -> minimum_norm Xp Y = Theta *m P.
Proof. by rewrite /minimum_norm => <-; rewrite -mulmxA XtXpt. Qed.

(* begin pythagoras *)
Theorem pythagoras (Theta : 'M[F]_(m, n)) : Theta *m X^T = Y^T ->
  let best := minimum_norm Xp Y in
  <<Theta, Theta>> = <<best, best>> + <<Theta - best, Theta - best>>.
(* end pythagoras *)
Proof.
move=> /interpolating -> /=.
have -> : Theta - Theta *m P = outside X Xp Theta by rewrite /outside mulmxBr mulmx1.
rewrite -[Theta in LHS](addrNK (Theta *m P)) [in LHS]addrC.
have -> : Theta - Theta *m P = outside X Xp Theta by rewrite /outside mulmxBr mulmx1.
rewrite innerDl !innerDr split_orthogonal [<<outside _ _ _, Theta *m P>>]innerC.
by rewrite split_orthogonal addr0 add0r.
Qed.

(* begin theorem_5_2 *)
Theorem theorem_5_2 (W1 : 'M[F]_(h, n)) (W2 : 'M[F]_(m, h)) :
  (W1 <= X)%MS -> W2 *m W1 *m X^T = Y^T ->
  W2 *m W1 = minimum_norm Xp Y /\
  forall Theta, Theta *m X^T = Y^T ->
    <<W2 *m W1, W2 *m W1>> <= <<Theta, Theta>> ?= iff (Theta == W2 *m W1).
(* end theorem_5_2 *)
Proof.
move=> /submxP[D ->] fit; have -> : W2 *m (D *m X) = minimum_norm Xp Y.
  rewrite (interpolating fit) /P -!mulmxA; congr (_ *m (_ *m _)).
  by case: XpP => XXpX _ _ _; rewrite mulmxA XXpX.
split=> // Theta /pythagoras /= ->; split; first by rewrite ler_addl inner_ge0.
rewrite eq_sym addrC -subr_eq0 addrK; apply/eqP/eqP=> [/inner_eq0/subr0_eq //|->].
by rewrite subrr /inner mulmx0 mxtrace0.
Qed.

(* begin where_it_ends *)
Theorem where_it_ends (W1 : 'M[F]_(h, n)) (W2 : 'M[F]_(m, h)) :
  W2 *m W1 *m X^T = Y^T ->
  let best := minimum_norm Xp Y in
  W2 *m W1 = best + W2 *m outside X Xp W1 /\
  (W2 *m W1 = best <-> W2 *m outside X Xp W1 = 0).
(* end where_it_ends *)
Proof.
move=> fit best; have [+ _] := distance W1 W2; rewrite fit subrr mul0mx add0r => /eqP.
rewrite subr_eq addrC -/best => /eqP ends; split=> //; split=> [same|apart].
  by move: ends; rewrite same -[X in X = _]addr0 => /addrI ->.
by rewrite ends apart addr0.
Qed.

End MinimumNorm.
