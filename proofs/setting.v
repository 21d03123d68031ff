(* Networks of any depth, and how feedback alignment moves them.

   Indices are the book's: layer i has n i neurons, W i leads from layer i - 1 to layer i.
   W 0 exists, has no meaning, and is never read.  Samples are the rows of X; inside the
   network each sample is a column.  Times, step sizes and losses come later or not at all:
   the output error is any matrix. *)

From FA Require Import algebra.

(* begin inner *)
Definition inner (R : ringType) m n (A B : 'M[R]_(m, n)) : R :=
  \tr (A^T *m B).

Definition entrywise (R : ringType) m n (A B : 'M[R]_(m, n)) : 'M_(m, n) :=
  \matrix_(p, q) (A p q * B p q).

Notation "<< A , B >>" := (inner A B) (format "<< A ,  B >>").
Notation "A ⊙ B" := (entrywise A B) (at level 40, left associativity).
(* end inner *)

(* begin network *)
Definition weights (R : ringType) (n : nat -> nat) :=
  forall i, 'M[R]_(n i, n i.-1).

Section Network.

Variables (R : comRingType) (n : nat -> nat) (N : nat).
Variables (phi phi' : R -> R) (L : nat).
Variables (W B : weights R n) (X : 'M[R]_(N, n 0%N)).

Fixpoint activity i : 'M[R]_(n i, N) :=
  if i is i'.+1 then map_mx phi (W i'.+1 *m activity i') else X^T.

Definition preactivation i : 'M[R]_(n i, N) := W i *m activity i.-1.

Variable delta : forall i, 'M[R]_(n i, N).

Definition feedback_signals := forall i, (0 < i < L)%N ->
  delta i = ((B i.+1)^T *m delta i.+1) ⊙ map_mx phi' (preactivation i).

Definition velocity i : 'M[R]_(n i, n i.-1) :=
  - (delta i *m (activity i.-1)^T).

End Network.

Definition homogeneous (R : ringType) (phi phi' : R -> R) (k : R) :=
  forall z, phi' z * z = k * phi z.
(* end network *)

(* begin step *)
Definition step (R : comRingType) n (phi phi' : R -> R) L
    (B W W' : weights R n) :=
  exists N (X : 'M[R]_(N, n 0%N)) (eta : R)
      (delta : forall i, 'M[R]_(n i, N)),
    feedback_signals phi phi' L W B X delta /\
    forall i, (0 < i <= L)%N ->
      W' i = W i + eta *: velocity phi W X delta i.
(* end step *)

Lemma replace_one (P : nat -> Type) (d : forall i, P i) j (x : P j) :
  exists d' : forall i, P i, d' j = x /\ forall i, i != j -> d' i = d i.
Proof.
exists (fun i => if i =P j is ReflectT ij then ecast l (P l) (esym ij) x else d i).
split=> [|i ij]; last by case: eqP => // ji; rewrite ji eqxx in ij.
by case: eqP => // jj; rewrite (eq_irrelevance jj erefl).
Qed.

(* begin signals_exist *)
Theorem signals_exist (R : comRingType) n N (phi phi' : R -> R) L
    (W B : weights R n) (X : 'M[R]_(N, n 0%N)) (e : 'M[R]_(n L, N)) :
  exists delta : forall i, 'M[R]_(n i, N),
    delta L = e /\ feedback_signals phi phi' L W B X delta.
(* end signals_exist *)
Proof.
elim: L e => [|L IH] e.
  have [delta [delta0 _]] := replace_one (fun i => 0 : 'M[R]_(n i, N)) e.
  by exists delta; split=> // i; rewrite ltn0 andbF.
have [d [dL below]] :=
  IH (((B L.+1)^T *m e) ⊙ map_mx phi' (preactivation phi W X L)).
have [delta [deltaL same]] := replace_one d e.
exists delta; split=> // i /andP[i0]; rewrite ltnS leq_eqVlt => /predU1P[->|iL].
  have LS : L != L.+1 by rewrite neq_ltn ltnSn.
  by rewrite (same _ LS) deltaL dL.
have iS : i != L.+1 by rewrite neq_ltn ltnS ltnW.
have Si : i.+1 != L.+1 by rewrite neq_ltn ltnS iL.
by rewrite (same _ iS) (same _ Si) below // i0.
Qed.
