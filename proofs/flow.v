(* Theorem 5.1 in continuous time: along every flow of feedback alignment, in any depth, the
   three quantities stand still.  That there is a flow is what is assumed; how long it lasts,
   which samples it sees at which time, and its loss are not. *)

From FA Require Import analysis setting law calculus countable.

(* begin slopes *)
(* Slopes S for the hidden neurons at each sample, of which only this is asked: with the
   preactivation they give k times the activity.  The derivatives of a homogeneous activation
   are such slopes.  Where a ReLU has its kink the preactivation is 0, and any slope will do. *)
Definition slopes (R : comRingType) n N (phi : R -> R) (k : R) L (W : weights R n)
    (X : 'M[R]_(N, n 0%N)) (S : forall i, 'M[R]_(n i, N)) :=
  forall i, (0 < i < L)%N -> S i ⊙ preactivation phi W X i = k *: activity phi W X i.

(* The direction dW of FA at the weights W: for some samples, output error and slopes. *)
Definition fa_direction (R : comRingType) n (phi : R -> R) k L (W B dW : weights R n) :=
  exists N (X : 'M[R]_(N, n 0%N)) (S delta : forall i, 'M[R]_(n i, N)),
  [/\ slopes phi k L W X S,
      forall i, (0 < i < L)%N -> delta i = ((B i.+1)^T *m delta i.+1) ⊙ S i &
      forall i, (0 < i <= L)%N -> dW i = velocity phi W X delta i].

(* Between the times a and b the weights are continuous, and move with FA at all times but for
   countably many: when a gate of a ReLU opens or closes, the velocity may jump. *)
Definition fa_flow (R : realType) n (phi : R -> R) k L (B : weights R n) (W : R -> weights R n)
    (a b : R) :=
  (forall t i p q, a <= t <= b -> (0 < i <= L)%N -> {for t, continuous (fun s => W s i p q)}) /\
  exists2 Z : set R, countable Z & forall t, a <= t <= b -> ~ Z t ->
    exists2 dW, fa_direction phi k L (W t) B dW &
      forall i, (0 < i <= L)%N -> moves (fun s => W s i) t (dW i).
(* end slopes *)

Section Direction.

Variables (R : comRingType) (n : nat -> nat) (L : nat) (phi : R -> R) (k : R).
Variables (W B dW : weights R n).

(* begin direction_law *)
Theorem direction_law i (j : 'I_(n i)) : fa_direction phi k L W B dW -> (0 < i < L)%N ->
  <<row j (dW i), row j (W i)>> = k * <<col j (dW i.+1), col j (B i.+1)>>.
(* end direction_law *)
Proof.
move=> [N [X [S [delta [open signals move]]]]] iL; have [i0 iL'] := andP iL.
rewrite inner_row_entry inner_col_entry !move ?i0 ?(ltnW iL') // /velocity.
rewrite mulNmx mulmxN -mulmxA -trmx_mul -/(preactivation phi W X i) mulmxA signals //.
rewrite 2!mxE [in RHS]mxE mulrN [in RHS]mxE mulr_sumr; congr (- _); apply: eq_bigr => s _.
have /matrixP/(_ j s) := open i iL; rewrite !mxE => SE.
by rewrite -mulrA SE mulrCA.
Qed.

(* Averages over gates are covered: give each direction its own copy of the samples, and its
   share of the errors. *)
Lemma entrywise_row p q r (A C : 'M[R]_(p, q)) (A' C' : 'M[R]_(p, r)) :
  row_mx A A' ⊙ row_mx C C' = row_mx (A ⊙ C) (A' ⊙ C').
Proof. by apply/matrixP=> i j; rewrite !mxE; case: splitP => l _; rewrite mxE. Qed.

Lemma activity_col N N' (X : 'M[R]_(N, n 0%N)) (X' : 'M[R]_(N', n 0%N)) i :
  activity phi W (col_mx X X') i = row_mx (activity phi W X i) (activity phi W X' i).
Proof. by elim: i => [|i IH] /=; rewrite ?tr_col_mx // IH mul_mx_row map_row_mx. Qed.

(* begin directions_mix *)
Theorem directions_mix x y (dV : weights R n) :
  fa_direction phi k L W B dW -> fa_direction phi k L W B dV ->
  fa_direction phi k L W B (fun i => x *: dW i + y *: dV i).
(* end directions_mix *)
Proof.
move=> [N [X [S [d [open signals move]]]]] [N' [X' [S' [d' [open' signals' move']]]]].
exists (N + N')%N, (col_mx X X'), (fun i => row_mx (S i) (S' i)),
  (fun i => row_mx (x *: d i) (y *: d' i)); split=> i iL.
- rewrite /preactivation !activity_col mul_mx_row entrywise_row.
  by rewrite [S i ⊙ _]open // [S' i ⊙ _]open' // scale_row_mx.
- rewrite mul_mx_row entrywise_row -!scalemxAr signals // signals' //.
  by congr row_mx; apply/matrixP=> p q; rewrite !mxE mulrA.
- rewrite move // move' // /velocity activity_col tr_row_mx mul_row_col -!scalemxAl.
  by rewrite opprD !scalerN.
Qed.

End Direction.

(* Derivatives of a homogeneous activation are slopes: smooth networks are a special case. *)
(* begin derivative_slopes *)
Theorem derivative_slopes (R : comRingType) n N (phi phi' : R -> R) k L (W : weights R n)
    (X : 'M[R]_(N, n 0%N)) : homogeneous phi phi' k ->
  slopes phi k L W X (fun i => map_mx phi' (preactivation phi W X i)).
(* end derivative_slopes *)
Proof.
by move=> phi_k [//|i] _; apply/matrixP=> j s; rewrite !mxE phi_k.
Qed.

(* For leaky ReLU, ReLU with alpha = 0: the derivative where there is one, and where the
   preactivation is 0 any number, such as one in [alpha, 1]. *)
(* begin leaky_slopes *)
Definition leaky (F : realFieldType) (alpha z : F) := if 0 < z then z else alpha * z.

Theorem leaky_slopes (F : realFieldType) n N (alpha : F) L (W : weights F n)
    (X : 'M[F]_(N, n 0%N)) (S : forall i, 'M[F]_(n i, N)) :
  let h := preactivation (leaky alpha) W X in
  (forall i j s, 0 < h i j s -> S i j s = 1) ->
  (forall i j s, h i j s < 0 -> S i j s = alpha) ->
  slopes (leaky alpha) 1 L W X S.
(* end leaky_slopes *)
Proof.
move=> h pos neg [//|i] _; rewrite scale1r; apply/matrixP=> j s; rewrite !mxE -/(h i.+1).
have -> : \sum_l W i.+1 j l * activity (leaky alpha) W X i l s = h i.+1 j s by rewrite mxE.
rewrite /leaky; case: ltgtP => [h0|h0|<-]; first by rewrite pos // mul1r.
  by rewrite neg.
by rewrite !mulr0.
Qed.

Section Laws.

Variables (R : realType) (n : nat -> nat) (L : nat) (phi : R -> R) (k : R) (B : weights R n).
Variables (W : R -> weights R n) (a b : R).
Hypothesis ab : a <= b.

Lemma moves_col p q (A : R -> 'M[R]_(p, q)) t dA j :
  moves A t dA -> moves (fun s => col j (A s)) t (col j dA).
Proof.
move=> d i l; rewrite mxE (_ : (fun s => _) = (fun s => A s i j)) //.
by apply/funext=> s; rewrite mxE.
Qed.

Lemma moves_row p q (A : R -> 'M[R]_(p, q)) t dA i :
  moves A t dA -> moves (fun s => row i (A s)) t (row i dA).
Proof.
move=> d l j; rewrite mxE (_ : (fun s => _) = (fun s => A s i j)) //.
by apply/funext=> s; rewrite mxE.
Qed.

Lemma continuous_col p q (A : R -> 'M[R]_(p, q)) t j :
  (forall i l, {for t, continuous (fun s => A s i l)}) ->
  forall i l, {for t, continuous (fun s => (col j (A s)) i l)}.
Proof.
by move=> cont i l; apply: continuous_same (cont i j) => s; rewrite mxE.
Qed.

Lemma continuous_row p q (A : R -> 'M[R]_(p, q)) t i :
  (forall l j, {for t, continuous (fun s => A s l j)}) ->
  forall l j, {for t, continuous (fun s => (row i (A s)) l j)}.
Proof.
by move=> cont l j; apply: continuous_same (cont i j) => s; rewrite mxE.
Qed.

Lemma stays_but_countably (f : R -> R) (Z : set R) : countable Z ->
  (forall t, a <= t <= b -> {for t, continuous f}) ->
  (forall t, a <= t <= b -> ~ Z t -> is_derive t (1 : R) f 0) -> f b = f a.
Proof.
move=> countZ cont d; apply/eqP; rewrite eq_le (falls_but_countably ab countZ cont d) //.
rewrite -ler_opp2; apply: (falls_but_countably (f := fun s => - f s) ab countZ) => [t tab|t tab Zt|].
- exact: cvgN (cont t tab).
- exact: is_deriveN (d t tab Zt).
- by move=> t _ _; rewrite oppr0.
Qed.

(* begin neuron_law_flow *)
Theorem neuron_law_flow i (j : 'I_(n i)) : fa_flow phi k L B W a b -> (0 < i < L)%N ->
  neuron_q k B (W b) j = neuron_q k B (W a) j.
(* end neuron_law_flow *)
Proof.
move=> [cont [Z countZ flow]] iL; have [i0 iL'] := andP iL.
apply: (stays_but_countably (f := fun t => neuron_q k B (W t) j) countZ) => [t tab|t tab Zt].
  have own : forall p q, {for t, continuous (fun s => row j (W s i) p q)}.
    by apply: continuous_row => p q; apply: cont; rewrite ?i0 ?(ltnW iL').
  have out : forall p q, {for t, continuous (fun s => col j (W s i.+1) p q)}.
    by apply: continuous_col => p q; exact: cont.
  have still : forall p q, {for t, continuous (fun _ : R => col j (B i.+1) p q)}.
    by move=> p q; exact: (@cst_continuous _ _ _ t).
  have c1 : {for t, continuous (fun s => 2%:R^-1 * <<row j (W s i), row j (W s i)>>)}.
    exact: (continuousM (@cst_continuous _ _ _ t) (continuous_inner own own)).
  have c2 : {for t, continuous (fun s => k * <<col j (W s i.+1), col j (B i.+1)>>)}.
    exact: (continuousM (@cst_continuous _ _ _ t) (continuous_inner out still)).
  exact: (continuousB c1 c2).
have [dW dir move] := flow t tab Zt.
have own := moves_square (moves_row j (move i _)); rewrite i0 (ltnW iL') in own.
have out := moves_inner (moves_col j (move i.+1 iL')) (moves_cst (col j (B i.+1)) t).
apply: (is_derive_eq (is_deriveB (is_derive_scale 2%:R^-1 (own isT)) (is_derive_scale k out))).
have -> : <<col j (W t i.+1), 0>> = 0 by rewrite /inner mulmx0 mxtrace0.
by rewrite mulKf ?pnatr_eq0 // addr0 (direction_law j dir iL) subrr.
Qed.

Lemma layer_of_neurons (V : weights R n) i : layer_Q k B V i = \sum_(j < n i) neuron_q k B V j.
Proof.
by rewrite sumrB -!mulr_sumr -inner_rows -inner_cols.
Qed.

(* begin theorem_5_1_flow *)
Theorem theorem_5_1_flow i : fa_flow phi k L B W a b -> (0 < i < L)%N ->
  layer_Q k B (W b) i = layer_Q k B (W a) i.
(* end theorem_5_1_flow *)
Proof.
by move=> flow iL; rewrite !layer_of_neurons; apply: eq_bigr => j _; exact: neuron_law_flow.
Qed.

End Laws.

Section LinearLaw.

Variables (R : realType) (n : nat -> nat) (L : nat) (B : weights R n).
Variables (W : R -> weights R n) (a b : R).
Hypothesis ab : a <= b.

(* begin linear_flow *)
(* The same for linear networks: activity and preactivation are one, and all slopes are 1. *)
Definition linear_flow :=
  forall t, a <= t <= b ->
  exists N (X : 'M[R]_(N, n 0%N)) (delta : forall i, 'M[R]_(n i, N)),
    feedback_signals id (fun=> 1) L (W t) B X delta /\
    forall i, (0 < i <= L)%N -> moves (fun s => W s i) t (velocity id (W t) X delta i).
(* end linear_flow *)

Lemma linear_is_fa : linear_flow -> fa_flow id 1 L B W a b.
Proof.
move=> flow; split=> [t i p q /flow[N [X [delta [_ move]]]] iL|].
  by apply/differentiable_continuous/derivable1_diffP; have [] := move i iL p q.
exists set0; first exact: countable0.
move=> t /flow[N [X [delta [signals move]]]] _; exists (velocity id (W t) X delta) => //.
exists N, X, (fun i => map_mx (fun=> 1) (preactivation id (W t) X i)), delta; split=> //.
by apply: derivative_slopes => z; rewrite !mul1r.
Qed.

(* begin matrix_law_flow *)
Theorem matrix_law_flow i : linear_flow -> (0 < i < L)%N ->
  matrix_Q B (W b) i = matrix_Q B (W a) i.
(* end matrix_law_flow *)
Proof.
move=> flow iL; have [i0 iL'] := andP iL; apply/matrixP=> p q.
apply: (stays ab (f := fun t => matrix_Q B (W t) i p q)) => t /flow[N [X [delta [signals move]]]].
have own := move i; rewrite i0 (ltnW iL') in own; have {}own := own isT.
have out := move i.+1 iL'.
have law := matrix_law_symmetric signals (fun=> erefl) (fun=> erefl) iL.
have := movesB (movesB (moves_mulmx own (moves_tr own)) (moves_mull (B i.+1)^T out))
  (moves_mulr (B i.+1) (moves_tr out)).
by move/(_ p q); rewrite law -addrA -opprD subrr mxE.
Qed.

End LinearLaw.
