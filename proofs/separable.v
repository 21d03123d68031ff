(* Separable data and coherent feedback: the comparator has a margin, whatever the gates are.
   So the loss of a network with gates has a bounded average, from every start, in steps. *)

From FA Require Import algebra setting law minimum_norm rate distance_identity.

Section Separable.

Variables (F : realFieldType) (n : nat -> nat) (l N : nat).
Notation L := l.+1.
Variables (B : weights F n) (X : 'M[F]_(N, n 0%N)) (y : 'I_N -> F) (u : 'rV[F]_(n 0%N)).
Variables (alpha gamma R : F) (sigma : forall i, 'I_(n i) -> F).

Arguments sigma : clear implicits.

(* begin coherent *)
(* Feedback is coherent: after some units change their sign, no entry of it is negative, and
   no output has changed its sign. *)
Definition coherent :=
  [/\ forall i j, (0 < i <= L)%N -> sigma i j = 1 \/ sigma i j = -1,
      forall j, sigma L j = 1 &
      forall i j k, (0 < i < L)%N -> 0 <= sigma i.+1 j * B i.+1 j k * sigma i k].

(* Labels are 1 or -1, and u separates the samples with the margin gamma. *)
Definition separable := forall s, (y s = 1 \/ y s = -1) /\ gamma <= y s * (u *m X^T) 0 s.

(* Each row of the comparator's first layer is R u, with the sign of its unit. *)
Definition aligned : 'M[F]_(n 1%N, n 0%N) := \matrix_(j, k) (R * sigma 1%N j * u 0 k).

(* The slopes of leaky ReLU, at kinks any between them; alpha = 0 is ReLU. *)
Definition leaky_gates (S : forall i, 'M[F]_(n i, N)) :=
  forall i j s, (0 < i < L)%N -> alpha <= S i j s <= 1.

(* What the layers 2, ..., i+1 of the feedback, their signs removed, make of ones. *)
Fixpoint paths i : 'I_(n i.+1) -> F :=
  if i is i'.+1 then fun j => \sum_k sigma i'.+2 j * B i'.+2 j k * sigma i'.+1 k * paths k
  else fun=> 1.
(* end coherent *)

Hypothesis (coh : coherent) (sep : separable).
Hypothesis (alpha0 : 0 <= alpha) (gamma0 : 0 <= gamma) (R0 : 0 <= R).

Lemma paths_ge0 i j : (i <= l)%N -> 0 <= @paths i j.
Proof.
have [_ _ pos] := coh; elim: i j => [|i IH] j il /=; first exact: ler01.
by rewrite sumr_ge0 // => k _; rewrite mulr_ge0 ?pos ?IH // ltnW.
Qed.

(* thm-separable, the margin of the comparator: at least omega R, with
   kappa = alpha^(L-1) gamma times the sum of all paths. *)
(* begin comparator_margin *)
Theorem comparator_margin S s (o : 'I_(n L)) : leaky_gates S ->
  alpha ^+ l * gamma * @paths l o * R <= y s * comparator B X S aligned l o s.
(* end comparator_margin *)
Proof.
have [unit top pos] := coh; move=> leaky.
suff margin i j : (i <= l)%N ->
    alpha ^+ i * gamma * @paths i j * R <= sigma i.+1 j * (y s * comparator B X S aligned i j s).
  by have := margin l o (leqnn _); rewrite top mul1r.
elim: i j => [|i IH] j il.
  rewrite expr0 mul1r mulr1 /=.
  have -> : (aligned *m X^T) j s = R * sigma 1%N j * (u *m X^T) 0 s.
    by rewrite !mxE mulr_sumr; apply: eq_bigr => k _; rewrite mxE -!mulrA.
  have sq : sigma 1%N j * sigma 1%N j = 1.
    by case: (unit 1%N j) => // ->; rewrite ?mulr1 ?mulrNN ?mulr1.
  have -> : sigma 1%N j * (y s * (R * sigma 1%N j * (u *m X^T) 0 s)) = y s * (u *m X^T) 0 s * R.
    rewrite mulrCA -[RHS]mulrA; congr (_ * _).
    by rewrite -(mulrA R) mulrCA (mulrA (sigma 1%N j)) sq mul1r mulrC.
  by rewrite ler_wpmul2r //; have [] := sep s.
pose c k := sigma i.+2 j * B i.+2 j k * sigma i.+1 k.
have -> : alpha ^+ i.+1 * gamma * @paths i.+1 j * R =
    \sum_k c k * (alpha * (alpha ^+ i * gamma * @paths i k * R)).
  rewrite exprS /= mulr_sumr mulr_suml; apply: eq_bigr => k _.
  by rewrite -[sigma _ _ * _ * _]/(c k) (mulrCA _ (c k)) -!mulrA.
have -> : sigma i.+2 j * (y s * comparator B X S aligned i.+1 j s) =
    \sum_k c k * (S i.+1 k s * (sigma i.+1 k * (y s * comparator B X S aligned i k s))).
  rewrite /= !mxE !mulr_sumr; apply: eq_bigr => k _; rewrite !mxE /c.
  have sq : sigma i.+1 k * sigma i.+1 k = 1.
    by have [|->|->] := unit i.+1 k; rewrite ?mulrNN ?mulr1 //; exact: ltnW.
  set b := B _ _ _; set g := S _ _ _; set f := comparator _ _ _ _ _ _ _.
  rewrite -!mulrA; congr (_ * _); rewrite [LHS]mulrCA; congr (_ * _).
  by rewrite [sigma _ _ * (g * _)]mulrCA (mulrA (sigma _ k) (sigma _ k)) sq mul1r mulrCA.
apply: ler_sum => k _; apply: ler_wpmul2l; first by rewrite pos.
have /andP[lower _] := leaky i.+1 k s il.
by rewrite ler_pmul ?IH ?(ltnW il) // !mulr_ge0 ?exprn_ge0 ?paths_ge0 // ltnW.
Qed.

(* The paths are those of the book: the entries of C_1 = B_L ... B_2, without their signs. *)
(* begin paths_are_carriers *)
Theorem paths_are_carriers (C : forall i, 'M[F]_(n L, n i)) (o : 'I_(n L)) : carriers B C ->
  @paths l o = \sum_j `|C 1%N o j|.
(* end paths_are_carriers *)
Proof.
have [unit top pos] := coh; move=> [CL CS].
have CE i k : (0 < i < L)%N -> C i o k = \sum_j C i.+1 o j * B i.+1 j k.
  by move=> iL; rewrite CS // mxE.
have sign i k : (0 < i <= L)%N -> 0 <= C i o k * sigma i k.
  move=> /andP[i0 iL]; have /subnKC := iL; move: (L - i)%N => d.
  elim: d i k i0 iL => [|d IH] i k i0 iL.
    rewrite addn0 => iE; move: i0 iL k; rewrite iE => _ _ k; rewrite top mulr1 CL mxE.
    exact: ler0n.
  rewrite addnS -addSn => iE; have iL' : (i < L)%N by rewrite -iE leq_addr.
  rewrite CE ?i0 // mulr_suml sumr_ge0 // => j _.
  have sq : sigma i.+1 j * sigma i.+1 j = 1.
    by have [|->|->] := unit i.+1 j; rewrite ?mulrNN ?mulr1.
  have -> : C i.+1 o j * B i.+1 j k * sigma i k =
      C i.+1 o j * sigma i.+1 j * (sigma i.+1 j * B i.+1 j k * sigma i k).
    by rewrite -!mulrA (mulrA (sigma i.+1 j) (sigma i.+1 j)) sq mul1r.
  by rewrite mulr_ge0 ?IH ?pos ?i0.
have constant i : (i <= l)%N -> \sum_k C i.+1 o k * sigma i.+1 k * @paths i k = \sum_j `|C 1%N o j|.
  elim: i => [|i IH] il.
    apply: eq_bigr => j _; rewrite mulr1 -[LHS]ger0_norm ?sign // normrM.
    by have [//|->|->] := unit 1%N j; rewrite ?normrN normr1 mulr1.
  rewrite -IH ?(ltnW il) //=; under eq_bigr do rewrite mulr_sumr.
  rewrite exchange_big; apply: eq_bigr => k _ /=; rewrite CE // 2!mulr_suml.
  apply: eq_bigr => j _.
  have sq : sigma i.+2 j * sigma i.+2 j = 1.
    by have [|->|->] := unit i.+2 j; rewrite ?mulrNN ?mulr1.
  by rewrite -!mulrA (mulrA (sigma i.+2 j) (sigma i.+2 j)) sq mul1r.
rewrite -(constant l) // CL (bigD1 o) //= big1 => [|k ko]; last first.
  by rewrite mxE eq_sym (negbTE ko) !mul0r.
by rewrite mxE eqxx mul1r top mul1r addr0.
Qed.

(* begin margin_loss *)
(* A loss of the margins: e is its derivative by the predictions f, or at a kink of the loss,
   as the hinge has one, any number between the slopes on both sides. *)
Definition margin_loss (ell : F -> F) (f : 'M[F]_(n L, N)) := \sum_o \sum_s ell (y s * f o s).

Definition subgradient (ell : F -> F) (f e : 'M[F]_(n L, N)) :=
  forall o s z, ell (y s * f o s) + e o s * (z - f o s) <= ell (y s * z).

(* What the loss is at most where all margins are omega R: with one output, N ell(omega R).
   That ell does not increase is written {homo ell : z z' /~ z <= z'} below. *)
Definition small_loss (ell : F -> F) : F :=
  \sum_(o < n L) N%:R * ell (alpha ^+ l * gamma * @paths l o * R).
(* end margin_loss *)

(* thm-separable, convexity. *)
(* begin separable_gap *)
Theorem separable_gap ell (S : forall i, 'M[F]_(n i, N)) (f e : 'M[F]_(n L, N)) :
  {homo ell : z z' /~ z <= z'} -> leaky_gates S -> subgradient ell f e ->
  margin_loss ell f - small_loss ell <= <<e, f - comparator B X S aligned l>>.
(* end separable_gap *)
Proof.
move=> falls leaky below.
rewrite innerC inner_entries exchange_big /margin_loss /small_loss -sumrB.
apply: ler_sum => o _ /=; rewrite mulr_natl -[X in _ *+ X]card_ord -sumr_const -sumrB.
apply: ler_sum => s _; rewrite !mxE ler_subl_addr -ler_subl_addl.
apply: le_trans (le_trans (below o s (comparator B X S aligned l o s)) _).
  by rewrite ler_add2l [leRHS]mulrC -mulNr opprB.
by apply: falls; exact: comparator_margin.
Qed.

(* thm-separable, in steps. *)
(* begin separable_steps *)
Theorem separable_steps ell (phi : F -> F) (W : nat -> weights F n) eta T :
  {homo ell : z z' /~ z <= z'} -> 0 <= eta ->
  (forall t, exists S e, [/\ leaky_gates S, subgradient ell (preactivation phi (W t) X L) e &
     fa_step phi B (W t) (W t.+1) X S e eta]) ->
  \sum_(t < T) 2%:R * eta * (margin_loss ell (preactivation phi (W t) X L) - small_loss ell) <=
    distance2 l (W 0%N) (star aligned B) + \sum_(t < T) distance2 l (W t.+1) (W t).
(* end separable_steps *)
Proof.
move=> falls eta0 steps.
pose gap t := margin_loss ell (preactivation phi (W t) X L) - small_loss ell.
have bound : distance2 l (W T) (star aligned B) + \sum_(t < T) 2%:R * eta * gap t <=
    distance2 l (W 0%N) (star aligned B) + \sum_(t < T) distance2 l (W t.+1) (W t).
  apply: (regret (phi := phi) (eta := fun=> eta)) => // t.
  have [S [e [leaky below step_]]] := steps t.
  by exists N, X, S, e; split=> //; exact: separable_gap.
by apply: le_trans bound; rewrite ler_addr distance2_ge0.
Qed.

End Separable.
