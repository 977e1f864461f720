/** Rows that a logistic model is fitted to. */
export interface LogisticRows {
  readonly inputs: readonly (readonly number[])[];
  readonly labels: readonly boolean[];
  /** How much each row counts. */
  readonly weights: readonly number[];
}

/** Weights of the inputs, in their order, and the bias. */
export interface LogisticFit {
  readonly weights: readonly number[];
  readonly bias: number;
}

const STEPS_MAX = 30;
const STEP_TOLERANCE = 1e-7;
/** Keeps the system solvable where nothing is left to learn. */
const CURVATURE_MIN = 1e-6;

/** Logistic regression with a quadratic penalty on all weights but the bias, by Newton's method. */
export function fitLogistic(rows: LogisticRows, penalty: number): LogisticFit {
  const size = (rows.inputs[0]?.length ?? 0) + 1;
  const weights = new Float64Array(size);
  for (let step = 0; step < STEPS_MAX; step++) {
    const change = solve(newtonSystem(rows, weights, penalty), size);
    let largest = 0;
    for (let i = 0; i < size; i++) {
      weights[i] = at(weights, i) - at(change, i);
      largest = Math.max(largest, Math.abs(at(change, i)));
    }
    if (largest < STEP_TOLERANCE) break;
  }
  return { weights: [...weights.slice(0, size - 1)], bias: at(weights, size - 1) };
}

/** The Hessian with the gradient as its last column; the bias is the last row. */
function newtonSystem(rows: LogisticRows, weights: Float64Array, penalty: number): readonly Float64Array[] {
  const size = weights.length;
  const system = Array.from({ length: size }, (_, i) => {
    const row = new Float64Array(size + 1);
    row[i] = i === size - 1 ? CURVATURE_MIN : penalty;
    row[size] = i === size - 1 ? 0 : penalty * at(weights, i);
    return row;
  });
  for (const [n, input] of rows.inputs.entries()) {
    const vector = [...input, 1];
    const chance = 1 / (1 + Math.exp(-dot(vector, weights)));
    const weight = rows.weights[n] ?? 1;
    const error = (chance - (rows.labels[n] === true ? 1 : 0)) * weight;
    const curvature = Math.max(chance * (1 - chance), CURVATURE_MIN) * weight;
    for (const [i, row] of system.entries()) {
      const value = vector[i] ?? 0;
      if (value === 0) continue;
      row[size] = at(row, size) + error * value;
      for (let j = 0; j < size; j++) row[j] = at(row, j) + curvature * value * (vector[j] ?? 0);
    }
  }
  return system;
}

/** Gauss-Jordan elimination with row exchange. */
function solve(system: readonly Float64Array[], size: number): Float64Array {
  const rows = [...system];
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let i = column; i < size; i++) {
      if (Math.abs(at(rows[i], column)) > Math.abs(at(rows[pivot], column))) pivot = i;
    }
    const top = rows[pivot] ?? new Float64Array(size + 1);
    rows[pivot] = rows[column] ?? top;
    rows[column] = top;
    for (const [i, row] of rows.entries()) if (i !== column) eliminate(row, top, column);
  }
  return Float64Array.from({ length: size }, (_, i) => at(rows[i], size) / at(rows[i], i));
}

/** Takes so much of `top` from `row` that nothing is left in that column. */
function eliminate(row: Float64Array, top: Float64Array, column: number): void {
  const factor = at(row, column) / at(top, column);
  for (let k = column; k < row.length; k++) row[k] = at(row, k) - factor * at(top, k);
}

function dot(vector: readonly number[], weights: Float64Array): number {
  return vector.reduce((total, value, i) => total + value * at(weights, i), 0);
}

function at(row: Float64Array | undefined, i: number): number {
  return row?.[i] ?? 0;
}
