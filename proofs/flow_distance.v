(* The distance identity in time, and the regret that follows from it.  The weights need not
   have a velocity when a gate opens or closes: countably many times may be left out. *)

From FA Require Import analysis setting law minimum_norm rate distance_identity distance_steps.
From FA Require Import calculus countable.

Section Continuity.

Variable R : realType.

Lemma continuous_cst (c t : R) : continuous_at (fun _ : R => c) t.
Proof. exact: (@cst_continuous _ _ c t). Qed.

Lemma continuous_eq (f g : R -> R) t : f =1 g ->
  continuous_at f t -> continuous_at g t.
Proof. by move/funext->. Qed.

Lemma continuous_add (f g : R -> R) t :
  continuous_at f t -> continuous_at g t -> continuous_at (fun s => f s + g s) t.
Proof. exact: continuousD. Qed.

Lemma continuous_mul (f g : R -> R) t :
  continuous_at f t -> continuous_at g t -> continuous_at (fun s => f s * g s) t.
Proof. exact: continuousM. Qed.

Lemma continuous_sums (I : Type) (r : seq I) (P : pred I) (f : I -> R -> R) t :
  (forall i, P i -> continuous_at (f i) t) ->
  continuous_at (fun s => \sum_(i <- r | P i) f i s) t.
Proof.
move=> cont; elim: r => [|i r IH].
  by apply: (@continuous_eq (fun=> 0) _ t _ (@continuous_cst 0 t)) => s; rewrite big_nil.
apply: (@continuous_eq (fun s => (if P i then f i s else 0) + \sum_(l <- r | P l) f l s)).
  by move=> s; rewrite big_cons; case: (P i) => //; rewrite add0r.
apply: continuous_add IH; case Pi: (P i); [exact: cont|exact: continuous_cst].
Qed.

Lemma continuous_square p q (A : R -> 'M[R]_(p, q)) Z t :
  (forall i j, continuous_at (fun s => A s i j) t) ->
  continuous_at (fun s => <<A s - Z, A s - Z>>) t.
Proof.
move=> cont.
apply: (@continuous_eq (fun s => \sum_j \sum_i (A s i j - Z i j) * (A s i j - Z i j))) => [s|].
  rewrite inner_entries; apply: eq_bigr => j _.
  by apply: eq_bigr => i _; rewrite !mxE.
apply: continuous_sums => j _; apply: continuous_sums => i _.
have off : continuous_at (fun s => A s i j - Z i j) t.
  by apply: continuous_add; [exact: cont|exact: continuous_cst].
exact: continuous_mul.
Qed.

End Continuity.

Section Distance.

Variables (R : realType) (n : nat -> nat) (l : nat) (phi : R -> R).
Notation L := l.+1.
Variables (B : weights R n) (U : 'M[R]_(n 1%N, n 0%N)) (W : R -> weights R n).

(* begin moves_with *)
(* At time t the weights of all layers move with the velocities dW. *)
Definition moves_with t (dW : weights R n) :=
  forall i, (0 < i <= L)%N -> moves (fun s => W s i) t (dW i).

(* Between a and b the weights are continuous, and at all times but those of Z, which are
   countably many, they have a velocity. *)
Definition moves_but (Z : set R) a b (dW : R -> weights R n) :=
  [/\ countable Z, forall t, a <= t <= b -> ~ Z t -> moves_with t (dW t) &
   forall t i j k, a <= t <= b -> (0 < i <= L)%N -> continuous_at (fun s => W s i j k) t].
(* end moves_with *)

(* thm-distance, in time. *)
(* begin distance_flow *)
Theorem distance_flow t dW N (X : 'M[R]_(N, n 0%N)) S e :
  fa_motion phi (W t) B X S e dW -> moves_with t dW ->
  is_derive t (1 : R) (fun s => distance2 l (W s) (star U B))
    (- 2%:R * <<e, preactivation phi (W t) X L - comparator B X S U l>>).
(* end distance_flow *)
Proof.
move=> motion move; rewrite mulNr -mulrN -(distance_identity U motion) mulr_sumr.
rewrite (_ : (fun s => _) = (fun s => \sum_(1 <= i < L.+1 | (1 <= i < L.+1)%N)
    <<W s i - star U B i, W s i - star U B i>>)); last first.
  by apply/funext=> s; rewrite /distance2 big_nat.
rewrite big_nat; apply: is_derive_sums => i iL.
exact: moves_square (moves_minus _ (move i iL)).
Qed.

(* cor-regret, in time: wherever the network is worse than the comparator by gap, it comes
   closer; I is any antiderivative of gap, such as its integral. *)
(* begin regret_flow *)
Theorem regret_flow (Z : set R) a b dW (gap I : R -> R) :
  a <= b -> moves_but Z a b dW ->
  (forall t, a <= t <= b -> ~ Z t -> exists N (X : 'M[R]_(N, n 0%N)) S e,
     fa_motion phi (W t) B X S e (dW t) /\
     gap t <= <<e, preactivation phi (W t) X L - comparator B X S U l>>) ->
  (forall t, a <= t <= b -> continuous_at I t) ->
  (forall t, a <= t <= b -> ~ Z t -> is_derive t (1 : R) I (gap t)) ->
  distance2 l (W b) (star U B) + 2%:R * (I b - I a) <= distance2 l (W a) (star U B).
(* end regret_flow *)
Proof.
move=> ab [countZ move cont] steps contI dI.
pose D t := distance2 l (W t) (star U B).
have contD t : a <= t <= b -> continuous_at D t.
  move=> tab; apply: (@continuous_eq R (fun s => \sum_(1 <= i < L.+1 | (1 <= i < L.+1)%N)
    <<W s i - star U B i, W s i - star U B i>>)) => [s|].
    by rewrite /D /distance2 big_nat.
  apply: continuous_sums => i iL.
  by apply: continuous_square => j k; exact: cont.
have slope t : a <= t <= b -> ~ Z t ->
    is_derive t (1 : R) D ('D_1 D t) /\ 'D_1 D t + 2%:R * gap t <= 0.
  move=> tab Zt; have [N [X [S [e [motion less]]]]] := steps t tab Zt.
  have dD := distance_flow motion (move t tab Zt).
  rewrite (@derive_val _ _ _ _ _ _ _ dD); split; first exact: dD.
  by rewrite mulNr addrC subr_le0 ler_wpmul2l ?ler0n.
have : D b + 2%:R * I b <= D a + 2%:R * I a.
  apply: (@falls_but_countably R (fun t => D t + 2%:R * I t) 
    (fun t => 'D_1 D t + 2%:R * gap t) a b Z) => // t tab.
  - apply: continuous_add; first exact: contD.
    by apply: continuous_mul; [exact: continuous_cst|exact: contI].
  - move=> Zt; have [dD _] := slope t tab Zt.
    exact: (is_deriveD dD (is_derive_scale 2%:R (dI t tab Zt))).
  - by move=> Zt; have [] := slope t tab Zt.
by rewrite mulrBr addrA ler_subl_addr.
Qed.

End Distance.
