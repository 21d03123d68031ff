(* The conservation laws: of velocities, of single steps, of any number of steps, and of
   flows.  Every proof comes down to [law_core]: what a neuron's own weights gain along
   themselves, its outgoing weights gain along the feedback. *)

From FA Require Import algebra setting.

Section InnerProduct.

Variable R : comRingType.

Lemma innerC m n (A C : 'M[R]_(m, n)) : <<A, C>> = <<C, A>>.
Proof. by rewrite /inner -[RHS]mxtrace_tr trmx_mul trmxK. Qed.

Lemma innerDl m n (A A' C : 'M[R]_(m, n)) : <<A + A', C>> = <<A, C>> + <<A', C>>.
Proof. by rewrite /inner linearD mulmxDl mxtraceD. Qed.

Lemma innerDr m n (A C C' : 'M[R]_(m, n)) : <<A, C + C'>> = <<A, C>> + <<A, C'>>.
Proof. by rewrite innerC innerDl !(innerC _ A). Qed.

Lemma innerZl m n x (A C : 'M[R]_(m, n)) : <<x *: A, C>> = x * <<A, C>>.
Proof. by rewrite /inner linearZ -scalemxAl mxtraceZ. Qed.

Lemma innerZr m n x (A C : 'M[R]_(m, n)) : <<A, x *: C>> = x * <<A, C>>.
Proof. by rewrite innerC innerZl innerC. Qed.

Lemma inner_entries m n (A C : 'M[R]_(m, n)) :
  <<A, C>> = \sum_q \sum_p A p q * C p q.
Proof. by apply: eq_bigr => q _; rewrite !mxE; apply: eq_bigr => p _; rewrite !mxE. Qed.

Lemma inner_rows m n (A C : 'M[R]_(m, n)) : <<A, C>> = \sum_j <<row j A, row j C>>.
Proof.
rewrite inner_entries exchange_big; apply: eq_bigr => j _ /=.
by rewrite inner_entries; apply: eq_bigr => q _; rewrite big_ord1 !mxE.
Qed.

Lemma inner_cols m n (A C : 'M[R]_(m, n)) : <<A, C>> = \sum_j <<col j A, col j C>>.
Proof.
rewrite inner_entries; apply: eq_bigr => j _.
by rewrite inner_entries big_ord1; apply: eq_bigr => p _; rewrite !mxE.
Qed.

Lemma inner_row_entry m n (A C : 'M[R]_(m, n)) j :
  <<row j A, row j C>> = (A *m C^T) j j.
Proof.
by rewrite inner_entries !mxE; apply: eq_bigr => q _; rewrite big_ord1 !mxE.
Qed.

Lemma inner_col_entry m n (A C : 'M[R]_(m, n)) j :
  <<col j A, col j C>> = (C^T *m A) j j.
Proof.
by rewrite inner_entries big_ord1 !mxE; apply: eq_bigr => q _; rewrite !mxE mulrC.
Qed.

End InnerProduct.

(* begin setting *)
Section Laws.

Variables (R : comRingType) (n : nat -> nat) (N L : nat).
Variables (phi phi' : R -> R) (k : R).
Variables (W B : weights R n) (X : 'M[R]_(N, n 0%N)).
Variable delta : forall i, 'M[R]_(n i, N).

Notation dW := (velocity phi W X delta).

Hypothesis signals : feedback_signals phi phi' L W B X delta.
(* end setting *)

(* The proof of Theorem 5.1 in its three steps, for neuron j of layer i. *)
(* begin law_core *)
Lemma law_core i j : homogeneous phi phi' k -> (0 < i < L)%N ->
  (dW i *m (W i)^T) j j = k * ((B i.+1)^T *m dW i.+1) j j.
Proof.
move=> phi_k iL; set h := preactivation phi W X i; set a := activity phi W X i.
have ah : a = map_mx phi h by rewrite /a /h; move: iL; case: (i).
(* Step 1.  On the left the signals meet the preactivations, h = W a. *)
have step1 : dW i *m (W i)^T = - (delta i *m h^T).
  by rewrite /h /preactivation trmx_mul mulmxA -mulNmx.
(* Step 2.  On the right the signals, carried back by B, meet the activities. *)
have step2 : (B i.+1)^T *m dW i.+1 = - ((B i.+1)^T *m delta i.+1 *m a^T).
  by rewrite -mulmxA -mulmxN.
(* Step 3.  Both are equal, sample by sample, because phi'(h) h = k phi(h) and a = phi(h). *)
have step3 : (delta i *m h^T) j j = k * ((B i.+1)^T *m delta i.+1 *m a^T) j j.
  rewrite mxE [in RHS]mxE mulr_sumr; apply: eq_bigr => s _; rewrite 2![_^T s j]mxE.
  by rewrite ah (signals iL) !mxE -mulrA phi_k mulrCA.
by rewrite step1 step2 mxE step3 [in RHS]mxE mulrN.
Qed.
(* end law_core *)

(* begin neuron_law *)
Theorem neuron_law i (j : 'I_(n i)) :
  homogeneous phi phi' k -> (0 < i < L)%N ->
  <<row j (dW i), row j (W i)>> = k * <<col j (dW i.+1), col j (B i.+1)>>.
(* end neuron_law *)
Proof. by move=> phi_k iL; rewrite inner_row_entry inner_col_entry law_core. Qed.

(* begin theorem_5_1 *)
Theorem theorem_5_1 i : homogeneous phi phi' k -> (0 < i < L)%N ->
  <<dW i, W i>> = k * <<dW i.+1, B i.+1>>.
(* end theorem_5_1 *)
Proof.
move=> phi_k iL; rewrite inner_rows inner_cols mulr_sumr.
by apply: eq_bigr => j _; exact: neuron_law.
Qed.

(* begin matrix_law *)
Theorem matrix_law i :
  (forall z, phi z = z) -> (forall z, phi' z = 1) -> (0 < i < L)%N ->
  dW i *m (W i)^T = (B i.+1)^T *m dW i.+1.
(* end matrix_law *)
Proof.
move=> phi_id slope1 iL; rewrite /velocity mulNmx mulmxN -mulmxA -trmx_mul.
rewrite -/(preactivation phi W X i) mulmxA (signals iL).
case: i iL => // i _; congr (- (_ *m _)); apply/matrixP=> p q; rewrite !mxE ?phi_id //.
by rewrite slope1 mulr1.
Qed.

(* begin matrix_law_symmetric *)
Theorem matrix_law_symmetric i :
  (forall z, phi z = z) -> (forall z, phi' z = 1) -> (0 < i < L)%N ->
  dW i *m (W i)^T + W i *m (dW i)^T =
    (B i.+1)^T *m dW i.+1 + (dW i.+1)^T *m B i.+1.
(* end matrix_law_symmetric *)
Proof.
move=> phi_id slope1 iL; have law := matrix_law phi_id slope1 iL.
by rewrite law -[W i]trmxK -trmx_mul law trmx_mul trmxK.
Qed.

End Laws.

(* begin quantities *)
Section Quantities.

Variables (F : realFieldType) (n : nat -> nat) (k : F) (B W : weights F n).

Definition layer_Q i : F :=
  2%:R^-1 * <<W i, W i>> - k * <<W i.+1, B i.+1>>.

Definition neuron_q i (j : 'I_(n i)) : F :=
  2%:R^-1 * <<row j (W i), row j (W i)>>
    - k * <<col j (W i.+1), col j (B i.+1)>>.

Definition matrix_Q i : 'M[F]_(n i) :=
  W i *m (W i)^T - (B i.+1)^T *m W i.+1 - (W i.+1)^T *m B i.+1.

End Quantities.
(* end quantities *)

Section Steps.

Variables (F : realFieldType) (n : nat -> nat) (L : nat).
Variables (phi phi' : F -> F) (k : F) (B : weights F n).

Lemma inner_ge0 m p (A : 'M[F]_(m, p)) : 0 <= <<A, A>>.
Proof. by rewrite inner_entries !sumr_ge0 // => q _; rewrite sumr_ge0 // => r _; exact: sqr_ge0. Qed.

Lemma exact_step m p q r (w d : 'M[F]_(m, p)) (v d' b : 'M[F]_(q, r)) :
  <<d, w>> = k * <<d', b>> ->
  2%:R^-1 * <<w + d, w + d>> - k * <<v + d', b>> -
    (2%:R^-1 * <<w, w>> - k * <<v, b>>) = 2%:R^-1 * <<d, d>>.
Proof.
move=> balance; rewrite !(innerDl, innerDr) (innerC w d) balance.
set z := k * <<d', b>>.
have -> x y : 2%:R^-1 * (x + z + (z + y)) = 2%:R^-1 * x + 2%:R^-1 * y + z.
  by rewrite addrA -(addrA x) 2!mulrDr addrAC -mulr2n -[z *+ 2]mulr_natl mulKf ?pnatr_eq0.
by rewrite mulrDr -/z (addrC (k * _)) addrKA opprB subrKA addrC addKr.
Qed.

Lemma exact_matrix_step m p q (w d : 'M[F]_(m, p)) (v d' b : 'M[F]_(q, m)) :
  d *m w^T + w *m d^T = b^T *m d' + d'^T *m b ->
  (w + d) *m (w + d)^T - b^T *m (v + d') - (v + d')^T *m b -
    (w *m w^T - b^T *m v - v^T *m b) = d *m d^T.
Proof.
have cancel (V : zmodType) (x s s' e c t c' t' : V) : s + s' = t + t' ->
    x + s + (s' + e) - (c + t) - (c' + t') - (x - c - c') = e.
  move=> st; have -> : x + s + (s' + e) = x + e + (t + t').
    by rewrite -st (addrC s') addrACA.
  rewrite -(addrA _ (- (c + t))) -opprD (addrACA c) (addrC (c + c')) addrKA.
  by rewrite -(addrA x (- c)) -opprD opprB subrKA addrC addKr.
move=> law; rewrite [(w + d)^T]linearD [(v + d')^T]linearD /= !mulmxDl !mulmxDr.
by apply: cancel; rewrite addrC.
Qed.

(* begin discrete_law *)
Theorem discrete_law W W' i : homogeneous phi phi' k ->
  step phi phi' L B W W' -> (0 < i < L)%N ->
  layer_Q k B W' i - layer_Q k B W i =
    2%:R^-1 * <<W' i - W i, W' i - W i>>.
(* end discrete_law *)
Proof.
move=> phi_k [N [X [eta [delta [signals moves]]]]] iL.
have [i0 iL'] := andP iL.
rewrite /layer_Q !moves ?i0 ?(ltnW iL') // (addrC (W i) (_ *: _)) addrK (addrC _ (W i)).
apply: exact_step; rewrite !innerZl mulrCA; congr (_ * _).
exact: (theorem_5_1 signals phi_k iL).
Qed.

(* begin neuron_discrete_law *)
Theorem neuron_discrete_law W W' i (j : 'I_(n i)) :
  homogeneous phi phi' k -> step phi phi' L B W W' -> (0 < i < L)%N ->
  neuron_q k B W' j - neuron_q k B W j =
    2%:R^-1 * <<row j (W' i - W i), row j (W' i - W i)>>.
(* end neuron_discrete_law *)
Proof.
move=> phi_k [N [X [eta [delta [signals moves]]]]] iL.
have [i0 iL'] := andP iL.
rewrite /neuron_q !moves ?i0 ?(ltnW iL') // (addrC (W i) (_ *: _)) addrK (addrC _ (W i)).
rewrite [row j (_ + _)]linearD [col j (_ + _)]linearD /=.
apply: exact_step; rewrite !linearZ /= !innerZl mulrCA; congr (_ * _).
exact: (neuron_law signals j phi_k iL).
Qed.

(* begin matrix_discrete_law *)
Theorem matrix_discrete_law W W' i :
  (forall z, phi z = z) -> (forall z, phi' z = 1) ->
  step phi phi' L B W W' -> (0 < i < L)%N ->
  matrix_Q B W' i - matrix_Q B W i = (W' i - W i) *m (W' i - W i)^T.
(* end matrix_discrete_law *)
Proof.
move=> phi_id slope1 [N [X [eta [delta [signals moves]]]]] iL.
have [i0 iL'] := andP iL.
rewrite /matrix_Q !moves ?i0 ?(ltnW iL') // (addrC (W i) (_ *: _)) addrK (addrC _ (W i)).
apply: exact_matrix_step; rewrite !linearZ /= -?scalemxAl -?scalemxAr -!scalerDr.
by congr (_ *: _); exact: (matrix_law_symmetric signals phi_id slope1 iL).
Qed.

Variable W : nat -> weights F n.

(* begin discrete_law_path *)
Theorem discrete_law_path T i : homogeneous phi phi' k ->
  (forall t, step phi phi' L B (W t) (W t.+1)) -> (0 < i < L)%N ->
  layer_Q k B (W T) i
    - \sum_(t < T) 2%:R^-1 * <<W t.+1 i - W t i, W t.+1 i - W t i>> =
  layer_Q k B (W 0%N) i.
(* end discrete_law_path *)
Proof.
move=> phi_k steps iL; elim: T => [|T <-]; first by rewrite big_ord0 subr0.
rewrite big_ord_recr /= -(subrK (layer_Q k B (W T) i) (layer_Q k B (W T.+1) i)).
rewrite (discrete_law phi_k (steps T) iL); set gain := 2%:R^-1 * _.
by rewrite (addrC _ gain) (addrC gain (layer_Q _ _ _ _)) addrKA.
Qed.

(* begin never_decreases *)
Theorem never_decreases T i : homogeneous phi phi' k ->
  (forall t, step phi phi' L B (W t) (W t.+1)) -> (0 < i < L)%N ->
  layer_Q k B (W 0%N) i <= layer_Q k B (W T) i.
(* end never_decreases *)
Proof.
move=> phi_k steps iL; rewrite -(discrete_law_path T phi_k steps iL) ler_subl_addr ler_addl.
by rewrite sumr_ge0 // => t _; rewrite mulr_ge0 ?invr_ge0 ?ler0n ?inner_ge0.
Qed.

End Steps.

(* Flows.  A ring of functions of time, with their derivative, is a commutative ring with a
   derivation; that is all that is used of time here. *)

(* begin derivation *)
Definition derivation (R : comRingType) (D : R -> R) :=
  (forall x y, D (x + y) = D x + D y) /\
  (forall x y, D (x * y) = D x * y + x * D y).

Definition flows (R : comRingType) n N (phi : R -> R) L (D : R -> R)
    (W B : weights R n) (X : 'M[R]_(N, n 0%N))
    (delta : forall i, 'M[R]_(n i, N)) :=
  (forall i, map_mx D (B i) = 0) /\
  forall i, (0 < i <= L)%N -> map_mx D (W i) = velocity phi W X delta i.
(* end derivation *)

Section Flows.

Variables (R : comRingType) (n : nat -> nat) (N L : nat).
Variables (phi phi' D : R -> R) (k : R).
Variables (W B : weights R n) (X : 'M[R]_(N, n 0%N)) (delta : forall i, 'M[R]_(n i, N)).
Hypothesis dD : derivation D.

Lemma D0 : D 0 = 0.
Proof. by apply: (addrI (D 0)); case: dD => DD _; rewrite -DD !addr0. Qed.

Lemma DN x : D (- x) = - D x.
Proof. by apply: (addrI (D x)); case: dD => DD _; rewrite -DD !subrr D0. Qed.

Lemma D_sum (I : finType) (f : I -> R) : D (\sum_i f i) = \sum_i D (f i).
Proof. by case: dD => DD _; apply: (big_morph D DD D0). Qed.

Lemma D_mulmx p q r (A : 'M[R]_(p, q)) (C : 'M[R]_(q, r)) :
  map_mx D (A *m C) = map_mx D A *m C + A *m map_mx D C.
Proof.
apply/matrixP=> s t; rewrite !mxE D_sum -big_split; apply: eq_bigr => u _.
by case: dD => _ DM; rewrite !mxE DM.
Qed.

Lemma D_inner p q (A C : 'M[R]_(p, q)) :
  D <<A, C>> = <<map_mx D A, C>> + <<A, map_mx D C>>.
Proof.
rewrite /inner -mxtraceD map_trmx -D_mulmx D_sum.
by apply: eq_bigr => u _; rewrite [in RHS]mxE.
Qed.

(* begin flow_law *)
Theorem flow_law i : homogeneous phi phi' k -> D k = 0 ->
  feedback_signals phi phi' L W B X delta -> flows phi L D W B X delta ->
  (0 < i < L)%N -> D (<<W i, W i>> - 2%:R * (k * <<W i.+1, B i.+1>>)) = 0.
(* end flow_law *)
Proof.
move=> phi_k Dk signals [still moves] iL; have [i0 iL'] := andP iL.
have [DD DM] := dD; have D2 : D 2%:R = 0.
  have D1 : D 1 = 0 by apply: (addrI (D 1)); rewrite addr0 -{3}[1]mulr1 DM mulr1 mul1r.
  by rewrite -[2%:R]/(1 + 1) DD D1 addr0.
rewrite DD DN !DM D2 Dk !mul0r !add0r !D_inner still !moves ?i0 ?(ltnW iL') //.
have inner0 p q (A : 'M[R]_(p, q)) : <<A, 0>> = 0 by rewrite /inner mulmx0 mxtrace0.
rewrite (innerC (W i)) (theorem_5_1 signals phi_k iL) inner0 addr0.
by rewrite -mulr2n -[_ *+ 2]mulr_natl subrr.
Qed.

(* begin flow_matrix_law *)
Theorem flow_matrix_law i :
  (forall z, phi z = z) -> (forall z, phi' z = 1) ->
  feedback_signals phi phi' L W B X delta -> flows phi L D W B X delta ->
  (0 < i < L)%N ->
  map_mx D (W i *m (W i)^T
    - (B i.+1)^T *m W i.+1 - (W i.+1)^T *m B i.+1) = 0.
(* end flow_matrix_law *)
Proof.
move=> phi_id slope1 signals [still moves] iL; have [i0 iL'] := andP iL.
have D_add p q (A C : 'M[R]_(p, q)) : map_mx D (A + C) = map_mx D A + map_mx D C.
  by case: dD => DD _; apply/matrixP=> s t; rewrite !mxE DD.
have D_opp p q (A : 'M[R]_(p, q)) : map_mx D (- A) = - map_mx D A.
  by apply/matrixP=> s t; rewrite !mxE DN.
rewrite !D_add !D_opp !D_mulmx -!map_trmx !still !moves ?i0 ?(ltnW iL') //.
rewrite (matrix_law_symmetric signals phi_id slope1 iL) trmx0 mul0mx mulmx0 add0r addr0.
by rewrite -addrA -opprD subrr.
Qed.

End Flows.
