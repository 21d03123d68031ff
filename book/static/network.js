/* fa_lib in the browser: the same functions, under the same names, for one small network.

   A matrix is an array of rows. A state is {weights, feedback}, as in fa_lib. Nothing here knows
   of the page. tests/book/test_live.py runs both on the same numbers and compares. */
"use strict";

const faLib = (() => {
  const transpose = (A) => A[0].map((_, j) => A.map((row) => row[j]));
  const dot = (u, v) => u.reduce((sum, value, j) => sum + value * v[j], 0);
  const product = (A, B) => {
    const columns = transpose(B);
    return A.map((row) => columns.map((column) => dot(row, column)));
  };
  const elementwise = (f, A, B = A) => A.map((row, i) => row.map((a, j) => f(a, B[i][j])));
  const scaled = (c, A) => elementwise((a) => c * a, A);
  const sum = (A, B) => elementwise((a, b) => a + b, A, B);
  const difference = (A, B) => elementwise((a, b) => a - b, A, B);
  const inner = (A, B) => A.reduce((total, row, i) => total + dot(row, B[i]), 0);
  const norm = (A) => Math.sqrt(inner(A, A));
  const cosine = (A, B) => inner(A, B) / (norm(A) * norm(B));
  const isFinite = (A) => A.every((row) => row.every(Number.isFinite));

  /* An activation: phi and its derivative. The first two have degree k = 1, tanh has none. */
  const linear = { value: (h) => h, derivative: () => 1 };
  const leakyRelu = (slope) => ({
    value: (h) => (h > 0 ? h : slope * h),
    derivative: (h) => (h > 0 ? 1 : slope),
  });
  const tanh = { value: Math.tanh, derivative: (h) => 1 - Math.tanh(h) ** 2 };

  /* a_0 = x, h_i = a_{i-1} W_i^T, a_i = phi(h_i); the prediction is h_L. */
  function forward(state, x, activation) {
    const inputs = [x];
    const preactivations = [];
    for (const W of state.weights) {
      const h = product(inputs.at(-1), transpose(W));
      preactivations.push(h);
      inputs.push(elementwise(activation.value, h));
    }
    return { inputs: inputs.slice(0, -1), preactivations };
  }

  const squaredError = (prediction, y) => {
    const error = difference(prediction, y);
    return inner(error, error) / 2;
  };

  /* The error goes back layer by layer: delta_i = (M_{i+1}^T delta_{i+1}) * phi'(h_i). */
  const passedBack = (carriers) => (state, slopes, error) => {
    const deltas = [error];
    carriers(state).forEach((_, l, all) => {
      const M = all.at(-1 - l);
      deltas.unshift(elementwise((d, s) => d * s, product(deltas[0], M), slopes.at(-1 - l)));
    });
    return deltas;
  };

  /* A rule: how the output error becomes a teaching signal for every layer. */
  const rules = {
    FA: passedBack((state) => state.feedback),
    GD: passedBack((state) => state.weights.slice(1)),
    // The output error goes straight to each hidden layer: delta_i = (B_i^T e) * phi'(h_i).
    DFA: (state, slopes, error) => [
      ...slopes.map((slope, l) =>
        elementwise((d, s) => d * s, product(error, state.feedback[l]), slope)),
      error,
    ],
  };

  /* dW_i/dt = -sum over samples of delta_i a_{i-1}^T, for each layer. */
  function velocity(state, x, y, rule, activation) {
    const { inputs, preactivations } = forward(state, x, activation);
    const slopes = preactivations.slice(0, -1).map((h) => elementwise(activation.derivative, h));
    const deltas = rule(state, slopes, difference(preactivations.at(-1), y));
    return deltas.map((delta, l) => scaled(-1, product(transpose(delta), inputs[l])));
  }

  /* Yield the start, then the state after each step, while the weights are finite numbers. */
  function* descend(state, x, y, step, rule, activation) {
    while (state.weights.every(isFinite)) {
      yield state;
      const moves = velocity(state, x, y, rule, activation);
      const weights = state.weights.map((W, l) => sum(W, scaled(step, moves[l])));
      state = { weights, feedback: state.feedback };
    }
  }

  /* Q_i = 1/2 ||W_i||^2 - <W_{i+1}, B_{i+1}> for each hidden layer i (Theorem 5.1). */
  const layerLaw = (state) => state.feedback.map(
    (B, l) => inner(state.weights[l], state.weights[l]) / 2 - inner(state.weights[l + 1], B));

  /* What one step adds to Q_i: 1/2 ||W_i(t+1) - W_i(t)||^2 for each hidden layer i. */
  const quadraticPart = (before, after) => before.feedback.map((_, l) => {
    const move = difference(after.weights[l], before.weights[l]);
    return inner(move, move) / 2;
  });

  const endToEnd = (state) => state.weights.reduce((all, W) => product(W, all));

  /* ||W_2|| at the end of the flow from W_1 X^T = 0, W_2 = kappa b, where ||theta*|| = q ||b||^2 and
     b = ||b||: for FA by the root of s^3 + 2 kappa s = 2 q, which Newton's steps reach from above. */
  function finalReadoutNorm(q, b, kappa, rule) {
    if (rule === "GD") return b * Math.sqrt((kappa ** 2 + Math.hypot(kappa ** 2, 2 * q)) / 2);
    let s = Math.cbrt(2 * q);
    for (let n = 0; n < 6; n += 1) s = (2 * s ** 3 + 2 * q) / (3 * s ** 2 + 2 * kappa);
    return b * (kappa + s ** 2 / 2);
  }

  /* The matrix at this angle (degrees) from W, as long as W, in the plane of W and other. */
  function turned(W, other, angle) {
    const off = difference(other, scaled(inner(other, W) / inner(W, W), W));
    const across = scaled(norm(W) / norm(off), off);
    const radians = (angle * Math.PI) / 180;
    return sum(scaled(Math.cos(radians), W), scaled(Math.sin(radians), across));
  }

  return {
    cosine, difference, descend, endToEnd, finalReadoutNorm, forward, inner, layerLaw, leakyRelu, linear,
    norm, product, quadraticPart, rules, scaled, squaredError, sum, tanh, turned, velocity,
  };
})();
