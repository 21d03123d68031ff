(* Separable data and coherent feedback: the comparator has a margin, whatever the gates are.
   So the loss of a network with gates has a bounded average, from every start, in steps. *)

From mathcomp Require Import all_ssreflect all_algebra.
From FA Require Import setting law minimum_norm rate distance_identity.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

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

(* thm-separable, the margin of the comparator: at least kappa R, with
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
  have sq : sigma 1%N j * sigma 1%N j = 1 by case: (unit 1%N j) => // ->; rewrite ?mulr1 ?mulrNN ?mulr1.
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

End Separable.
