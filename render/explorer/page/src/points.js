// Points by WebGL 2: positions between two layouts, a colour each, in an order of drawing.

const vertex = `#version 300 es
in vec2 a, b;
in vec4 colour;
uniform float t, size;
uniform vec2 scale, offset;
out vec4 ink;
void main() {
  gl_Position = vec4(mix(a, b, t) * scale + offset, 0.0, 1.0);
  gl_PointSize = size;
  ink = colour;
}`;

const fragment = `#version 300 es
precision highp float;
uniform float size, fade;
in vec4 ink;
out vec4 result;
void main() {
  float r = length(gl_PointCoord * 2.0 - 1.0);
  float a = ink.a * fade * (size < 3.0 ? 1.0 : clamp((1.0 - r) * size / 2.0 + 0.5, 0.0, 1.0));
  if (a < 0.004) discard;
  result = vec4(ink.rgb * a, a);
}`;

function program(gl) {
  const p = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const s = gl.createShader(type);
    gl.shaderSource(s, source);
    gl.compileShader(s);
    if (!gl.getShaderParameter(s, gl.COMPILE_STATUS) && !gl.isContextLost()) throw new Error(gl.getShaderInfoLog(s));
    gl.attachShader(p, s);
  }
  ['a', 'b', 'colour'].forEach((name, i) => gl.bindAttribLocation(p, i, name));
  gl.linkProgram(p);
  if (!gl.getProgramParameter(p, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error(gl.getProgramInfoLog(p));
  return p;
}

export class Points {
  constructor(canvas) {
    this.gl = canvas.getContext('webgl2', { antialias: false, premultipliedAlpha: true, alpha: true });
    if (!this.gl) throw new Error('this browser has no WebGL 2');
    this.kept = {};
    this.rest = 0;
    this.marked = 0;
    this.begin();
    canvas.addEventListener('webglcontextlost', (e) => e.preventDefault());
    canvas.addEventListener('webglcontextrestored', () => { this.begin(); this.again?.(); });
  }

  /** Makes what lives on the GPU, also after it was lost. */
  begin() {
    const { gl } = this;
    this.program = program(gl);
    this.at = Object.fromEntries(['t', 'size', 'scale', 'offset', 'fade'].map((u) => [u, gl.getUniformLocation(this.program, u)]));
    this.buffers = ['a', 'b', 'colour'].map((name, i) => {
      const buffer = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(i);
      if (i < 2) gl.vertexAttribPointer(i, 2, gl.FLOAT, false, 0, 0);
      else gl.vertexAttribPointer(i, 4, gl.UNSIGNED_BYTE, true, 0, 0);
      return buffer;
    });
    this.elements = gl.createBuffer();
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.elements);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.useProgram(this.program);
    const { a, b, colours, order } = this.kept;
    this.kept = {}; // all of it is to be uploaded
    if (a) this.positions(a, b);
    if (colours) this.colours(colours);
    if (order) this.order(order, this.marked);
  }

  fill(i, array) {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[i]);
    gl.bufferData(gl.ARRAY_BUFFER, array, gl.STATIC_DRAW);
  }

  positions(a, b) {
    if (a !== this.kept.a) this.fill(0, a);
    if (b !== this.kept.b) this.fill(1, b);
    this.kept.a = a; this.kept.b = b;
  }

  colours(rgba) { this.kept.colours = rgba; this.fill(2, rgba); }

  /** The points that are drawn, first to last; the last `marked` of them are never faded
   * nor left out. */
  order(list, marked) {
    this.kept.order = list;
    this.marked = marked;
    this.rest = list.length - marked;
    this.gl.bufferData(this.gl.ELEMENT_ARRAY_BUFFER, list, this.gl.STATIC_DRAW);
  }

  /** Draws; of the points that are not marked at most `most`. */
  draw(camera, { t, size, dpr, most }) {
    const { gl, at } = this, { canvas } = gl;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    const sx = (2 * camera.unit) / camera.width, sy = (2 * camera.unit) / camera.height;
    gl.uniform2f(at.scale, sx, sy);
    gl.uniform2f(at.offset, -camera.x * sx, -camera.y * sy);
    gl.uniform1f(at.t, t);
    gl.uniform1f(at.size, size * dpr);
    gl.uniform1f(at.fade, this.marked ? 0.2 : 1);
    gl.drawElements(gl.POINTS, Math.min(this.rest, most), gl.UNSIGNED_INT, 0);
    if (!this.marked) return;
    gl.uniform1f(at.fade, 1);
    gl.uniform1f(at.size, size * dpr * 1.25);
    gl.drawElements(gl.POINTS, this.marked, gl.UNSIGNED_INT, 4 * this.rest);
  }
}
