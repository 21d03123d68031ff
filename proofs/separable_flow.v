(* Separable data, in time: from every start the average loss of a network of leaky ReLU, of
   any depth, has a bound.  Gates may open and close at countably many times. *)

From FA Require Import analysis setting law minimum_norm rate distance_identity distance_steps.
From FA Require Import separable calculus countable flow_distance.

Section SeparableFlow.

Variables (R : realType) (n : nat -> nat) (l N : nat) (phi : R -> R).
Notation L := l.+1.
Variables (B : weights R n) (X : 'M[R]_(N, n 0%N)) (y : 'I_N -> R) (u : 'rV[R]_(n 0%N)).
Variables (alpha gamma r : R) (sigma : forall i, 'I_(n i) -> R) (ell : R -> R).

(* thm-separable, in time.  I is an antiderivative of the loss, but for the times in Z, such as
   its integral; small_loss is N ell(omega R) if there is one output. *)
(* begin separable_flow *)
Theorem separable_flow (Z : set R) (W dW : R -> weights R n) (I : R -> R) T :
  coherent l B sigma -> separable X y u gamma -> {homo ell : z z' /~ z <= z'} ->
  0 <= alpha -> 0 <= gamma -> 0 <= r -> 0 <= T ->
  moves_but l W Z 0 T dW ->
  (forall t, 0 <= t <= T -> ~ Z t -> exists S e,
     [/\ leaky_gates l alpha S, subgradient y ell (preactivation phi (W t) X L) e &
         fa_motion phi (W t) B X S e (dW t)]) ->
  (forall t, 0 <= t <= T -> continuous_at I t) ->
  (forall t, 0 <= t <= T -> ~ Z t ->
     is_derive t (1 : R) I (margin_loss y ell (preactivation phi (W t) X L))) ->
  I T - I 0 <= T * small_loss l N B alpha gamma r sigma ell
    + 2%:R^-1 * distance2 l (W 0) (star (aligned u r sigma) B).
(* end separable_flow *)
Proof.
move=> coh sep falls a0 g0 r0 T0 moving steps contI dI.
set small := small_loss _ _ _ _ _ _ _ _; pose J t := I t + - small * t.
have dsmall (t : R) := is_derive_eq (is_derive_scale (- small) (is_derive_id t 1)) (mulr1 _).
pose gap t := margin_loss y ell (preactivation phi (W t) X L) - small.
have regret : distance2 l (W T) (star (aligned u r sigma) B) + 2%:R * (J T - J 0) <=
    distance2 l (W 0) (star (aligned u r sigma) B).
  apply: (regret_flow (phi := phi) (gap := gap) T0 moving) => [t tT Zt|t tT|t tT Zt].
  - have [S [e [leaky below motion]]] := steps t tT Zt.
    by exists N, X, S, e; split=> //; exact: separable_gap.
  - apply: continuous_add; first exact: contI.
    by apply: continuous_mul; [exact: continuous_cst|exact: cvg_id].
  - exact: (is_deriveD (dI t tT Zt) (dsmall t)).
have : 2%:R * (J T - J 0) <= distance2 l (W 0) (star (aligned u r sigma) B).
  by apply: le_trans regret; rewrite ler_addr distance2_ge0.
rewrite mulrC -ler_pdivl_mulr ?ltr0n // => le; rewrite -ler_subl_addl [leRHS]mulrC.
by apply: le_trans le; rewrite /J mulr0 addr0 mulNr addrAC mulrC.
Qed.

End SeparableFlow.
