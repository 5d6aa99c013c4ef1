// Runs a generator's list of operations, for one sample at a time.
"use strict";

const UNARY = {
  relu: (x) => Math.max(x, 0), tanh: Math.tanh, sigmoid: (x) => 1 / (1 + Math.exp(-x)), exp: Math.exp,
  log1p: Math.log1p, neg: (x) => -x, abs: Math.abs, sqrt: Math.sqrt, elu: (x) => (x > 0 ? x : Math.expm1(x)),
};
const BINARY = {
  add: (x, y) => x + y, sub: (x, y) => x - y, mul: (x, y) => x * y, div: (x, y) => x / y, gt: (x, y) => Number(x > y),
};
const size = (shape) => shape.reduce((product, side) => product * side, 1);

// program: { steps, weights }; inputs: by name, each { shape, data }. Gives the data of the result.
function generate(program, inputs) {
  const values = { ...inputs };
  const valueOf = (given) => {
    if (typeof given === "string") return values[given];
    if (typeof given === "number") return { shape: [], data: [given] };
    return { shape: given.shape, data: program.weights.subarray(given.at, given.at + size(given.shape)) };
  };
  for (const step of program.steps) {
    if (step.do === "result") return valueOf(step.of).data;
    values[step.name] = { shape: step.shape, data: OPERATIONS[step.do](step, valueOf) };
  }
  throw new Error("The list of operations has no result.");
}

const OPERATIONS = {
  shaped: (step, valueOf) => valueOf(step.of).data,
  clamped: (step, valueOf) => valueOf(step.of).data.map((x) =>
    Math.min(Math.max(x, step.low ?? -Infinity), step.high ?? Infinity)),
  leaky: (step, valueOf) => valueOf(step.of).data.map((x) => (x > 0 ? x : x * step.slope)),
  chosen: (step, valueOf) => {
    const [where, yes, no] = [step.of, step.yes, step.no].map((each) => spread(valueOf(each), step.shape));
    return Float32Array.from({ length: size(step.shape) }, (_, at) => (where(at) ? yes(at) : no(at)));
  },
  row: (step, valueOf) => {
    const { shape, data } = valueOf(step.by);
    const number = valueOf(step.of).data[0];
    return data.slice(number * shape[1], (number + 1) * shape[1]);
  },
  joined: (step, valueOf) => {
    const result = new Float32Array(size(step.shape));
    let at = 0;
    for (const part of step.of) { const { data } = valueOf(part); result.set(data, at); at += data.length; }
    return result;
  },
  product: (step, valueOf) => {
    const given = valueOf(step.of).data, { shape: [inner, outer], data: by } = valueOf(step.by);
    const result = begun(step, valueOf, outer, 1);
    for (let row = 0; row < inner; row++)
      for (let column = 0; column < outer; column++) result[column] += given[row] * by[row * outer + column];
    return result;
  },
  scaled: (step, valueOf) => {
    const given = valueOf(step.of).data, by = valueOf(step.by).data, bias = valueOf(step.bias).data;
    const each = given.length / by.length;
    return given.map((x, at) => x * by[Math.floor(at / each)] + bias[Math.floor(at / each)]);
  },
  enlarged: (step, valueOf) => {
    const { shape: [, , high, wide], data } = valueOf(step.of), [, channels, tall, broad] = step.shape;
    const result = new Float32Array(size(step.shape));
    for (let channel = 0, at = 0; channel < channels; channel++)
      for (let y = 0; y < tall; y++)
        for (let x = 0; x < broad; x++, at++)
          result[at] = data[(channel * high + Math.floor(y * high / tall)) * wide + Math.floor(x * wide / broad)];
    return result;
  },
  stretched: (step, valueOf) => {
    const { shape: [, , high, wide], data } = valueOf(step.of), [, channels, tall, broad] = step.shape;
    // The two pixels that each new one lies between, and how far it is from the first.
    const between = (before, after) => Array.from({ length: after }, (_, at) => {
      const place = Math.max(0, (at + 0.5) * before / after - 0.5), first = Math.floor(place);
      return [first, Math.min(first + 1, before - 1), place - first];
    });
    const rows = between(high, tall), columns = between(wide, broad), result = new Float32Array(size(step.shape));
    for (let channel = 0, at = 0; channel < channels; channel++) {
      const pixel = (y, x) => data[(channel * high + y) * wide + x];
      for (const [above, below, down] of rows)
        for (const [left, right, along] of columns)
          result[at++] = (1 - down) * ((1 - along) * pixel(above, left) + along * pixel(above, right))
            + down * ((1 - along) * pixel(below, left) + along * pixel(below, right));
    }
    return result;
  },
  pooled: (step, valueOf) => {
    const { shape: [, , high, wide], data } = valueOf(step.of), [, , tall, broad] = step.shape;
    return Float32Array.from({ length: size(step.shape) }, (_, at) => {
      const x = at % broad, y = Math.floor(at / broad) % tall, channel = Math.floor(at / broad / tall);
      const [top, bottom] = [Math.floor(y * high / tall), Math.ceil((y + 1) * high / tall)];
      const [left, right] = [Math.floor(x * wide / broad), Math.ceil((x + 1) * wide / broad)];
      let sum = 0;
      for (let row = top; row < bottom; row++)
        for (let column = left; column < right; column++) sum += data[(channel * high + row) * wide + column];
      return sum / (bottom - top) / (right - left);
    });
  },
  cut: (step, valueOf) => {
    const { shape, data } = valueOf(step.of), after = size(shape.slice(step.axis + 1));
    const kept = step.shape[step.axis], all = shape[step.axis];
    const start = step.start < 0 ? all + step.start : step.start;
    return Float32Array.from({ length: size(step.shape) }, (_, at) => {
      const inside = at % after, place = Math.floor(at / after) % kept, before = Math.floor(at / after / kept);
      return data[(before * all + start + place) * after + inside];
    });
  },
  convolution: (step, valueOf) => convolved(step, valueOf, false),
  transposed: (step, valueOf) => convolved(step, valueOf, true),
};
for (const [name, compute] of Object.entries(UNARY))
  OPERATIONS[name] = (step, valueOf) => Float32Array.from(valueOf(step.of).data, compute);
for (const [name, compute] of Object.entries(BINARY))
  OPERATIONS[name] = (step, valueOf) => {
    const [one, other] = [step.of, step.with].map((each) => spread(valueOf(each), step.shape));
    return Float32Array.from({ length: size(step.shape) }, (_, at) => compute(one(at), other(at)));
  };

// Either convolution: one grid is walked place by place, the other in strides. Which of the two is the result is all
// in which a transposed convolution differs, and so do the channels of its weights.
function convolved(step, valueOf, transposed) {
  const { shape, data } = valueOf(step.of), by = valueOf(step.by);
  const [, , tall, broad] = transposed ? shape : step.shape, [, , high, wide] = transposed ? step.shape : shape;
  const [channels, others, rows, columns] = by.shape, [down, right] = step.stride, [above, left] = step.padding;
  const result = begun(step, valueOf, step.shape[1], step.shape[2] * step.shape[3]);
  for (let channel = 0, at = 0; channel < channels; channel++)
    for (let other = 0; other < others; other++)
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++, at++) {
          const weight = by.data[at], shift = column - left;
          const first = Math.max(0, Math.ceil(-shift / right));
          const last = Math.min(broad - 1, Math.floor((wide - 1 - shift) / right));
          for (let y = 0; y < tall; y++) {
            const strided = y * down + row - above;
            if (strided < 0 || strided >= high) continue;
            const here = (channel * tall + y) * broad, there = (other * high + strided) * wide + shift;
            if (transposed) for (let x = first; x <= last; x++) result[there + x * right] += weight * data[here + x];
            else for (let x = first; x <= last; x++) result[here + x] += weight * data[there + x * right];
          }
        }
  return result;
}

// The bias of each channel at all of its places; zeros where there is none. Sums are in float64.
function begun(step, valueOf, channels, places) {
  const result = new Float64Array(channels * places);
  if (step.bias === null) return result;
  const bias = valueOf(step.bias).data;
  return result.map((_, at) => bias.length === 1 ? bias[0] : bias[Math.floor(at / places)]);
}

// Reads a tensor at the places of a larger shape, as broadcasting does.
function spread({ shape, data }, wanted) {
  if (data.length === size(wanted)) return (at) => data[at];
  if (data.length === 1) return () => data[0];
  const padded = [...Array(wanted.length - shape.length).fill(1), ...shape];
  return (at) => {
    let place = 0, stride = 1;
    for (let axis = wanted.length - 1; axis >= 0; axis--) {
      if (padded[axis] > 1) place += (at % wanted[axis]) * stride;
      stride *= padded[axis];
      at = Math.floor(at / wanted[axis]);
    }
    return data[place];
  };
}
