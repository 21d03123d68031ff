(* The distance identity.  Along FA the squared distance to the network whose upper layers are
   the feedback changes by -<e, f - fhat>, as under gradient descent on a convex function.
   Nothing here needs a limit: times and step sizes come in as numbers, or not at all. *)

From FA Require Import algebra setting law.

(* begin star *)
(* The comparator: the first layer is U, the others are the feedback. *)
Definition star (R : ringType) n (U : 'M[R]_(n 1%N, n 0%N)) (B : weights R n) : weights R n :=
  fun i => match i return 'M[R]_(n i, n i.-1) with 1 => U | j => B j end.

Section Gates.

Variables (R : comRingType) (n : nat -> nat) (N l : nat) (phi : R -> R).
Variables (W B : weights R n) (X : 'M[R]_(N, n 0%N)).
Variable S : forall i, 'M[R]_(n i, N).
Notation L := l.+1.

(* Slopes S through which the hidden layers answer as they do.  Off the kinks of ReLU and leaky
   ReLU they are the derivatives; at a kink h = 0, and any number serves. *)
Definition gates := forall i, (0 < i < L)%N ->
  S i ⊙ preactivation phi W X i = activity phi W X i.

(* The motion of FA through these gates, with the output error e. *)
Definition fa_motion (e : 'M[R]_(n L, N)) (dW : weights R n) :=
  gates /\ exists delta : forall i, 'M[R]_(n i, N),
  [/\ delta L = e,
      forall i, (0 < i < L)%N -> delta i = ((B i.+1)^T *m delta i.+1) ⊙ S i &
      forall i, (0 < i <= L)%N -> dW i = velocity phi W X delta i].

(* What the first i.+1 layers of the comparator answer through the gates S. *)
Fixpoint comparator (U : 'M[R]_(n 1%N, n 0%N)) i : 'M[R]_(n i.+1, N) :=
  if i is i'.+1 then B i'.+2 *m (S i'.+1 ⊙ comparator U i') else U *m X^T.

End Gates.
(* end star *)

Section Algebra.

Variable R : comRingType.

Lemma innerNl p q (A C : 'M[R]_(p, q)) : <<- A, C>> = - <<A, C>>.
Proof. by rewrite -scaleN1r innerZl mulN1r. Qed.

Lemma innerNr p q (A C : 'M[R]_(p, q)) : <<A, - C>> = - <<A, C>>.
Proof. by rewrite innerC innerNl innerC. Qed.

Lemma innerBr p q (A C D : 'M[R]_(p, q)) : <<A, C - D>> = <<A, C>> - <<A, D>>.
Proof. by rewrite innerDr innerNr. Qed.

Lemma innerBl p q (A C D : 'M[R]_(p, q)) : <<A - C, D>> = <<A, D>> - <<C, D>>.
Proof. by rewrite innerDl innerNl. Qed.

Lemma inner_entrywise p q (A D Z : 'M[R]_(p, q)) : <<A ⊙ D, Z>> = <<A, D ⊙ Z>>.
Proof.
rewrite !inner_entries; apply: eq_bigr => j _; apply: eq_bigr => i _.
by rewrite !mxE mulrA.
Qed.

Lemma inner_trl p q r (A : 'M[R]_(p, q)) (C : 'M_(p, r)) (D : 'M_(q, r)) :
  <<A^T *m C, D>> = <<C, A *m D>>.
Proof. by rewrite /inner trmx_mul trmxK mulmxA. Qed.

Lemma inner_outer p q N (A : 'M[R]_(p, N)) (a : 'M_(q, N)) (V : 'M_(p, q)) :
  <<A *m a^T, V>> = <<A, V *m a>>.
Proof. by rewrite /inner trmx_mul trmxK -mulmxA mxtrace_mulC mulmxA. Qed.

End Algebra.

Section Identity.

Variables (R : comRingType) (n : nat -> nat) (N l : nat) (phi : R -> R).
Variables (W B dW : weights R n) (X : 'M[R]_(N, n 0%N)).
Variables (S : forall i, 'M[R]_(n i, N)) (e : 'M[R]_(n l.+1, N)).
Notation L := l.+1.

(* The gates may be the derivatives: the FA of the other files is a motion through gates. *)
(* begin derivative_gates *)
Theorem derivative_gates phi' (delta : forall i, 'M[R]_(n i, N)) :
  homogeneous phi phi' 1 -> feedback_signals phi phi' L W B X delta ->
  fa_motion phi W B X (fun i => map_mx phi' (preactivation phi W X i))
    (delta L) (velocity phi W X delta).
(* end derivative_gates *)
Proof.
move=> phi1 signals; split; last by exists delta.
move=> i iL; apply/matrixP=> j s; rewrite !mxE phi1 mul1r.
by case: i iL j => // i _ j; rewrite !mxE.
Qed.

(* thm-distance, in motion: d/dt 1/2 |W - W*|^2 = - <e, f - fhat>, for every U. *)
(* begin distance_identity *)
Theorem distance_identity (U : 'M[R]_(n 1%N, n 0%N)) : fa_motion phi W B X S e dW ->
  \sum_(1 <= i < L.+1) <<dW i, W i - star U B i>> =
    - <<e, preactivation phi W X L - comparator B X S U l>>.
(* end distance_identity *)
Proof.
case=> open [delta [<- signals dWE]].
have own i : (0 < i <= L)%N -> <<dW i, W i>> = - <<delta i, preactivation phi W X i>>.
  by move=> iL; rewrite dWE // /velocity innerNl inner_outer.
(* Theorem 5.1: what a layer gains along itself, the next one gains along the feedback. *)
have law i : (0 < i < L)%N -> <<dW i, W i>> = <<dW i.+1, B i.+1>>.
  move=> /[dup] iL /andP[i0 iL']; rewrite own ?i0 ?(ltnW iL') // signals // inner_entrywise.
  by rewrite open // inner_trl dWE // /velocity innerNl inner_outer.
(* The signal is moved across, layer by layer. *)
have back i : (i <= l)%N -> <<delta 1%N, U *m X^T>> = <<delta i.+1, comparator B X S U i>>.
  elim: i => [//|i IH] il; rewrite IH ?(ltnW il) //.
  by rewrite [in LHS](signals i.+1) // inner_entrywise inner_trl.
rewrite (eq_bigr _ (fun i _ => innerBr (dW i) (W i) (star U B i))) sumrB.
rewrite big_add1 /= big_nat_recr //= [X in _ - X = _]big_add1 /= [X in _ - X = _]big_nat_recl //=.
have -> : \sum_(0 <= i < l) <<dW i.+1, W i.+1>> = \sum_(0 <= i < l) <<dW i.+2, B i.+2>>.
  by apply: eq_big_nat => i /= il; exact: law.
rewrite own ?leqnn // (dWE 1%N) // /velocity innerNl inner_outer (back l) // innerBr.
by rewrite !opprD !opprK addrC subrKA addrC.
Qed.

End Identity.

(* Linear networks: all gates are 1, and the comparator stands still. *)
Section Linear.

Variables (R : comRingType) (n : nat -> nat) (N l : nat).
Variables (W B : weights R n) (X : 'M[R]_(N, n 0%N)).
Notation L := l.+1.

(* begin carriers *)
(* C_i = B_L ... B_{i+1} carries the output error back to layer i. *)
Definition carriers (C : forall i, 'M[R]_(n L, n i)) :=
  C L = 1%:M /\ forall i, (0 < i < L)%N -> C i = C i.+1 *m B i.+1.

Definition open_gates i : 'M[R]_(n i, N) := const_mx 1.

(* The map that the first i layers compute. *)
Fixpoint product i : 'M[R]_(n i, n 0%N) := if i is i'.+1 then W i'.+1 *m product i' else 1%:M.
(* end carriers *)

Lemma entrywise1 p q (A : 'M[R]_(p, q)) : A ⊙ const_mx 1 = A.
Proof. by apply/matrixP=> i j; rewrite !mxE mulr1. Qed.

Lemma entrywise_l1 p q (A : 'M[R]_(p, q)) : const_mx 1 ⊙ A = A.
Proof. by apply/matrixP=> i j; rewrite !mxE mul1r. Qed.

Lemma linear_activity i : activity id W X i = product i *m X^T.
Proof.
elim: i => [|i IH]; first by rewrite mul1mx.
by rewrite /= IH mulmxA; apply/matrixP=> j s; rewrite !mxE.
Qed.

(* There the motion of FA is the book's dW_i = - C_i^T e X A_{i-1}^T, and nothing else. *)
(* begin linear_motion *)
Theorem linear_motion (C : forall i, 'M[R]_(n L, n i)) (e : 'M[R]_(n L, N)) (dW : weights R n) :
  carriers C ->
  fa_motion id W B X open_gates e dW <->
  forall i, (0 < i <= L)%N -> dW i = - ((C i)^T *m e *m X *m (product i.-1)^T).
(* end linear_motion *)
Proof.
move=> [CL CS].
have form delta : delta L = e ->
    (forall i, (0 < i < L)%N -> delta i = ((B i.+1)^T *m delta i.+1) ⊙ open_gates i) ->
    forall i, (0 < i <= L)%N -> delta i = (C i)^T *m e.
  move=> deltaL signals i /andP[i0 iL].
  have /subnKC := iL; move: (L - i)%N => k; elim: k i i0 iL => [|k IH] i i0 iL.
    by rewrite addn0 => iE; move: i0 iL; rewrite iE deltaL CL trmx1 mul1mx.
  rewrite addnS -addSn => iE; have iL' : (i < L)%N by rewrite -iE leq_addr.
  by rewrite signals ?i0 // entrywise1 (IH i.+1) // (CS i) ?i0 // trmx_mul mulmxA.
have velocityE delta i : delta i = (C i)^T *m e ->
    velocity id W X delta i = - ((C i)^T *m e *m X *m (product i.-1)^T).
  move=> deltaE; rewrite /velocity deltaE linear_activity.
  by rewrite trmx_mul trmxK !mulmxA.
split=> [[_ [delta [deltaL signals dWE]]] i iL|dWE].
  by rewrite dWE // velocityE // (form delta).
split=> [i /andP[i0 _]|].
  rewrite entrywise_l1; case: i i0 => // i _; rewrite /= /preactivation /=.
  by apply/matrixP=> j s; rewrite !mxE.
exists (fun i => (C i)^T *m e); split=> [|i iL|i iL].
- by rewrite CL trmx1 mul1mx.
- by rewrite entrywise1 (CS i) // trmx_mul mulmxA.
- by rewrite dWE // velocityE.
Qed.

(* thm-distance, linear: the comparator answers C_1 U x, whatever the weights. *)
(* begin comparator_linear *)
Theorem comparator_linear (C : forall i, 'M[R]_(n L, n i)) (U : 'M[R]_(n 1%N, n 0%N)) :
  carriers C -> comparator B X open_gates U l = C 1%N *m U *m X^T.
(* end comparator_linear *)
Proof.
move=> [CL CS]; suff moved i : (i <= l)%N ->
    C 1%N *m U *m X^T = C i.+1 *m comparator B X open_gates U i.
  by rewrite (moved l) // CL mul1mx.
elim: i => [|i IH] il /=; first by rewrite mulmxA.
by rewrite IH ?(ltnW il) // CS ?il // entrywise_l1 !mulmxA.
Qed.

(* There are such matrices C_i, for every feedback. *)
(* begin carriers_exist *)
Theorem carriers_exist : exists C : forall i, 'M[R]_(n L, n i), carriers C.
(* end carriers_exist *)
Proof.
have [delta [deltaL signals]] :=
  signals_exist id (fun=> 1) W B (0 : 'M[R]_(n L, n 0%N)) (1%:M : 'M_(n L)).
exists (fun i => (delta i)^T); split=> [|i iL]; first by rewrite deltaL trmx1.
have -> : delta i = (B i.+1)^T *m delta i.+1.
  by rewrite signals //; apply/matrixP=> j s; rewrite !mxE mulr1.
by rewrite trmx_mul trmxK.
Qed.

End Linear.

(* Steps of any size. *)
Section Steps.

Variables (F : realFieldType) (n : nat -> nat) (l : nat) (phi : F -> F).
Variables (B : weights F n) (U : 'M[F]_(n 1%N, n 0%N)).
Notation L := l.+1.

(* begin distance2 *)
Definition distance2 (W V : weights F n) : F :=
  \sum_(1 <= i < L.+1) <<W i - V i, W i - V i>>.

(* One step of FA, with its samples, gates, output error and size. *)
Definition fa_step (W W' : weights F n) N (X : 'M[F]_(N, n 0%N))
    (S : forall i, 'M[F]_(n i, N)) (e : 'M[F]_(n L, N)) (eta : F) :=
  exists2 dW, fa_motion phi W B X S e dW &
    forall i, (0 < i <= L)%N -> W' i = W i + eta *: dW i.
(* end distance2 *)

Lemma distance2_ge0 W V : 0 <= distance2 W V.
Proof. by rewrite sumr_ge0 // => i _; exact: inner_ge0. Qed.

(* thm-distance, in steps. *)
(* begin distance_step *)
Theorem distance_step W W' N (X : 'M[F]_(N, n 0%N)) S (e : 'M[F]_(n L, N)) eta :
  fa_step W W' X S e eta ->
  distance2 W' (star U B) = distance2 W (star U B)
    - 2%:R * eta * <<e, preactivation phi W X L - comparator B X S U l>> + distance2 W' W.
(* end distance_step *)
Proof.
case=> dW motion moves; rewrite -mulrN -(distance_identity U motion) /distance2.
rewrite mulr_sumr -!big_split; apply: eq_big_nat => i iL /=.
rewrite moves //; set w := W i; set d := dW i; set s := star U B i.
have -> : w + eta *: d - w = eta *: d by rewrite addrC addKr.
rewrite addrAC innerDl !(innerDr _ (w - s)) !innerZl innerZr (innerC (w - s) d).
by rewrite -mulrA mulr_natl mulr2n !addrA.
Qed.

(* cor-regret, summed over steps of any sizes and over batches of any kind.  Where the losses
   are convex, gap may be the loss of the network less that of the comparator. *)
(* begin regret *)
Theorem regret (W : nat -> weights F n) (eta gap : nat -> F) T :
  (forall t, 0 <= eta t) ->
  (forall t, exists N (X : 'M[F]_(N, n 0%N)) S e, fa_step (W t) (W t.+1) X S e (eta t) /\
     gap t <= <<e, preactivation phi (W t) X L - comparator B X S U l>>) ->
  distance2 (W T) (star U B) + \sum_(t < T) 2%:R * eta t * gap t <=
  distance2 (W 0%N) (star U B) + \sum_(t < T) distance2 (W t.+1) (W t).
(* end regret *)
Proof.
move=> eta0 steps; elim: T => [|T IH]; first by rewrite !big_ord0.
have [N [X [S [e [step_ convex]]]]] := steps T.
rewrite !big_ord_recr /= (distance_step step_) addrA; apply: le_trans (ler_add IH (lexx _)).
rewrite [X in X <= _](@GRing.add F).[AC (3*2) (1*4*3*(5*2))] ger_addl subr_le0.
by rewrite ler_wpmul2l // mulr_ge0 ?ler0n.
Qed.

End Steps.
