(* A step size for which linear networks fit from every start.  The step costs |dW|^2, which
   submultiplicativity bounds on a ball about the comparator, and no step leaves that ball. *)

From FA Require Import algebra setting law minimum_norm rate distance_identity.

(* begin at_most *)
(* The spectral norm of A is at most c: |A v| <= c |v| for every column v. *)
Definition at_most (F : realFieldType) p q (A : 'M[F]_(p, q)) (c : F) :=
  0 <= c /\ forall v : 'cV_q, <<A *m v, A *m v>> <= c ^+ 2 * <<v, v>>.
(* end at_most *)

Section Norms.

Variable F : realFieldType.

Lemma cauchy_schwarz p q (A C : 'M[F]_(p, q)) : <<A, C>> ^+ 2 <= <<A, A>> * <<C, C>>.
Proof.
have [/eqP/inner_eq0 ->|C0] := boolP (<<C, C>> == 0).
  by rewrite -(scale0r 0) !innerZr !mul0r mulr0 expr0n.
set s := <<C, C>> in C0 *; set t := <<A, C>>.
have s0 : 0 < s by rewrite lt_def C0 inner_ge0.
rewrite -subr_ge0; have := inner_ge0 (s *: A - t *: C).
rewrite innerBl !innerBr !innerZl !innerZr (innerC C) -/s -/t.
by rewrite [t * s]mulrC subrr subr0 -mulrBr -expr2 pmulr_rge0 // mulrC.
Qed.

Lemma at_most_mx p q r (A : 'M[F]_(p, q)) c (Z : 'M_(q, r)) : at_most A c ->
  <<A *m Z, A *m Z>> <= c ^+ 2 * <<Z, Z>>.
Proof.
case=> _ le; rewrite !inner_cols mulr_sumr; apply: ler_sum => j _.
by rewrite colE -mulmxA -colE; exact: le.
Qed.

Lemma at_most_mul p q r (A : 'M[F]_(p, q)) (C : 'M_(q, r)) a c :
  at_most A a -> at_most C c -> at_most (A *m C) (a * c).
Proof.
move=> leA leC; have [a0 _] := leA; have [c0 leCv] := leC.
split=> [|v]; first exact: mulr_ge0.
rewrite -mulmxA exprMn -mulrA; apply: le_trans (at_most_mx _ leA) _.
by rewrite ler_wpmul2l ?sqr_ge0.
Qed.

Lemma at_most1 p : at_most (1%:M : 'M[F]_p) 1.
Proof. by split=> [|v]; rewrite ?ler01 // mul1mx expr1n mul1r. Qed.

Lemma at_mostD p q (A D : 'M[F]_(p, q)) a d :
  at_most A a -> at_most D d -> at_most (A + D) (a + d).
Proof.
move=> [a0 leA] [d0 leD]; split=> [|v]; first exact: addr_ge0.
set t := <<A *m v, D *m v>>; have le : t <= a * d * <<v, v>>.
  have ad0 : 0 <= a * d * <<v, v>> by rewrite !mulr_ge0 ?inner_ge0.
  apply: le_trans (ler_norm t) _; rewrite -(ger0_norm ad0) -ler_sqr ?nnegrE ?normr_ge0 //.
  rewrite !real_normK ?num_real //; apply: le_trans (cauchy_schwarz _ _) _.
  by rewrite !exprMn [in X in _ <= X]expr2 mulrACA ler_pmul ?inner_ge0.
rewrite mulmxDl innerDl !innerDr (innerC (D *m v)) -/t sqrrD !mulrDl addrA -(addrA _ t t).
by rewrite !ler_add.
Qed.

Lemma at_most_tr p q (A : 'M[F]_(p, q)) c : at_most A c -> at_most A^T c.
Proof.
move=> leA; have [c0 _] := leA; split=> // v; set u := A^T *m v.
have [->|u0] := eqVneq <<u, u>> 0; first by rewrite mulr_ge0 ?sqr_ge0 ?inner_ge0.
have {}u0 : 0 < <<u, u>> by rewrite lt_def u0 inner_ge0.
have step : <<u, u>> ^+ 2 <= <<A *m u, A *m u>> * <<v, v>>.
  by have uE : <<u, u>> = <<v, A *m u>>; [exact: inner_trl|rewrite uE mulrC cauchy_schwarz].
rewrite -(ler_pmul2l u0) -expr2; apply: le_trans step _.
by rewrite mulrA [<<u, u>> * _]mulrC ler_wpmul2r ?inner_ge0 // at_most_mx.
Qed.

(* The Frobenius norm is at least the spectral one. *)
Lemma at_most_frobenius p q (A : 'M[F]_(p, q)) c : 0 <= c -> <<A, A>> <= c ^+ 2 -> at_most A c.
Proof.
move=> c0 le; split=> // v; apply: le_trans (ler_wpmul2r (inner_ge0 v) le).
rewrite [in X in _ <= X * _]inner_rows mulr_suml inner_rows; apply: ler_sum => i _.
have -> : <<row i (A *m v), row i (A *m v)>> = <<(row i A)^T, v>> ^+ 2.
  by rewrite row_mul inner_entries !big_ord1 -expr2 /inner trmxK trace_mx11.
by apply: le_trans (cauchy_schwarz _ _) _; rewrite inner_tr.
Qed.

End Norms.

Section LinearSteps.

Variables (F : realFieldType) (n : nat -> nat) (l : nat).
Notation L := l.+1.
Variables (B : weights F n) (C : forall i, 'M[F]_(n L, n i)).
Variable U : 'M[F]_(n 1%N, n 0%N).
Hypothesis CB : carriers B C.

(* begin linear_step *)
(* One step of FA in a linear network, from W to W', whose output error is e; ehat would be the
   error of the comparator C_1 U, which is at its best on these samples: ehat X = 0.  The last
   condition says that the loss is convex and that its gradient has the Lipschitz constant chi
   (Baillon and Haddad); for the squared loss it is an equation, with chi = 1. *)
Definition misfit (W : weights F n) N (X : 'M[F]_(N, n 0%N)) : 'M[F]_(n L, N) :=
  (product W L - C 1%N *m U) *m X^T.

Definition linear_step (W W' : weights F n) N (X : 'M[F]_(N, n 0%N))
    (e ehat : 'M[F]_(n L, N)) (eta chi : F) :=
  [/\ fa_step id B W W' X (open_gates F n N) e eta, ehat *m X = 0 &
      <<e - ehat, e - ehat>> <= chi * <<e - ehat, misfit W X>>].
(* end linear_step *)

Lemma misfitE W N (X : 'M[F]_(N, n 0%N)) :
  preactivation id W X L - comparator B X (open_gates F n N) U l = misfit W X.
Proof.
by rewrite (comparator_linear X U CB) /preactivation /= linear_activity /misfit mulmxBl !mulmxA.
Qed.

Lemma gain W N (X : 'M[F]_(N, n 0%N)) e ehat : ehat *m X = 0 ->
  <<e, misfit W X>> = <<e - ehat, misfit W X>>.
Proof.
move=> rest; rewrite innerBl [X in _ - X](_ : _ = 0) ?subr0 //.
by rewrite inner_adjoint_right trmxK rest /inner trmx0 mul0mx mxtrace0.
Qed.

(* thm-step-size, one step: it never leads away, if the condition holds at the present state. *)
(* begin one_step *)
Theorem one_step W W' N (X : 'M[F]_(N, n 0%N)) e ehat eta chi (c s : nat -> F) :
  linear_step W W' X e ehat eta chi -> 0 <= eta -> 0 < chi ->
  (forall i, (0 < i <= L)%N -> at_most (C i) (c i)) ->
  (forall i, (0 < i <= L)%N -> at_most (X *m (product W i.-1)^T) (s i)) ->
  eta * chi * (\sum_(1 <= i < L.+1) c i ^+ 2 * s i ^+ 2) <= 1 ->
  distance2 l W' (star U B) + eta * <<e - ehat, misfit W X>> <= distance2 l W (star U B).
(* end one_step *)
Proof.
move=> [step_ rest smooth] eta0 beta0 leC leX small; set g := <<_, misfit W X>> in smooth *.
have g0 : 0 <= g by rewrite -(pmulr_rge0 _ beta0); exact: le_trans (inner_ge0 _) smooth.
have cost : distance2 l W' W <= eta * g.
  have [dW motion moves] := step_.
  have dWE := (linear_motion W X e dW CB).1 motion.
  have le : distance2 l W' W <=
      \sum_(1 <= i < L.+1) eta ^+ 2 * (c i ^+ 2 * s i ^+ 2) * (chi * g).
    rewrite /distance2 !big_nat; apply: ler_sum => i iL; rewrite moves // addrC addKr.
    rewrite innerZl innerZr mulrA -expr2 -[X in _ <= X]mulrA ler_wpmul2l ?sqr_ge0 // -mulrA.
    have -> : dW i = - ((C i)^T *m ((e - ehat) *m (X *m (product W i.-1)^T))).
      by rewrite dWE // mulmxBl !mulmxA rest mul0mx subr0 !mulmxA.
    rewrite innerNl innerNr opprK; apply: le_trans (at_most_mx _ (at_most_tr (leC i iL))) _.
    rewrite ler_wpmul2l ?sqr_ge0 // -inner_tr trmx_mul.
    apply: le_trans (at_most_mx _ (at_most_tr (leX i iL))) _.
    by rewrite ler_wpmul2l ?sqr_ge0 // inner_tr.
  apply: le_trans le _; rewrite -mulr_suml -mulr_sumr.
  set a := \sum_(_ <= _ < _) _ in small *.
  have -> : eta ^+ 2 * a * (chi * g) = eta * (eta * chi * a * g).
    by rewrite expr2 -!mulrA; congr (_ * (_ * _)); rewrite mulrCA.
  by rewrite ler_wpmul2l // ler_pimull.
rewrite (distance_step U step_) misfitE (gain W e rest) -/g.
rewrite -!addrA ger_addl addrC subr_le0 -mulrA mulr_natl mulr2n.
by rewrite ler_add.
Qed.

Variables (W : nat -> weights F n) (eta rho x : F) (c w : nat -> F).

(* The constant of thm-step-size. *)
(* begin lambda *)
Definition lambda : F :=
  x ^+ 2 * \sum_(1 <= i < L.+1) c i ^+ 2 * \prod_(1 <= j < i) (w j + rho) ^+ 2.
(* end lambda *)

Lemma product_in_ball V i : (i <= L)%N -> 0 <= rho ->
  (forall j, (0 < j < i.+1)%N -> at_most (star U B j) (w j)) ->
  distance2 l V (star U B) <= rho ^+ 2 ->
  at_most (product V i) (\prod_(1 <= j < i.+1) (w j + rho)).
Proof.
move=> iL rho0 leS near; elim: i iL leS => [|i IH] iL leS.
  by rewrite big_geq //; exact: at_most1.
rewrite big_nat_recr //= mulrC; apply: at_most_mul; last first.
  by apply: IH => [|j /andP[j0 ji]]; [exact: ltnW|apply: leS; rewrite j0 ltnW].
rewrite -[V i.+1](subrK (star U B i.+1)) addrC.
apply: at_mostD; first by apply: leS; rewrite ltnSn.
apply: at_most_frobenius => //; apply: le_trans near.
rewrite /distance2 (big_rem i.+1) /=; last by rewrite mem_index_iota.
by rewrite ler_addl sumr_ge0 // => j _; exact: inner_ge0.
Qed.

(* thm-step-size: the constant step 1 / (chi Lambda) stays in the ball about the comparator,
   and pays for all its gains; batches may come in any order. *)
(* begin step_size *)
Theorem step_size chi (g : nat -> F) T :
  0 <= eta -> 0 < chi -> 0 <= rho ->
  (forall i, (0 < i <= L)%N -> at_most (C i) (c i)) ->
  (forall j, (0 < j < L)%N -> at_most (star U B j) (w j)) ->
  distance2 l (W 0%N) (star U B) <= rho ^+ 2 ->
  eta * chi * lambda <= 1 ->
  (forall t, exists N (X : 'M[F]_(N, n 0%N)) e ehat, [/\ at_most X x,
     linear_step (W t) (W t.+1) X e ehat eta chi & g t <= <<e - ehat, misfit (W t) X>>]) ->
  distance2 l (W T) (star U B) + eta * (\sum_(t < T) g t) <= distance2 l (W 0%N) (star U B).
(* end step_size *)
Proof.
move=> eta0 beta0 rho0 leC leS start small steps.
suff [//] : distance2 l (W T) (star U B) + eta * (\sum_(t < T) g t)
    <= distance2 l (W 0%N) (star U B) /\ distance2 l (W T) (star U B) <= rho ^+ 2.
elim: T => [|T [IH near]]; first by rewrite big_ord0 mulr0 addr0.
have [N [X [e [ehat [leX step_ less]]]]] := steps T.
have le : distance2 l (W T.+1) (star U B) + eta * <<e - ehat, misfit (W T) X>>
    <= distance2 l (W T) (star U B).
  apply: (one_step (s := fun i => x * \prod_(1 <= j < i) (w j + rho)) step_ eta0 beta0 leC).
    move=> i iL.
    case: i iL => // i iL; apply: at_most_mul => //; apply: at_most_tr.
    apply: product_in_ball => // [|j /andP[j0 ji]]; first exact: ltnW.
    by apply: leS; rewrite j0 (leq_trans ji).
  rewrite [X in _ * X <= 1](_ : _ = lambda) // /lambda mulr_sumr.
  by apply: eq_bigr => i _; rewrite exprMn prodrXl mulrCA.
have later : distance2 l (W T.+1) (star U B) + eta * (\sum_(t < T.+1) g t) <=
    distance2 l (W T) (star U B) + eta * (\sum_(t < T) g t).
  rewrite big_ord_recr mulrDr /= addrA addrAC ler_add2r.
  by apply: le_trans le; rewrite ler_add2l ler_wpmul2l.
split; first exact: le_trans later IH.
apply: le_trans near; apply: le_trans le; rewrite ler_addl mulr_ge0 //.
have [_ _ smooth] := step_; rewrite -(pmulr_rge0 _ beta0).
exact: le_trans (inner_ge0 _) smooth.
Qed.

(* Some step has a small gain left: min over t < T of g_t is at most dist^2 / (eta T). *)
Lemma least (g : nat -> F) T d : (0 < T)%N -> 0 <= eta -> eta * (\sum_(t < T) g t) <= d ->
  exists2 t, (t < T)%N & T%:R * (eta * g t) <= d.
Proof.
move=> T0 eta0 le.
case: (@Order.TotalTheory.arg_minP _ F _ (Ordinal T0) xpredT (fun t : 'I_T => g t) isT).
move=> t _ min_t.
exists t => //.
apply: le_trans le; rewrite mulrCA ler_wpmul2l // mulr_natl -[X in _ *+ X]card_ord.
by rewrite -sumr_const; apply: ler_sum => s _; exact: min_t.
Qed.

(* The same for the squared loss: e is the misfit and a residual ehat that no map could remove.
   The squared errors have a finite sum, and the least is at most dist^2 / (eta T). *)
(* begin step_size_squared *)
Theorem step_size_squared T (err : nat -> F) :
  0 <= eta -> 0 <= rho ->
  (forall i, (0 < i <= L)%N -> at_most (C i) (c i)) ->
  (forall j, (0 < j < L)%N -> at_most (star U B j) (w j)) ->
  distance2 l (W 0%N) (star U B) <= rho ^+ 2 -> eta * lambda <= 1 ->
  (forall t, exists N (X : 'M[F]_(N, n 0%N)) (ehat : 'M[F]_(n L, N)),
     [/\ at_most X x, ehat *m X = 0, err t = <<misfit (W t) X, misfit (W t) X>> &
         fa_step id B (W t) (W t.+1) X (open_gates F n N) (misfit (W t) X + ehat) eta]) ->
  [/\ distance2 l (W T) (star U B) <= distance2 l (W 0%N) (star U B),
      eta * (\sum_(t < T) err t) <= distance2 l (W 0%N) (star U B) &
      (0 < T)%N -> exists2 t, (t < T)%N &
        T%:R * (eta * err t) <= distance2 l (W 0%N) (star U B)].
(* end step_size_squared *)
Proof.
move=> eta0 rho0 leC leS start small steps.
have err0 t : 0 <= err t by have [N [X [ehat [_ _ -> _]]]] := steps t; exact: inner_ge0.
have all_ : distance2 l (W T) (star U B) + eta * (\sum_(t < T) err t) <=
    distance2 l (W 0%N) (star U B).
  apply: (@step_size 1) => //; rewrite ?ltr01 ?mulr1 // => t.
  have [N [X [ehat [leX rest -> step_]]]] := steps t.
  by exists N, X, (misfit (W t) X + ehat), ehat; split; rewrite ?/linear_step ?addrK ?mul1r.
have sum0 : 0 <= eta * (\sum_(t < T) err t) by rewrite mulr_ge0 ?sumr_ge0.
have paid : eta * (\sum_(t < T) err t) <= distance2 l (W 0%N) (star U B).
  by apply: le_trans all_; rewrite ler_addr distance2_ge0.
by split=> // [|T0]; [apply: le_trans all_; rewrite ler_addl|exact: least].
Qed.

End LinearSteps.

(* Least squares exists for all samples and targets, dependent ones too. *)
(* begin least_squares_exists *)
Theorem least_squares_exists (F : realFieldType) N p m (X : 'M[F]_(N, p)) (Y : 'M[F]_(N, m)) :
  exists Theta : 'M[F]_(m, p), (Theta *m X^T - Y^T) *m X = 0.
(* end least_squares_exists *)
Proof.
suff /submxP[Theta fit] : (Y^T *m X <= X^T *m X)%MS.
  by exists Theta; rewrite mulmxBl fit mulmxA subrr.
rewrite submxE; set K := cokermx _.
have XK : X *m K = 0.
  apply: inner_eq0; rewrite /inner trmx_mul -mulmxA (mulmxA X^T) mulmx_coker.
  by rewrite mulmx0 mxtrace0.
by rewrite -mulmxA XK mulmx0.
Qed.
